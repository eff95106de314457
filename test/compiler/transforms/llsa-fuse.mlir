// RUN: llsa-opt %s --split-input-file --llsa-fuse | FileCheck %s
// A module with launches stays as it is.
// RUN: llsa-opt %s --split-input-file --llsa-fuse --llsa-fuse | FileCheck %s

// CHECK-LABEL: func.func @llsa
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x4096x64xf32>, %[[K:.*]]: tensor<1x8x4096x64xf32>, %[[V:.*]]: tensor<1x8x4096x64xf32>)
// CHECK-NEXT: %[[P:.*]]:2 = llsa.launch "pool" {
// CHECK-NEXT:   %[[Q1:.*]] = llsa.pool %[[Q]] block 16
// CHECK-NEXT:   %[[K1:.*]] = llsa.pool %[[K]] block 16
// CHECK-NEXT:   llsa.yield %[[Q1]], %[[K1]]
// CHECK:      %[[S:.*]] = llsa.launch "select_1" {
// CHECK-NEXT:   %[[I1:.*]] = llsa.select %[[P]]#0, %[[P]]#1 topk 8
// CHECK-NEXT:   llsa.yield %[[I1]]
// CHECK:      %[[A:.*]] = llsa.launch "attend" {
// CHECK-NEXT:   %[[O:.*]], %{{.*}} = llsa.attend %[[Q]] from
// CHECK-NEXT:   gathered(%[[K]], %[[V]] by %[[S]]) block 16 every 16 :
// CHECK-NEXT:   llsa.yield %[[O]] : tensor<1x8x4096x64xf32>
// CHECK-NEXT: } : tensor<1x8x4096x64xf32>
// CHECK-NEXT: return %[[A]]
func.func @llsa(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                %v: tensor<1x8x4096x64xf32>) -> tensor<1x8x4096x64xf32> {
  %q1 = llsa.pool %q block 16 : tensor<1x8x4096x64xf32>
  %k1 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
  %i1 = llsa.select %q1, %k1 topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 16 every 16
      : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>,
        tensor<1x8x256x8xi32>
  return %o : tensor<1x8x4096x64xf32>
}

// -----

// Levels share a launch up to block^levels = 4096 tokens. A pool that stands
// behind a selection joins the first launch all the same.
// CHECK-LABEL: func.func @deep
// CHECK-SAME: (%[[Q:.*]]: tensor<1x1x65536x8xf32>, %[[K:.*]]: tensor<1x1x70000x8xf32>)
// CHECK:      %[[P:.*]]:5 = llsa.launch "pool" {
// CHECK-NEXT:   %[[Q1:.*]] = llsa.pool %[[Q]] block 16 : tensor<1x1x65536x8xf32>
// CHECK-NEXT:   %[[Q2:.*]] = llsa.pool %[[Q1]] block 16 : tensor<1x1x4096x8xf32>
// CHECK-NEXT:   %[[Q3:.*]] = llsa.pool %[[Q2]] block 16 : tensor<1x1x256x8xf32>
// CHECK-NEXT:   %[[K1:.*]] = llsa.pool %[[K]] block 16 : tensor<1x1x70000x8xf32>
// CHECK-NEXT:   %[[K2:.*]] = llsa.pool %[[K1]] block 16
// CHECK-NEXT:   llsa.yield %[[Q1]], %[[Q2]], %[[Q3]], %[[K1]], %[[K2]]
// CHECK:      %[[P2:.*]] = llsa.launch "pool_2" {
// CHECK-NEXT:   llsa.pool %[[P]]#2 block 16 : tensor<1x1x16x8xf32>
// CHECK:      llsa.launch "select_2" {
// CHECK-NEXT:   llsa.select %[[P]]#0, %[[P]]#3
// CHECK:      llsa.launch "select_1" {
// CHECK-NEXT:   llsa.select %[[P]]#1, %[[P]]#4
// CHECK:      return %[[P2]]
!q = tensor<1x1x65536x8xf32>
!k = tensor<1x1x70000x8xf32>
!i = tensor<1x1x4096x8xi32>
!j = tensor<1x1x256x8xi32>
func.func @deep(%q: !q, %k: !k) -> (tensor<1x1x1x8xf32>, tensor<1x1x256x8xf32>, !i, !j) {
  %q1 = llsa.pool %q block 16 : !q
  %q2 = llsa.pool %q1 block 16 : tensor<1x1x4096x8xf32>
  %q3 = llsa.pool %q2 block 16 : tensor<1x1x256x8xf32>
  %q4 = llsa.pool %q3 block 16 : tensor<1x1x16x8xf32>
  %k1 = llsa.pool %k block 16 : !k
  %i1 = llsa.select %q1, %k1 topk 8 : tensor<1x1x4096x8xf32>, tensor<1x1x4375x8xf32>
  %k2 = llsa.pool %k1 block 16 : tensor<1x1x4375x8xf32>
  %i2 = llsa.select %q2, %k2 topk 8 : tensor<1x1x256x8xf32>, tensor<1x1x274x8xf32>
  return %q4, %q2, %i1, %i2 : tensor<1x1x1x8xf32>, tensor<1x1x256x8xf32>, !i, !j
}

