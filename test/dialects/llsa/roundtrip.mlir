// Every op, attribute and optional clause: parsed, printed, parsed and printed
// again, in the custom form, in the generic form, and through bytecode.
// RUN: llsa-opt %s | FileCheck %s
// RUN: llsa-opt %s | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --mlir-print-op-generic | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --emit-bytecode | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

!x = tensor<1x8x4096x64xf32>
!x1 = tensor<1x8x256x64xf32>
!x2 = tensor<1x8x16x64xf32>
!i1 = tensor<1x8x256x8xi32>
!i2 = tensor<1x8x16x8xi32>
!open = tensor<?x?x?x?x!llsa.float>
!rows = tensor<1x8x4096xf32>

// CHECK-LABEL: func @types_and_attributes
// CHECK-SAME: tensor<?x?x?x?x!llsa.float>
// CHECK-SAME: a = #llsa.hierarchy<block = 16, levels = 2, topk = [8, 4]>
// CHECK-SAME: b = #llsa.hierarchy<block = ?, levels = ?, topk = ?>
// CHECK-SAME: c = #llsa.hierarchy<block = 64, levels = 1, topk = 8, enrichment = false, reweighting = false>
// CHECK-SAME: d = #llsa.hierarchy<block = ?, levels = ?, topk = ?>
// CHECK-SAME: e = #llsa.hierarchy<block = 16, levels = 1, topk = 8>
// CHECK-SAME: f = #llsa<phi softmax>
// CHECK-SAME: g = #llsa.source<kind = gathered, block = 16, every = 256, before = 0, after = 0, weight = 1.000000e+00 : f64, span = 16>
// CHECK-SAME: h = #llsa.source<kind = window, block = 0, every = 0, before = 3, after = 4, weight = 2.000000e+00 : f64, span = 0>
func.func @types_and_attributes(%x: !open) attributes {
  a = #llsa.hierarchy<block = 16, levels = 2, topk = [8, 4]>,
  b = #llsa.hierarchy<>,
  c = #llsa.hierarchy<reweighting = false, enrichment = false, topk = [8], levels = 1, block = 64>,
  d = #llsa.hierarchy<block = ?, levels = ?, topk = ?>,
  e = #llsa.hierarchy<block = 16, levels = 1, topk = 8, enrichment = true, reweighting = true>,
  f = #llsa<phi softmax>,
  g = #llsa.source<kind = gathered, block = 16, every = 256, before = 0, after = 0, weight = 1.0 : f64, span = 16>,
  h = #llsa.source<kind = window, block = 0, every = 0, before = 3, after = 4, weight = 2.0 : f64, span = 0>
} {
  return
}

// CHECK-LABEL: func @widen
// CHECK: llsa.widen %{{.*}} : !llsa.float
// CHECK: llsa.widen %{{.*}} : tensor<?x?x?x?x!llsa.float>
func.func @widen(%x: !llsa.float, %y: !open) -> (f32, tensor<?x?x?x?xf32>) {
  %0 = llsa.widen %x : !llsa.float
  %1 = llsa.widen %y : !open
  return %0, %1 : f32, tensor<?x?x?x?xf32>
}

// CHECK-LABEL: func @pool
// CHECK: llsa.pool %{{.*}} block 16 : tensor<1x8x4096x64xf32>
// CHECK: llsa.pool %{{.*}} block 100 {note = "last block is not full"} : tensor<1x8x4096x64xf32>
// CHECK: llsa.pool %{{.*}} block 4 : tensor<?x?x?x?x!llsa.float>
// GENERIC: "llsa.pool"(%{{.*}}) <{block = 16 : i64}> : (tensor<1x8x4096x64xf32>) -> tensor<1x8x256x64xf32>
// GENERIC: "llsa.pool"(%{{.*}}) <{block = 100 : i64}> {note = "last block is not full"} : (tensor<1x8x4096x64xf32>) -> tensor<1x8x41x64xf32>
// GENERIC: "llsa.pool"(%{{.*}}) <{block = 4 : i64}> : (tensor<?x?x?x?x!llsa.float>) -> tensor<?x?x?x?x!llsa.float>
func.func @pool(%x: !x, %open: !open) -> (!x1, !open) {
  %0 = llsa.pool %x block 16 : !x
  %1 = llsa.pool %x block 100 {note = "last block is not full"} : !x
  %2 = llsa.pool %open block 4 : !open
  return %0, %2 : !x1, !open
}

