// RUN: llsa-opt %s --split-input-file --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// Each of a lane's elements in turn. Lanes that hold elements for one place
// find each other, sum in pairs, and the first of them adds to memory, behind
// what the other lanes added before. A lane whose element is 0 meets nobody.

// CHECK-LABEL: func.func @scatter_add
// CHECK:       %[[DESTINATION:.*]] = llvm.inline_asm has_side_effects {{.*}} %arg1
// CHECK:       %[[TAKES:.*]] = arith.cmpf une
// CHECK:       %[[ANY:.*]] = nvvm.vote.sync any %{{.*}}, %[[TAKES]]
// CHECK:       scf.if %[[ANY]]
// CHECK:         %[[LOW:.*]] = arith.maxsi %{{.*}}, %c0_i32
// CHECK:         %[[PLACE:.*]] = arith.minsi %[[LOW]], %c4_i32
// CHECK:         %[[ALONE:.*]] = arith.xori %{{.*}}, %c-1_i32
// CHECK:         %[[KEY:.*]] = arith.select %[[TAKES]], %[[PLACE]], %[[ALONE]]
// CHECK:         %[[MEETS:.*]] = nvvm.match.sync any %{{.*}}, %[[KEY]]
// CHECK:         %[[ABOVE:.*]] = arith.andi %[[MEETS]]
// CHECK:         "llvm.intr.cttz"(%[[ABOVE]])
// CHECK:         %[[SUM:.*]]:2 = scf.while
// CHECK:           nvvm.vote.sync any
// CHECK:           nvvm.shfl.sync idx
// CHECK:           nvvm.shfl.sync idx
// CHECK:         %[[BELOW:.*]] = arith.andi %[[MEETS]]
// CHECK:         %[[FIRST:.*]] = arith.cmpi eq, %[[BELOW]], %c0_i32
// CHECK:         nvvm.bar.warp.sync
// CHECK:         %[[ADDS:.*]] = arith.andi %[[TAKES]], %[[FIRST]]
// CHECK:         scf.if %[[ADDS]]
// CHECK:           %[[AT:.*]] = llvm.getelementptr %[[DESTINATION]]
// CHECK:           %[[THERE:.*]] = llvm.load %[[AT]]
// CHECK:           %[[MORE:.*]] = arith.addf %[[THERE]], %[[SUM]]#0
// CHECK:           llvm.store %[[MORE]], %[[AT]]
// CHECK-COUNT-3: nvvm.match.sync any
// CHECK-NOT:   nvvm.match.sync
// CHECK:       llvm.store
// CHECK:       nvvm.bar.warp.sync
// CHECK-NEXT:  return
tile.kernel @scatter_add(%x: memref<16x8xf32>, %d: memref<5xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %row = tile.range %c0 step 1 : tensor<1x8xi32>
  %places = tile.broadcast %row : tensor<1x8xi32> -> tensor<16x8xi32>
  tile.scatter_add %t, %d[%places] : tensor<16x8xf32>, memref<5xf32>, tensor<16x8xi32>
  tile.return
}

// -----

// Of lanes that hold the same element one takes part: here lane 0 of all.

// CHECK-LABEL: func.func @replicated
// CHECK-DAG:   %[[ROW:.*]] = arith.shrui %{{.*}}, %c2_i32
// CHECK-DAG:   %[[COL:.*]] = arith.andi %{{.*}}, %c3_i32
// CHECK-DAG:   %[[ISCOL:.*]] = arith.cmpi eq, %[[COL]], %c0_i32
// CHECK-DAG:   %[[ISROW:.*]] = arith.cmpi eq, %[[ROW]], %c0_i32
// CHECK:       nvvm.match.sync any
// CHECK-NOT:   nvvm.match.sync
tile.kernel @replicated(%x: memref<1x1xf32>, %d: memref<f32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<1x1xf32> -> tensor<1x1xf32>
  tile.scatter_add %t, %d[] : tensor<1x1xf32>, memref<f32>
  tile.return
}

// -----

// Places that 31 bits do not tell apart are told apart by two numbers.

// CHECK-LABEL: func.func @large
// CHECK:       %[[A:.*]] = nvvm.match.sync any
// CHECK:       %[[B:.*]] = nvvm.match.sync any
// CHECK:       arith.andi %[[A]], %[[B]]
tile.kernel @large(%x: memref<8x1xf32>, %d: memref<8x65536x65536xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<8x1xf32> -> tensor<8x1xf32>
  %i = tile.range %c0 step 1 : tensor<8x1xi32>
  tile.scatter_add %t, %d[%i, %i, %i] : tensor<8x1xf32>, memref<8x65536x65536xf32>, tensor<8x1xi32>, tensor<8x1xi32>, tensor<8x1xi32>
  tile.return
}
