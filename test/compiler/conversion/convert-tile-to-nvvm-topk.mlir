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

// Many candidates and a scratch: 64 candidates, 16 in each lane, are eight groups
// whose greatest give the bound. Candidates above it go to shared memory, where
// they are ranked: 12 at first, 16 where some row has more than that. More than
// 16 go the exact way.

// CHECK-LABEL: func.func @pruned
// CHECK-COUNT-8:  arith.maxui %{{.*}} : i32
// CHECK:          nvvm.shfl.sync  bfly
// CHECK:          %[[ONE:.*]] = arith.subi %{{.*}}, %c1_i32 : i32
// CHECK:          %[[MANY:.*]] = arith.cmpi ugt, %{{.*}}, %c16_i32 : i32
// CHECK:          %[[BOUND:.*]] = arith.select %[[MANY]], %c-1_i32, %[[ONE]] : i32
// CHECK:          nvvm.bar.warp.sync
// CHECK-COUNT-16: llvm.inline_asm {{.*}}@above st.shared.v2.b32{{.*}} %[[BOUND]],
// CHECK:          nvvm.bar.warp.sync
// CHECK-COUNT-36: arith.cmpi ugt, %{{.*}} : i64
// CHECK:          nvvm.vote.sync any
// CHECK:          scf.if
// CHECK-COUNT-28: arith.cmpi ugt, %{{.*}} : i64
// CHECK:          nvvm.bar.warp.sync
// CHECK:          nvvm.vote.sync any
// CHECK:          scf.if
// CHECK:            scf.for
tile.kernel @pruned(%x: memref<8x64xf32>, %i: memref<8x8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %scratch = tile.alloc_shared scope warp offset 0 : memref<1x13x32xf32, 3>
  %scores = tile.load %x[%c0, %c0] : memref<8x64xf32> -> tensor<8x64xf32>
  %ids = tile.range %c0 step 1 : tensor<1x64xi32>
  %none = arith.constant dense<0xFF800000> : tensor<8x8xf32>
  %empty = arith.constant dense<-1> : tensor<8x8xi32>
  %s, %n = tile.topk %none, %empty insert %scores at %ids scratch %scratch
      : tensor<8x8xf32>, tensor<8x8xi32>, tensor<8x64xf32>, tensor<1x64xi32>, memref<1x13x32xf32, 3>
  tile.store %n, %i[%c0, %c0] : tensor<8x8xi32>, memref<8x8xi32>
  tile.return
}

// A list so far: its last (the least of two in each lane, and of the four lanes)
// is a bound. Where no candidate of the warp is above it, the list stays. Where
// one row has more than 16 above, groups give a higher bound.

// CHECK-LABEL: func.func @extended
// CHECK:          %[[LIST:.*]]:4 = scf.for {{.*}} iter_args(%[[S0:.*]] = %{{.*}}, %[[S1:.*]] = %{{.*}}, %[[I0:.*]] = %{{.*}}, %[[I1:.*]] = %{{.*}}) -> (f32, f32, i32, i32)
// CHECK-COUNT-3:    arith.minui %{{.*}} : i32
// CHECK:            %[[BOUND:.*]] = arith.subi %{{.*}}, %c1_i32 : i32
// CHECK-COUNT-16:   arith.cmpi ugt, %{{.*}}, %[[BOUND]] : i32
// CHECK:            %[[NEW:.*]] = nvvm.vote.sync any
// CHECK:            scf.if %[[NEW]] -> (f32, f32, i32, i32, i1)
// CHECK:              %[[MANY:.*]] = nvvm.vote.sync any
// CHECK:              scf.if %[[MANY]] -> (i32, i32, i32)
// CHECK-COUNT-8:        arith.maxui %{{.*}} : i32
// CHECK:                scf.yield
// CHECK:              else
// CHECK:                scf.yield %[[BOUND]],
// CHECK-COUNT-18:     llvm.inline_asm {{.*}}@above st.shared.v2.b32
// CHECK:            else
// CHECK:              scf.yield %[[S0]], %[[S1]], %[[I0]], %[[I1]], %false
tile.kernel @extended(%x: memref<8x256xf32>, %i: memref<8x8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  %scratch = tile.alloc_shared scope warp offset 0 : memref<1x13x32xf32, 3>
  %none = arith.constant dense<0xFF800000> : tensor<8x8xf32>
  %empty = arith.constant dense<-1> : tensor<8x8xi32>
  %list:2 = scf.for %n = %c0 to %c4 step %c1 iter_args(%s = %none, %j = %empty)
      -> (tensor<8x8xf32>, tensor<8x8xi32>) {
    %first = arith.muli %n, %c64 : index
    %scores = tile.load %x[%c0, %first] : memref<8x256xf32> -> tensor<8x64xf32>
    %ids = tile.range %first step 1 : tensor<1x64xi32>
    %s1, %j1 = tile.topk %s, %j insert %scores at %ids scratch %scratch
        : tensor<8x8xf32>, tensor<8x8xi32>, tensor<8x64xf32>, tensor<1x64xi32>, memref<1x13x32xf32, 3>
    scf.yield %s1, %j1 : tensor<8x8xf32>, tensor<8x8xi32>
  }
  tile.store %list#1, %i[%c0, %c0] : tensor<8x8xi32>, memref<8x8xi32>
  tile.return
}