// CHECK-LABEL: func @element_types
// CHECK: llsa.pool %{{.*}} block 4 : tensor<1x1x9x8xbf16>
// CHECK: llsa.pool %{{.*}} block 128 : tensor<1x1x1x256xf16>
func.func @element_types(%a: tensor<1x1x9x8xbf16>, %b: tensor<1x1x1x256xf16>) {
  %0 = llsa.pool %a block 4 : tensor<1x1x9x8xbf16>
  %1 = llsa.pool %b block 128 : tensor<1x1x1x256xf16>
  return
}

// CHECK-LABEL: func @select
// CHECK: %[[I2:.*]] = llsa.select %{{.*}}, %{{.*}} topk 8 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
// CHECK: llsa.select %{{.*}}, %{{.*}} topk 8 within %[[I2]] block 16 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x8xi32>
// CHECK: llsa.select %{{.*}}, %{{.*}} topk 1000 {note} : tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>
// GENERIC-LABEL: "func.func"{{.*}}sym_name = "select"
// GENERIC: %[[I2:.*]] = "llsa.select"(%{{.*}}, %{{.*}}) <{topk = 8 : i64}>
// GENERIC: "llsa.select"(%{{.*}}, %{{.*}}, %[[I2]]) <{block = 16 : i64, topk = 8 : i64}>
// GENERIC: -> tensor<?x?x?x1000xi32>
func.func @select(%x1: !x1, %x2: !x2, %open: !open) -> (!i1, !i2) {
  %i2 = llsa.select %x2, %x2 topk 8 : !x2, !x2
  %i1 = llsa.select %x1, %x1 topk 8 within %i2 block 16 : !x1, !x1, !i2
  %i0 = llsa.select %open, %open topk 1000 {note} : !open, !open
  return %i1, %i2 : !i1, !i2
}

// Grouped-query heads, and queries and keys of different number.
// CHECK-LABEL: func @select_grouped
// CHECK: llsa.select %{{.*}}, %{{.*}} topk 3 : tensor<2x6x10x8xf32>, tensor<2x2x7x8xf32>
func.func @select_grouped(%q: tensor<2x6x10x8xf32>, %k: tensor<2x2x7x8xf32>) -> tensor<2x6x10x3xi32> {
  %i = llsa.select %q, %k topk 3 : tensor<2x6x10x8xf32>, tensor<2x2x7x8xf32>
  return %i : tensor<2x6x10x3xi32>
}

// CHECK-LABEL: func @attend
// CHECK: llsa.attend %[[Q:.*]] from
// CHECK-NEXT: gathered(%[[X:.*]], %[[X]] by %[[I1:.*]]) block 16 every 16,
// CHECK-NEXT: gathered(%[[X1:.*]], %[[X1]] by %[[I2:.*]]) block 16 every 256 span 16,
// CHECK-NEXT: dense(%[[X2:.*]], %[[X2]]) span 256 :
// CHECK-SAME: tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x256x8xi32>, tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x8xi32>, tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
// GENERIC-LABEL: "func.func"{{.*}}sym_name = "attend"
// GENERIC: "llsa.attend"
// GENERIC-SAME: operandSegmentSizes = array<i32: 1, 3, 3, 2>
// GENERIC-SAME: sources = [#llsa.source<kind = gathered, block = 16, every = 16, before = 0, after = 0, weight = 1.000000e+00 : f64, span = 0>, #llsa.source<kind = gathered, block = 16, every = 256, before = 0, after = 0, weight = 1.000000e+00 : f64, span = 16>, #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.000000e+00 : f64, span = 256>]
// GENERIC: -> (tensor<1x8x4096x64xf32>, tensor<1x8x4096xf32>)
func.func @attend(%x: !x, %x1: !x1, %x2: !x2, %i1: !i1, %i2: !i2) -> (!x, !rows) {
  %o, %lse = llsa.attend %x from
      gathered(%x, %x by %i1) block 16 every 16,
      gathered(%x1, %x1 by %i2) block 16 every 256 span 16,
      dense(%x2, %x2) span 256
      : !x, !x, !x, !i1, !x1, !x1, !i2, !x2, !x2
  return %o, %lse : !x, !rows
}

