// RUN: llsa-opt %s --split-input-file --llsa-assign-schedule="target=cpu" | FileCheck %s
// RUN: llsa-opt %s --split-input-file --llsa-assign-schedule="target=cpu:znver3:+avx,+avx2" | FileCheck %s
// RUN: llsa-opt %s --split-input-file --llsa-assign-schedule="rows=8 cols=32" | FileCheck %s --check-prefix=GIVEN

// CHECK-LABEL: func.func @select
// CHECK: llsa.launch "select_1" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
// 2 * 8 * 256 * 64 multiplications and additions for each of 256 keys; 1 MB in, 64 KB out.
// CHECK: } {llsa.bytes = 1.114110e+06 : f64, llsa.flops = 6.710890e+07 : f64} : tensor<1x8x256x8xi32>
// GIVEN-LABEL: func.func @select
// GIVEN: llsa.launch "select_1" schedule #tile.schedule<rows = 8, cols = 32, warps = 1, stages = 1> {
func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>)
    -> tensor<1x8x256x8xi32> {
  %i = llsa.launch "select_1" {
    %0 = llsa.select %q, %k topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
    llsa.yield %0 : tensor<1x8x256x8xi32>
  } : tensor<1x8x256x8xi32>
  return %i : tensor<1x8x256x8xi32>
}

// -----

// Tiles stay within the queries that share an index row: 12 of them. One step
// takes whole blocks.
// CHECK-LABEL: func.func @attend
// CHECK: llsa.launch "attend" schedule #tile.schedule<rows = 12, cols = 60, warps = 1, stages = 1> {
// Keys per query: 4 * 12 gathered + 84 dense; 4 * 1000 * 8 * 132 flops.
// CHECK: } {llsa.bytes = 1.000320e+05 : f64, llsa.flops = 4.224000e+06 : f64}
!x = tensor<1x1x1000x8xf32>
!p = tensor<1x1x84x8xf32>
!i = tensor<1x1x84x4xi32>
func.func @attend(%q: !x, %k: !x, %k1: !p, %i: !i) -> !x {
  %0 = llsa.launch "attend" {
    %o, %lse = llsa.attend %q from gathered(%k, %k by %i) block 12 every 12,
                                   dense(%k1, %k1) span 12 : !x, !x, !x, !i, !p, !p
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}

// -----

// Pools: rows of the finest level under one of the coarsest. Elementwise: rows
// of the last dimension. A schedule that stands there stays.
// CHECK-LABEL: func.func @others
// CHECK: llsa.launch "pool" schedule #tile.schedule<rows = 16, cols = 8, warps = 1, stages = 1> {
// CHECK: {llsa.bytes = 3.414400e+04 : f64, llsa.flops = 8.504000e+03 : f64}
// CHECK: llsa.launch "elementwise" schedule #tile.schedule<rows = 16, cols = 8, warps = 1, stages = 1> {
// CHECK: {llsa.bytes = 6.400000e+04 : f64, llsa.flops = 8.000000e+03 : f64}
// CHECK: llsa.launch "mine" schedule #tile.schedule<rows = 2, cols = 4, warps = 1, stages = 1> {
!x = tensor<1x1x1000x8xf32>
!p = tensor<1x1x63x8xf32>
!r = tensor<1x1x4x8xf32>
func.func @others(%q: !x) -> (!p, !r, !x, !x) {
  %0:2 = llsa.launch "pool" {
    %a = llsa.pool %q block 16 : !x
    %b = llsa.pool %a block 16 : !p
    llsa.yield %a, %b : !p, !r
  } : !p, !r
  %1 = llsa.launch "elementwise" {
    %c = arith.constant dense<2.0> : !x
    %a = arith.mulf %q, %c : !x
    llsa.yield %a : !x
  } : !x
  %2 = llsa.launch "mine" schedule #tile.schedule<rows = 2, cols = 4, warps = 1, stages = 1> {
    %a = llsa.linear_attend %q, %q, %q phi relu : !x, !x, !x
    llsa.yield %a : !x
  } : !x
  return %0#0, %0#1, %1, %2 : !p, !r, !x, !x
}