// -----

// Blocks of two sizes are two launches; 128 * 128 tokens are too many for one.
// CHECK-LABEL: func.func @blocks
// CHECK: llsa.launch "pool" {
// CHECK-NEXT: llsa.pool %{{.*}} block 128
// CHECK-NEXT: llsa.yield
// CHECK: llsa.launch "pool_2" {
// CHECK-NEXT: llsa.pool %{{.*}} block 128
// CHECK: llsa.launch "pool_3" {
// CHECK-NEXT: llsa.pool %{{.*}} block 64
// CHECK-NEXT: llsa.pool %{{.*}} block 64
func.func @blocks(%q: tensor<1x1x65536x8xf32>) -> (tensor<1x1x4x8xf32>, tensor<1x1x16x8xf32>) {
  %a1 = llsa.pool %q block 128 : tensor<1x1x65536x8xf32>
  %a2 = llsa.pool %a1 block 128 : tensor<1x1x512x8xf32>
  %b1 = llsa.pool %q block 64 : tensor<1x1x65536x8xf32>
  %b2 = llsa.pool %b1 block 64 : tensor<1x1x1024x8xf32>
  return %a2, %b2 : tensor<1x1x4x8xf32>, tensor<1x1x16x8xf32>
}

// -----

// Elementwise ops share a launch before and one after the attend; constants are
// copied inside, regions included.
// CHECK-LABEL: func.func @elementwise
// CHECK-SAME: (%[[Q:.*]]: tensor<1x1x64x8xf32>, %[[K:.*]]: tensor<1x1x64x8xf32>, %[[G:.*]]: tensor<1x1x64x8xf32>)
// CHECK-NEXT: %[[E:.*]]:2 = llsa.launch "elementwise" {
// CHECK-NEXT:   %[[C:.*]] = arith.constant dense<2.0{{.*}}>
// CHECK-NEXT:   %[[M:.*]] = arith.mulf %[[K]], %[[C]]
// CHECK-NEXT:   %[[X:.*]] = math.exp %[[M]]
// CHECK-NEXT:   %[[T:.*]] = math.tanh %[[G]]
// CHECK-NEXT:   llsa.yield %[[X]], %[[T]]
// CHECK:      %[[O:.*]] = llsa.launch "attend" {
// CHECK-NEXT:   %[[F:.*]] = arith.constant 3.0{{.*}} : f32
// CHECK-NEXT:   llsa.attend %[[Q]] from
// CHECK-NEXT:   dense(%[[E]]#0, %[[K]])
// CHECK-NEXT:   score(
// CHECK-NEXT:     arith.mulf %{{.*}}, %[[F]] : f32
// CHECK:      %[[R:.*]] = llsa.launch "elementwise_2" {
// CHECK-NEXT:   arith.mulf %[[O]], %[[E]]#1
// CHECK:      return %[[R]]
!x = tensor<1x1x64x8xf32>
func.func @elementwise(%q: !x, %k: !x, %g: !x) -> !x {
  %two = arith.constant dense<2.0> : !x
  %three = arith.constant 3.0 : f32
  %m = arith.mulf %k, %two : !x
  %x = math.exp %m : !x
  %o, %lse = llsa.attend %q from dense(%x, %k)
      score(%s, %b, %h, %i, %j, %n) {
        %t = arith.mulf %s, %three : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  %t = math.tanh %g : !x
  %r = arith.mulf %o, %t : !x
  return %r : !x
}

// -----

// The other kinds stand alone; what nobody reads is dropped; a launch made by
// hand keeps its place.
// CHECK-LABEL: func.func @others
// CHECK-NOT: llsa.pool
// CHECK: %[[L:.*]] = llsa.launch "mine" {
// CHECK: llsa.launch "linear_attend" {
// CHECK-NEXT: llsa.linear_attend %{{.*}}, %{{.*}}, %[[L]] phi relu
// CHECK: llsa.launch "linear_attend_2" {
// CHECK: llsa.launch "select_1" {
// CHECK: llsa.launch "invert_indices" {
!x = tensor<1x1x64x8xf32>
func.func @others(%q: !x, %k: !x)
    -> (!x, !x, tensor<1x1x65xi32>, tensor<1x1x256xi32>) {
  %unused = llsa.pool %q block 16 : !x
  %v = llsa.launch "mine" {
    %0 = math.exp %k : !x
    llsa.yield %0 : !x
  } : !x
  %a = llsa.linear_attend %q, %k, %v phi relu : !x, !x, !x
  %b = llsa.linear_attend %q, %a, %a phi softmax : !x, !x, !x
  %i = llsa.select %q, %k topk 4 : !x, !x
  %offsets, %rows = llsa.invert_indices %i of %k : tensor<1x1x64x4xi32>, !x
  return %a, %b, %offsets, %rows : !x, !x, tensor<1x1x65xi32>, tensor<1x1x256xi32>
}

// -----

// A key gradient takes along what is made of it, and the unpool that is added;
// the coarser gradient, which that needs, comes first.
// CHECK-LABEL: func.func @epilogue
// CHECK: llsa.launch "attend_key_grad" {
// CHECK: llsa.attend_key_grad {{.*}} dense({{.*}}) span 16
// CHECK: llsa.launch "attend_key_grad_2" {
// CHECK-NEXT: llsa.attend_key_grad {{.*}} window
// CHECK-NEXT: lse
// CHECK-DAG: llsa.unpool
// CHECK-DAG: arith.addf
// CHECK-DAG: arith.truncf
// CHECK: llsa.yield %{{.*}}, %{{.*}} : tensor<1x2x64x8xbf16>, tensor<1x2x64x8xbf16>
// CHECK-NOT: llsa.launch
!x = tensor<1x2x64x8xbf16>
!p = tensor<1x2x4x8xbf16>
!f = tensor<1x2x64x8xf32>
!g = tensor<1x2x4x8xf32>
!r = tensor<1x2x64xf32>
func.func @epilogue(%q: !x, %k: !x, %v: !x, %k1: !p, %v1: !p, %lse: !r, %delta: !r, %do: !x) -> (!x, !x) {
  %a:2 = llsa.attend_key_grad %q from dense(%k1, %v1) span 16 tokens 64
      lse %lse delta %delta gradient %do : !x, !p, !p -> !g
  %b:2 = llsa.attend_key_grad %q from window(%k, %v) before 4 after 4
      lse %lse delta %delta gradient %do : !x, !x, !x -> !f
  %uk = llsa.unpool %a#0 block 16 tokens 64 : !g
  %uv = llsa.unpool %a#1 block 16 tokens 64 : !g
  %sk = arith.addf %b#0, %uk : !f
  %sv = arith.addf %b#1, %uv : !f
  %dk = arith.truncf %sk : !f to !x
  %dv = arith.truncf %sv : !f to !x
  return %dk, %dv : !x, !x
}