// CHECK-LABEL: func @attend_clauses
// CHECK: llsa.attend %{{.*}} from
// CHECK-NEXT: window(%{{.*}}, %{{.*}}) before 0 after 1073741824 weight 0.1,
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) weight 256.0 scale -0.125 {note = "x"} : tensor
// CHECK: llsa.attend %{{.*}} from
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) weight 1.0e+20 scale 1.0e-20 : tensor
func.func @attend_clauses(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from
      window(%x, %x) before 0 after 1073741824 weight 0.1,
      dense(%x, %x) weight 256.0 scale -0.125 {note = "x"} : !x, !x, !x, !x, !x
  %p, %m = llsa.attend %o from dense(%x, %x) weight 1.0e20 scale 1.0e-20 : !x, !x, !x
  return %p : !x
}

// Sources of two levels, each key of weight 1.
// CHECK-LABEL: func @attend_without_spans
// CHECK: llsa.attend %{{.*}} from
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}),
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) :
func.func @attend_without_spans(%x: !x, %x1: !x1) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x), dense(%x1, %x1) : !x, !x, !x, !x1, !x1
  return %o : !x
}

// CHECK-LABEL: func @attend_regions
// CHECK-SAME: %[[X:.*]]: tensor<1x8x4096x64xf32>, %[[SLOPES:.*]]: tensor<8xf32>
// CHECK: llsa.attend %[[X]] from
// CHECK-NEXT: dense(%[[X]], %[[X]])
// CHECK-NEXT: score(%[[S:.*]], %[[B:.*]], %[[H:.*]], %[[I:.*]], %[[J:.*]], %[[N:.*]]) {
// CHECK-NEXT: %[[SLOPE:.*]] = tensor.extract %[[SLOPES]][%[[H]]] : tensor<8xf32>
// CHECK-NEXT: %[[T:.*]] = arith.mulf %[[S]], %[[SLOPE]] : f32
// CHECK-NEXT: %[[U:.*]] = math.tanh %[[T]] : f32
// CHECK-NEXT: llsa.yield %[[U]] : f32
// CHECK-NEXT: }
// CHECK-NEXT: mask(%{{.*}}, %{{.*}}, %{{.*}}, %[[I:.*]], %[[J:.*]], %{{.*}}) {
// CHECK-NEXT: %[[SEEN:.*]] = arith.cmpi ule, %[[J]], %[[I]] : index
// CHECK-NEXT: llsa.yield %[[SEEN]] : i1
// CHECK-NEXT: } {note} : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
// CHECK: llsa.attend %[[X]] from
// CHECK-NEXT: dense(%[[X]], %[[X]]) scale 2.0
// CHECK-NEXT: mask(
func.func @attend_regions(%x: !x, %slopes: tensor<8xf32>) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %slope = tensor.extract %slopes[%h] : tensor<8xf32>
        %t = arith.mulf %s, %slope : f32
        %u = math.tanh %t : f32
        llsa.yield %u : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      } {note}
      : !x, !x, !x
  %p, %m = llsa.attend %x from dense(%x, %x) scale 2.0
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      }
      : !x, !x, !x
  return %o : !x
}

