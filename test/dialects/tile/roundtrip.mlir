// Every op, attribute and optional clause: parsed, printed, parsed and printed
// again, in the custom form, in the generic form, and through bytecode.
// RUN: llsa-opt %s | FileCheck %s
// RUN: llsa-opt %s | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --mlir-print-op-generic | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --emit-bytecode | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

!m = memref<64x32xf32>

// CHECK-LABEL: tile.kernel @copy(%{{.*}}: memref<64x32xf32>, %{{.*}}: memref<64x32xf32>) items [4] {
// CHECK-NEXT: %[[I:.*]] = tile.work_item : index
// CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<64x32xf32> -> tensor<16x32xf32>
// CHECK: tile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : tensor<16x32xf32>, memref<64x32xf32>
// CHECK-NEXT: tile.return
// GENERIC: "tile.kernel"() <{function_type = (memref<64x32xf32>, memref<64x32xf32>) -> (), items = array<i64: 4>, sym_name = "copy"}> ({
tile.kernel @copy(%x: !m, %y: !m) items [4] {
  %i = tile.work_item : index
  %c16 = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %r = arith.muli %i, %c16 : index
  %t = tile.load %x[%r, %c0] : !m -> tensor<16x32xf32>
  tile.store %t, %y[%r, %c0] : tensor<16x32xf32>, !m
  tile.return
}

// CHECK-LABEL: tile.kernel @clauses(%{{.*}}: memref<64x32xf32> {llsa.name = "x"}, %{{.*}}: memref<8xi32>) items [2, 1, 4]
// CHECK-SAME: schedule <rows = 16, cols = 64, warps = 8, stages = 3> attributes {llsa.flops = 1.000000e+00 : f64} {
// CHECK-NEXT: %[[I:.*]]:3 = tile.work_item {note} : index, index, index
// CHECK-NEXT: tile.return
// GENERIC: "tile.kernel"() <{arg_attrs = [{llsa.name = "x"}, {}], function_type = {{.*}}, items = array<i64: 2, 1, 4>, schedule = #tile.schedule<rows = 16, cols = 64, warps = 8, stages = 3>, sym_name = "clauses"}> ({
tile.kernel @clauses(%x: !m {llsa.name = "x"}, %i: memref<8xi32>) items [2, 1, 4]
    schedule <rows = 16, cols = 64, warps = 8, stages = 3> attributes {llsa.flops = 1.0} {
  %b, %h, %r = tile.work_item {note} : index, index, index
  tile.return
}

// CHECK-LABEL: tile.kernel @none() items [1] {
// CHECK-NEXT: tile.return
tile.kernel @none() items [1] {
  tile.return
}

// CHECK-LABEL: func @launch
// CHECK: tile.launch @copy(%{{.*}}, %{{.*}}) {note} : memref<64x32xf32>, memref<64x32xf32>
// CHECK: tile.launch @copy(%{{.*}}, %{{.*}}) : memref<64x32xf32>, memref<64x32xf32, strided<[?, 1]>>
// CHECK: tile.launch @none()
// GENERIC: "tile.launch"(%{{.*}}, %{{.*}}) <{kernel = @copy}> {note} :
func.func @launch(%x: !m, %y: !m, %z: memref<64x32xf32, strided<[?, 1]>>) {
  tile.launch @copy(%x, %y) {note} : !m, !m
  tile.launch @copy(%x, %z) : !m, memref<64x32xf32, strided<[?, 1]>>
  tile.launch @none()
  return
}

