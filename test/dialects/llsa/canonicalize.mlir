// RUN: llsa-opt %s --canonicalize --split-input-file | FileCheck %s

!x = tensor<1x8x32x64xf32>

// CHECK-LABEL: func @attend_identity_score
// CHECK: llsa.attend
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) :
// CHECK-NOT: score
func.func @attend_identity_score(%x: !x, %t: tensor<8xf32>) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %unused = tensor.extract %t[%h] : tensor<8xf32>
        llsa.yield %s : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// The other region stays.
// CHECK-LABEL: func @attend_identity_score_with_mask
// CHECK-NOT: score(
// CHECK: mask(
// CHECK: arith.cmpi ule
func.func @attend_identity_score_with_mask(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) { llsa.yield %s : f32 }
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// CHECK-LABEL: func @attend_score_that_does_something
// CHECK: score(
func.func @attend_score_that_does_something(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %t = math.tanh %s : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// CHECK-LABEL: func @attend_true_mask
// CHECK-NOT: mask(
// CHECK: return
func.func @attend_true_mask(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      mask(%s, %b, %h, %i, %j, %n) {
        // Folds to true before the mask is looked at.
        %seen = arith.cmpi ule, %j, %j : index
        llsa.yield %seen : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// A mask that hides all keys is not dropped.
// CHECK-LABEL: func @attend_false_mask
// CHECK: mask(
func.func @attend_false_mask(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.constant false
        llsa.yield %seen : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// CHECK-LABEL: func @attention_regions
// CHECK: llsa.attention
// CHECK-SAME: topk = 8> :
func.func @attention_regions(%x: !x) -> !x {
  %o, %lse = llsa.attention %x, %x, %x hierarchy <block = 4, levels = 1, topk = 8>
      score(%s, %b, %h, %i, %j, %n) { llsa.yield %s : f32 }
      mask(%s, %b, %h, %i, %j, %n) {
        %true = arith.constant true
        llsa.yield %true : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

!q = tensor<1x8x20x64xf32>
!k = tensor<1x8x32x64xf32>

// Query 19 sees key 0 with before >= 19, query 0 key 31 with after >= 31.
// CHECK-LABEL: func @attend_window_covers_all
// CHECK: llsa.attend
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) weight 2.0 :
// CHECK: llsa.attend
// CHECK-NEXT: window(%{{.*}}, %{{.*}}) before 18 after 31 :
// CHECK: llsa.attend
// CHECK-NEXT: window(%{{.*}}, %{{.*}}) before 19 after 30 :
func.func @attend_window_covers_all(%q: !q, %k: !k) -> (!q, !q, !q) {
  %0, %l0 = llsa.attend %q from window(%k, %k) before 19 after 31 weight 2.0 : !q, !k, !k
  %1, %l1 = llsa.attend %q from window(%k, %k) before 18 after 31 : !q, !k, !k
  %2, %l2 = llsa.attend %q from window(%k, %k) before 19 after 30 : !q, !k, !k
  return %0, %1, %2 : !q, !q, !q
}

// -----

!x = tensor<1x8x?x64xf32>

// Nothing is known of a size that is open.
// CHECK-LABEL: func @attend_window_open
// CHECK: window(
func.func @attend_window_open(%x: !x) -> !x {
  %0, %l0 = llsa.attend %x from window(%x, %x) before 1073741824 after 1073741824 : !x, !x, !x
  return %0 : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// Constants that folding makes stay where the kernel will be.
// CHECK-LABEL: func @constants_stay_inside
// CHECK-NOT: arith.constant
// CHECK: score(%[[S:[^,]*]]
// CHECK-NEXT: %[[SIX:.*]] = arith.constant 6.0
// CHECK-NEXT: arith.mulf %[[S]], %[[SIX]]
func.func @constants_stay_inside(%x: !x) -> !x {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %two = arith.constant 2.0 : f32
        %three = arith.constant 3.0 : f32
        %six = arith.mulf %two, %three : f32
        %t = arith.mulf %s, %six : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x8x32x64xf32>

// What nobody reads is not computed.
// CHECK-LABEL: func @unused
// CHECK-NEXT: return
func.func @unused(%x: !x) {
  %p = llsa.pool %x block 4 : !x
  %i = llsa.select %x, %x topk 8 : !x, !x
  %o, %lse = llsa.attend %x from dense(%x, %x) : !x, !x, !x
  %a, %m = llsa.attention %x, %x, %x hierarchy <> : !x, !x, !x
  %offsets, %rows = llsa.invert_indices %i of %x : tensor<1x8x32x8xi32>, !x
  %l = llsa.linear_attend %x, %x, %x phi relu : !x, !x, !x
  %0 = llsa.launch "pool" {
    %1 = llsa.pool %x block 16 : !x
    llsa.yield %1 : tensor<1x8x2x64xf32>
  } : tensor<1x8x2x64xf32>
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x2x64xf32>
!z = tensor<1x8x8x64xf32>

// CHECK-LABEL: func @launch_unused_result
// CHECK: %[[R:.*]] = llsa.launch "pool" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
// CHECK-NEXT: %[[Y:.*]] = llsa.pool %{{.*}} block 16
// CHECK-NEXT: llsa.yield %[[Y]] : tensor<1x8x2x64xf32>
// CHECK-NEXT: } {llsa.flops = 1.000000e+00 : f64} : tensor<1x8x2x64xf32>
// CHECK-NEXT: return %[[R]]
func.func @launch_unused_result(%x: !x) -> !y {
  %0, %1 = llsa.launch "pool" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
    %a = llsa.pool %x block 4 : !x
    %b = llsa.pool %x block 16 : !x
    llsa.yield %a, %b : !z, !y
  } {llsa.flops = 1.0} : !z, !y
  return %1 : !y
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x2x64xf32>

// CHECK-LABEL: func @launch_result_twice
// CHECK: %[[R:.*]] = llsa.launch "pool" {
// CHECK: llsa.yield %{{.*}} : tensor<1x8x2x64xf32>
// CHECK: return %[[R]], %[[R]]
func.func @launch_result_twice(%x: !x) -> (!y, !y) {
  %0, %1 = llsa.launch "pool" {
    %b = llsa.pool %x block 16 : !x
    llsa.yield %b, %b : !y, !y
  } : !y, !y
  return %0, %1 : !y, !y
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x2x64xf32>

// CHECK-LABEL: func @launch_result_from_outside
// CHECK-SAME: %[[X:.*]]: tensor<1x8x32x64xf32>
// CHECK: %[[R:.*]] = llsa.launch "pool" {
// CHECK: llsa.yield %{{.*}} : tensor<1x8x2x64xf32>
// CHECK: return %[[X]], %[[R]]
func.func @launch_result_from_outside(%x: !x) -> (!x, !y) {
  %0, %1 = llsa.launch "pool" {
    %b = llsa.pool %x block 16 : !x
    llsa.yield %x, %b : !x, !y
  } : !x, !y
  return %0, %1 : !x, !y
}