// A score region may use a constant from outside.
// CHECK-LABEL: func @attend_captures_constant
// CHECK: %[[TWO:.*]] = arith.constant 2.0
// CHECK: arith.mulf %{{.*}}, %[[TWO]] : f32
func.func @attend_captures_constant(%x: !x) -> !x {
  %two = arith.constant 2.0 : f32
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %t = arith.mulf %s, %two : f32
        llsa.yield %t : f32
      }
      : !x, !x, !x
  return %o : !x
}

// CHECK-LABEL: func @attention
// CHECK: llsa.attention %{{.*}}, %{{.*}}, %{{.*}} hierarchy <block = 16, levels = ?, topk = ?> : tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>
// CHECK: llsa.attention %{{.*}}, %{{.*}}, %{{.*}} hierarchy <block = 16, levels = 2, topk = [8, 4], enrichment = false> scale 0.5
// CHECK-NEXT: score(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK-NEXT: llsa.yield %[[S]] : f32
// CHECK-NEXT: }
// CHECK-NEXT: mask(%{{.*}}, %{{.*}}, %{{.*}}, %[[I:.*]], %[[J:.*]], %{{.*}}) {
// CHECK-NEXT: %[[SEEN:.*]] = arith.cmpi ule, %[[J]], %[[I]] : index
// CHECK-NEXT: llsa.yield %[[SEEN]] : i1
// CHECK-NEXT: } {note} :
func.func @attention(%q: !open, %x: !x) -> (!open, !x) {
  %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16> : !open, !open, !open
  %p, %m = llsa.attention %x, %x, %x
      hierarchy <block = 16, levels = 2, topk = [8, 4], enrichment = false> scale 0.5
      score(%s, %b, %h, %i, %j, %n) {
        llsa.yield %s : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      } {note}
      : !x, !x, !x
  return %o, %p : !open, !x
}

// CHECK-LABEL: func @invert_indices
// CHECK: llsa.invert_indices %{{.*}} of %{{.*}} {note} : tensor<1x8x256x8xi32>, tensor<1x8x256x64xf32>
// GENERIC-LABEL: "func.func"{{.*}}sym_name = "invert_indices"
// GENERIC: "llsa.invert_indices"{{.*}} -> (tensor<1x8x257xi32>, tensor<1x8x2048xi32>)
// GENERIC: "llsa.invert_indices"{{.*}} -> (tensor<?x?x?xi32>, tensor<?x?x?xi32>)
func.func @invert_indices(%i1: !i1, %k1: !x1, %i: tensor<?x?x?x8xi32>, %k: !open) -> tensor<1x8x257xi32> {
  %offsets, %rows = llsa.invert_indices %i1 of %k1 {note} : !i1, !x1
  %a, %b = llsa.invert_indices %i of %k : tensor<?x?x?x8xi32>, !open
  return %offsets : tensor<1x8x257xi32>
}

// CHECK-LABEL: func @linear_attend
// CHECK: llsa.linear_attend %{{.*}}, %{{.*}}, %{{.*}} phi softmax : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
// CHECK: llsa.linear_attend %{{.*}}, %{{.*}}, %{{.*}} phi elu1 :
// CHECK: llsa.linear_attend %{{.*}}, %{{.*}}, %{{.*}} phi relu {note} :
func.func @linear_attend(%x: !x) -> !x {
  %0 = llsa.linear_attend %x, %x, %x phi softmax : !x, !x, !x
  %1 = llsa.linear_attend %0, %x, %x phi elu1 : !x, !x, !x
  %2 = llsa.linear_attend %1, %x, %x phi relu {note} : !x, !x, !x
  return %2 : !x
}