// CHECK-LABEL: func @load_store
// CHECK: %[[T:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] rows %{{.*}} : memref<1x8x4096x64xbf16> -> tensor<16x64xbf16>
// CHECK: %[[U:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] rows %{{.*}} row_dim 1 {note} : memref<1x8x4096x64xbf16> -> tensor<4x32xbf16>
// CHECK: %[[L:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}] row_dim 1 : memref<?x?xf32, strided<[?, 1]>> -> tensor<16x1xf32>
// CHECK: tile.store %[[T]], %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] rows %{{.*}} : tensor<16x64xbf16>, memref<1x8x4096x64xbf16>
// CHECK: tile.store %[[U]], %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] rows %{{.*}} row_dim 1 {note} : tensor<4x32xbf16>, memref<1x8x4096x64xbf16>
// CHECK: tile.store %[[L]], %{{.*}}[%{{.*}}, %{{.*}}] row_dim 1 : tensor<16x1xf32>, memref<?x?xf32, strided<[?, 1]>>
func.func @load_store(%q: memref<1x8x4096x64xbf16>, %lse: memref<?x?xf32, strided<[?, 1]>>, %i: index, %n: index) {
  %t = tile.load %q[%i, %i, %i, %i] rows %n : memref<1x8x4096x64xbf16> -> tensor<16x64xbf16>
  %u = tile.load %q[%i, %i, %i, %i] rows %n row_dim 1 {note} : memref<1x8x4096x64xbf16> -> tensor<4x32xbf16>
  %l = tile.load %lse[%i, %i] row_dim 1 : memref<?x?xf32, strided<[?, 1]>> -> tensor<16x1xf32>
  tile.store %t, %q[%i, %i, %i, %i] rows %n : tensor<16x64xbf16>, memref<1x8x4096x64xbf16>
  tile.store %u, %q[%i, %i, %i, %i] rows %n row_dim 1 {note} : tensor<4x32xbf16>, memref<1x8x4096x64xbf16>
  tile.store %l, %lse[%i, %i] row_dim 1 : tensor<16x1xf32>, memref<?x?xf32, strided<[?, 1]>>
  return
}

// CHECK-LABEL: func @gather
// CHECK: %[[ROWS:.*]] = tile.block_rows %{{.*}}[%{{.*}}, %{{.*}}] block 16 limit 4096 : memref<256x8xi32> -> tensor<1x64xi32>
// CHECK: tile.block_rows %{{.*}}[%{{.*}}, %{{.*}}] block 1 limit 2147483647 {note} : memref<256x8xi32> -> tensor<1x3xi32>
// CHECK: tile.gather %{{.*}}[%{{.*}}] at %[[ROWS]] {note} : memref<4096x64xf32>, tensor<1x64xi32> -> tensor<64x64xf32>
// CHECK: tile.lookup %{{.*}}[%{{.*}}, %{{.*}}] {note} : memref<8x8xf32>, tensor<16x64xi32>, tensor<16x64xi32> -> tensor<16x64xf32>
// CHECK: tile.lookup %{{.*}}[] : memref<f32> -> tensor<16x64xf32>
func.func @gather(%index: memref<256x8xi32>, %k: memref<4096x64xf32>, %table: memref<8x8xf32>,
                  %scalar: memref<f32>, %ids: tensor<16x64xi32>, %i: index) {
  %rows = tile.block_rows %index[%i, %i] block 16 limit 4096 : memref<256x8xi32> -> tensor<1x64xi32>
  %one = tile.block_rows %index[%i, %i] block 1 limit 2147483647 {note} : memref<256x8xi32> -> tensor<1x3xi32>
  %kt = tile.gather %k[%i] at %rows {note} : memref<4096x64xf32>, tensor<1x64xi32> -> tensor<64x64xf32>
  %s = tile.lookup %table[%ids, %ids] {note} : memref<8x8xf32>, tensor<16x64xi32>, tensor<16x64xi32> -> tensor<16x64xf32>
  %r = tile.lookup %scalar[] : memref<f32> -> tensor<16x64xf32>
  return
}

