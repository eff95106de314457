// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-persist))' | FileCheck %s
// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-persist,tile-stage-streams{bulk=true},canonicalize,cse))' | FileCheck %s --check-prefix=STAGED

// A launch of any number of CTAs does all the work: CTA numbers are taken in
// steps of the launch's size.

// CHECK-LABEL: tile.kernel @scores
// CHECK-SAME: tile.persistent
// CHECK: %[[FIRST:.*]] = tile.cta
// CHECK: %[[STEP:.*]] = tile.num_ctas
// CHECK: %[[END:.*]] = arith.constant 16 : index
// CHECK: scf.for %[[N:.*]] = %[[FIRST]] to %[[END]] step %[[STEP]] iter_args(%[[DONE:.*]] =
// CHECK:   tile.work_item of %[[N]] : index
// CHECK:   tile.load

// The next item's queries come near, those of the last item's its own.

// CHECK:   %[[NEXT:.*]] = arith.addi %[[N]], %[[STEP]]
// CHECK:   %[[LAST:.*]] = arith.subi %[[END]],
// CHECK:   %[[CTA:.*]] = arith.minui %[[NEXT]], %[[LAST]]
// CHECK:   %[[ITEM:.*]] = tile.work_item of %[[CTA]] : index
// CHECK:   %[[ROW:.*]] = arith.muli %[[ITEM]],
// CHECK:   tile.prefetch %{{.*}}[%[[ROW]], %c0] count 64 rows 16 : memref<1024x64xbf16>
// CHECK:   tile.stream count 4
// CHECK:   tile.store
// CHECK:   %[[MORE:.*]] = arith.addi %[[DONE]],
// CHECK:   scf.yield %[[MORE]] : index

// Copies of the first elements stand before the loop. Inside, the element that
// is started may be the next item's: its addresses are computed again for the
// next CTA number.

// STAGED-LABEL: tile.kernel @scores
// STAGED: tile.is_producer
// STAGED: scf.if
// STAGED:   tile.expect
// STAGED:   tile.work_item of %{{.*}} : index
// STAGED:   tile.bulk_copy
// STAGED: scf.for %[[N:[a-z0-9]+]] = %{{[a-z0-9]+}} to %{{[a-z0-9]+}} step %[[STEP:[a-z0-9]+]] iter_args(%[[DONE:[a-z0-9]+]] =
// STAGED:   %[[NEXT:.*]] = arith.addi %[[N]], %[[STEP]]
// STAGED:   scf.for %[[I:[a-z0-9]+]] =
// STAGED:     %[[BEFORE:.*]] = arith.muli %[[DONE]], %c4
// STAGED:     arith.addi %[[BEFORE]], %[[I]]
// STAGED:     %[[CTA:.*]] = arith.select %{{.*}}, %[[N]], %[[NEXT]]
// STAGED:     scf.if
// STAGED:       tile.work_item of %[[CTA]] : index
// STAGED:       tile.bulk_copy
// STAGED:     tile.await
tile.kernel @scores(%q: memref<1024x64xbf16>, %k: memref<8x128x64xbf16>, %o: memref<1024x32xf32>)
    items [64] schedule <rows = 16, cols = 32, warps = 4, stages = 2, persistent = true> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %head = arith.divui %w, %c8 : index
  %a = tile.load %q[%row, %c0] : memref<1024x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 4 {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %k[%head, %r, %c0] : memref<8x128x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %d = scf.for %i = %c0 to %c4 step %c1 iter_args(%sum = %zero) -> tensor<16x32xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %n = tile.dot %a, %b, %sum transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    scf.yield %n : tensor<16x32xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<1024x32xf32>
  tile.return
}

// Nothing that could be copied ahead: stays as it is.

// CHECK-LABEL: tile.kernel @copy
// CHECK-NOT: scf.for
tile.kernel @copy(%x: memref<64x32xf32>, %y: memref<64x32xf32>) items [4]
    schedule <rows = 16, cols = 32, warps = 4, stages = 2, persistent = true> {
  %i = tile.work_item : index
  %c16 = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %r = arith.muli %i, %c16 : index
  %t = tile.load %x[%r, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
  tile.store %t, %y[%r, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// The schedule says no.

// CHECK-LABEL: tile.kernel @one
// CHECK-NOT: tile.persistent
// CHECK-NOT: tile.cta
tile.kernel @one(%q: memref<64x64xbf16>, %k: memref<32x64xbf16>, %o: memref<64x32xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 1 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %c0] : memref<32x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %b = tile.next %s[%c0] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
  %d = tile.dot %a, %b, %zero transpose_b
      : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}
