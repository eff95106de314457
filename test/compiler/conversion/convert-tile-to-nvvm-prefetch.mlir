// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// Each lane brings a part of the run near.

// CHECK-LABEL: func.func @near
// CHECK:       llvm.inline_asm has_side_effects {{.*}}"prefetch.global.L1 [$0];", "l"
// CHECK-NOT:   llvm.load
tile.kernel @near(%r: memref<8x64xi32>) items [8] {
  %row = tile.work_item : index
  %c0 = arith.constant 0 : index
  tile.prefetch %r[%row, %c0] count 64 : memref<8x64xi32>
  tile.return
}

// Of a tile each lane brings a line of 128 bytes into the L2, here two: rows
// take two lanes.

// CHECK-LABEL: func.func @tile
// CHECK:       %[[ROW:.*]] = arith.divui %[[LANE:.*]], %c2_i32
// CHECK:       %[[LINE:.*]] = arith.remui %[[LANE]], %c2_i32
// CHECK:       arith.muli %[[LINE]], %c64_i32
// CHECK:       llvm.inline_asm has_side_effects {{.*}}"prefetch.global.L2 [$0];", "l"
// CHECK:       %[[NEXT:.*]] = arith.addi %[[LANE]], %c32_i32
// CHECK:       arith.divui %[[NEXT]], %c2_i32
// CHECK:       llvm.inline_asm has_side_effects {{.*}}"prefetch.global.L2 [$0];", "l"
// CHECK-NOT:   prefetch.global
tile.kernel @tile(%q: memref<256x128xbf16>) items [8] {
  %row = tile.work_item : index
  %c0 = arith.constant 0 : index
  tile.prefetch %q[%row, %c0] count 128 rows 32 : memref<256x128xbf16>
  tile.return
}
