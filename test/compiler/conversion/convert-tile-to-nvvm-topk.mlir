// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// A short list of 16 candidates, four in each lane: a lane sorts its four (five
// exchanges), and two exchanges with the other lanes make the list. The exact
// way stands in a branch.

// CHECK-LABEL: func.func @sorted
// CHECK-COUNT-5:  arith.maxui %{{.*}} : i32
// CHECK-COUNT-8:  nvvm.shfl.sync  bfly
// CHECK:          nvvm.vote.sync any
// CHECK:          scf.if
// CHECK:            scf.for
tile.kernel @sorted(%x: memref<8x16xf32>, %i: memref<8x4xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %scores = tile.load %x[%c0, %c0] : memref<8x16xf32> -> tensor<8x16xf32>
  %ids = tile.range %c0 step 1 : tensor<1x16xi32>
  %none = arith.constant dense<0xFF800000> : tensor<8x4xf32>
  %empty = arith.constant dense<-1> : tensor<8x4xi32>
  %s, %n = tile.topk %none, %empty insert %scores at %ids
      : tensor<8x4xf32>, tensor<8x4xi32>, tensor<8x16xf32>, tensor<1x16xi32>
  tile.store %n, %i[%c0, %c0] : tensor<8x4xi32>, memref<8x4xi32>
  tile.return
}

// A long one: nothing is sorted, the best are found one by one.

// CHECK-LABEL: func.func @struck
// CHECK-NOT:      arith.maxui
// CHECK-NOT:      scf.if
// CHECK:          scf.for
// CHECK:          return
tile.kernel @struck(%x: memref<8x32xf32>, %i: memref<8x24xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %scores = tile.load %x[%c0, %c0] : memref<8x32xf32> -> tensor<8x32xf32>
  %ids = tile.range %c0 step 1 : tensor<1x32xi32>
  %none = arith.constant dense<0xFF800000> : tensor<8x24xf32>
  %empty = arith.constant dense<-1> : tensor<8x24xi32>
  %s, %n = tile.topk %none, %empty insert %scores at %ids
      : tensor<8x24xf32>, tensor<8x24xi32>, tensor<8x32xf32>, tensor<1x32xi32>
  tile.store %n, %i[%c0, %c0] : tensor<8x24xi32>, memref<8x24xi32>
  tile.return
}

// Rows of blocks, as candidates, are read again where the exact way stands: no
// register keeps them for a branch that is rarely taken. The pointer there is
// one of which LLVM does not know that it is the same.

// CHECK-LABEL: func.func @read_again
// CHECK-SAME:  (%[[X:.*]]: !llvm.ptr<1>, %[[B:.*]]: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>)
// CHECK:       nvvm.vote.sync any
// CHECK:       scf.if
// CHECK:         %[[AGAIN:.*]] = llvm.inline_asm {{.*}} %[[B]] :
// CHECK-COUNT-4: llvm.getelementptr %[[AGAIN]]
// CHECK:         scf.for
tile.kernel @read_again(%x: memref<8x16xf32>, %b: memref<2xi32>, %i: memref<8x4xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %scores = tile.load %x[%c0, %c0] : memref<8x16xf32> -> tensor<8x16xf32>
  %ids = tile.block_rows %b[%c0] block 8 limit 64 : memref<2xi32> -> tensor<1x16xi32>
  %none = arith.constant dense<0xFF800000> : tensor<8x4xf32>
  %empty = arith.constant dense<-1> : tensor<8x4xi32>
  %s, %n = tile.topk %none, %empty insert %scores at %ids
      : tensor<8x4xf32>, tensor<8x4xi32>, tensor<8x16xf32>, tensor<1x16xi32>
  tile.store %n, %i[%c0, %c0] : tensor<8x4xi32>, memref<8x4xi32>
  tile.return
}