// CHECK-LABEL: func @launch
// CHECK: llsa.launch "pool" {
// CHECK-NEXT: llsa.pool
// CHECK-NEXT: llsa.yield %{{.*}} : tensor<1x8x256x64xf32>
// CHECK-NEXT: } : tensor<1x8x256x64xf32>
// CHECK: llsa.launch "two" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
// CHECK: llsa.yield %{{.*}}, %{{.*}} : tensor<1x8x256x64xf32>, tensor<1x8x16x64xf32>
// CHECK-NEXT: } {llsa.bytes = 1.000000e+00 : f64, llsa.flops = 2.000000e+00 : f64} : tensor<1x8x256x64xf32>, tensor<1x8x16x64xf32>
// CHECK: llsa.launch "none" {
// CHECK-NEXT: llsa.pool
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func @launch(%x: !x) -> (!x1, !x1, !x2) {
  %k1 = llsa.launch "pool" {
    %0 = llsa.pool %x block 16 : !x
    llsa.yield %0 : !x1
  } : !x1
  %a, %b = llsa.launch "two" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
    %0 = llsa.pool %x block 16 : !x
    %1 = llsa.pool %0 block 16 : !x1
    llsa.yield %0, %1 : !x1, !x2
  } {llsa.flops = 2.0, llsa.bytes = 1.0} : !x1, !x2
  llsa.launch "none" {
    %0 = llsa.pool %x block 16 : !x
  }
  return %k1, %a, %b : !x1, !x1, !x2
}

// CHECK: func.func private @attributes(tensor<?xf32> {llsa.name = "slopes", llsa.shape = ["H", "M/16", 32]}, tensor<?xf32> {llsa.role = "input"}) -> (tensor<?xf32> {llsa.name = "o"}) attributes {llsa.stack_bytes = 64 : i64}
func.func private @attributes(
    tensor<?xf32> {llsa.name = "slopes", llsa.shape = ["H", "M/16", 32]},
    tensor<?xf32> {llsa.role = "input"}) -> (tensor<?xf32> {llsa.name = "o"})
    attributes {llsa.stack_bytes = 64}

// CHECK: func.func private @bias(f32, index, i32, i64) -> f32 attributes {llsa.device_function}
func.func private @bias(f32, index, i32, i64) -> f32 attributes {llsa.device_function}

// CHECK: func.func private @square(f32) -> f32 attributes {llsa.derivatives = [@twice], llsa.device_function}
func.func private @square(f32) -> f32 attributes {llsa.device_function, llsa.derivatives = [@twice]}
func.func private @twice(f32) -> f32 attributes {llsa.device_function}

// CHECK-LABEL: func @device_function
// CHECK: score(%[[S:.*]], %{{.*}}, %{{.*}}, %[[I:.*]], %{{.*}}, %{{.*}}) {
// CHECK: %[[R:.*]] = func.call @bias(%[[S]], %[[I]], %{{.*}}, %{{.*}}) : (f32, index, i32, i64) -> f32
// CHECK: llsa.yield %[[R]] : f32
func.func @device_function(%x: !x) -> !x {
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i64
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %0 = func.call @bias(%s, %i, %c1, %c2) : (f32, index, i32, i64) -> f32
        llsa.yield %0 : f32
      } : !x, !x, !x
  return %o : !x
}

// CHECK-LABEL: func @attend_rest
// CHECK: %{{.*}}, %{{.*}}, %[[REST:.*]] = llsa.attend %{{.*}} from
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) span 16 rest scale 0.5 : tensor<1x8x32x64xbf16>, tensor<1x8x2x64xbf16>, tensor<1x8x2x64xbf16>
// CHECK: return %[[REST]] : tensor<1x8x32x64xi8>
func.func @attend_rest(%q: tensor<1x8x32x64xbf16>, %k: tensor<1x8x2x64xbf16>) -> tensor<1x8x32x64xi8> {
  %o, %lse, %rest = llsa.attend %q from dense(%k, %k) span 16 rest scale 0.5
      : tensor<1x8x32x64xbf16>, tensor<1x8x2x64xbf16>, tensor<1x8x2x64xbf16>
  return %rest : tensor<1x8x32x64xi8>
}
