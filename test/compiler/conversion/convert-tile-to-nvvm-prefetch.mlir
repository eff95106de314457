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