// CHECK-LABEL: func @values
// CHECK: %[[S:.*]] = tile.dot %{{.*}}, %{{.*}}, %{{.*}} transpose_b two_chains {note} : tensor<16x64xf16>, tensor<32x64xf16> -> tensor<16x32xf32>
// CHECK: tile.dot %[[S]], %{{.*}}, %{{.*}} : tensor<16x32xf32>, tensor<32x64xf32> -> tensor<16x64xf32>
// CHECK: %[[M:.*]] = tile.reduce max %[[S]] over cols {note} : tensor<16x32xf32> -> tensor<16x1xf32>
// CHECK: tile.reduce add %[[S]] over rows : tensor<16x32xf32> -> tensor<1x32xf32>
// CHECK: tile.broadcast %[[M]] {note} : tensor<16x1xf32> -> tensor<16x64xf32>
// CHECK: tile.transpose %[[S]] {note} : tensor<16x32xf32> -> tensor<32x16xf32>
// CHECK: %[[IDS:.*]] = tile.range %{{.*}} step 1 : tensor<1x32xi32>
// CHECK: tile.range %{{.*}} step -16 {note} : tensor<16x1xi32>
// CHECK: tile.topk %{{.*}}, %{{.*}} insert %[[S]] at %[[IDS]] {note} : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>
func.func @values(%q: tensor<16x64xf16>, %k: tensor<32x64xf16>, %v: tensor<32x64xf32>,
                  %zero: tensor<16x32xf32>, %acc: tensor<16x64xf32>, %scores: tensor<16x8xf32>,
                  %best: tensor<16x8xi32>, %i: index) {
  %s = tile.dot %q, %k, %zero transpose_b two_chains {note} : tensor<16x64xf16>, tensor<32x64xf16> -> tensor<16x32xf32>
  %o = tile.dot %s, %v, %acc : tensor<16x32xf32>, tensor<32x64xf32> -> tensor<16x64xf32>
  %m = tile.reduce max %s over cols {note} : tensor<16x32xf32> -> tensor<16x1xf32>
  %x = tile.reduce add %s over rows : tensor<16x32xf32> -> tensor<1x32xf32>
  %mb = tile.broadcast %m {note} : tensor<16x1xf32> -> tensor<16x64xf32>
  %t = tile.transpose %s {note} : tensor<16x32xf32> -> tensor<32x16xf32>
  %ids = tile.range %i step 1 : tensor<1x32xi32>
  %rows = tile.range %i step -16 {note} : tensor<16x1xi32>
  %s1, %i1 = tile.topk %scores, %best insert %s at %ids {note}
      : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>
  return
}

// CHECK: func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}

// CHECK-LABEL: func @call
// CHECK: tile.call @bias(%{{.*}}, %{{.*}}) {note} : (tensor<16x64xf32>, tensor<16x64xi64>) -> tensor<16x64xf32>
func.func @call(%s: tensor<16x64xf32>, %i: tensor<16x64xi64>) {
  %0 = tile.call @bias(%s, %i) {note} : (tensor<16x64xf32>, tensor<16x64xi64>) -> tensor<16x64xf32>
  return
}

// CHECK-LABEL: func @scatter_add
// CHECK: tile.scatter_add %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] {note} : tensor<4x8xf32>, memref<2x8xf32>, tensor<4x8xi32>, tensor<4x8xi32>
// CHECK: tile.scatter_add %{{.*}}, %{{.*}}[] : tensor<4x8xf32>, memref<f32>
func.func @scatter_add(%t: tensor<4x8xf32>, %i: tensor<4x8xi32>, %d: memref<2x8xf32>, %e: memref<f32>) {
  tile.scatter_add %t, %d[%i, %i] {note} : tensor<4x8xf32>, memref<2x8xf32>, tensor<4x8xi32>, tensor<4x8xi32>
  tile.scatter_add %t, %e[] : tensor<4x8xf32>, memref<f32>
  return
}

// CHECK-LABEL: tile.kernel @index_rows
// CHECK: tile.invert_rows %{{.*}}[%{{.*}}, %{{.*}}] keys %{{.*}} count 128 to %{{.*}}, %{{.*}} scratch %{{.*}} {note} : memref<1x8x256x8xi32>, memref<1x8x257xi32>, memref<1x8x2048xi32>, memref<1x52x32xf32, 3>
// CHECK: tile.prefetch %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] count 64 {note} : memref<1x8x2048xi32>
// CHECK: tile.prefetch %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] count 64 rows 2 : memref<1x8x2048xi32>
tile.kernel @index_rows(%i: memref<1x8x256x8xi32>, %o: memref<1x8x257xi32>, %r: memref<1x8x2048xi32>)
    items [1, 8, 8] schedule <rows = 128, cols = 1, warps = 4, stages = 1, queries = 0> {
  %b, %h, %n = tile.work_item : index, index, index
  %s = tile.alloc_shared scope cta : memref<1x52x32xf32, 3>
  tile.invert_rows %i[%b, %h] keys %n count 128 to %o, %r scratch %s {note}
      : memref<1x8x256x8xi32>, memref<1x8x257xi32>, memref<1x8x2048xi32>, memref<1x52x32xf32, 3>
  tile.prefetch %r[%b, %h, %n] count 64 {note} : memref<1x8x2048xi32>
  tile.prefetch %r[%b, %h, %n] count 64 rows 2 : memref<1x8x2048xi32>
  tile.return
}
