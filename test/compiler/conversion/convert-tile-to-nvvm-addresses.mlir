// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// All addresses of a step follow from one, which depends on the step. So none
// of them is computed in front of the loop and kept in registers.

// A lane copies a chunk of every fourth row. In memory each is a stride behind
// the one before. In shared memory it is where the first one is, rows further
// on, and with a bit turned in rows 4 and 12, whose chunks are turned by 4.

// CHECK-LABEL: func.func @copies
// CHECK:       scf.for
// CHECK:       cp.async.cg.shared.global {{.*}} %[[TO:.*]], %[[FROM:[^ ]*]] :
// CHECK-NEXT:  %[[TURNED:.*]] = arith.xori %[[TO]], %c64_i32
// CHECK-NEXT:  %[[TO4:.*]] = arith.addi %[[TURNED]], %c512_i32
// CHECK:       %[[FROM4:.*]] = llvm.getelementptr %[[FROM]][%[[STEP:.*]]] :
// CHECK-NEXT:  cp.async.cg.shared.global {{.*}} %[[TO4]], %[[FROM4]] :
// CHECK-NEXT:  %[[TO8:.*]] = arith.addi %[[TO]], %c1024_i32
// CHECK-NEXT:  %[[FROM8:.*]] = llvm.getelementptr %[[FROM4]][%[[STEP]]] :
// CHECK-NEXT:  cp.async.cg.shared.global {{.*}} %[[TO8]], %[[FROM8]] :
// CHECK-NEXT:  %[[TO12:.*]] = arith.addi %[[TURNED]], %c1536_i32
// CHECK-NEXT:  %[[FROM12:.*]] = llvm.getelementptr %[[FROM8]][%[[STEP]]] :
// CHECK-NEXT:  cp.async.cg.shared.global {{.*}} %[[TO12]], %[[FROM12]] :

// Steps of the depth, too, are bits of the first one's address.

// CHECK:       ldmatrix{{.*}} %[[CHUNK:[^ ]*]] :
// CHECK:       arith.xori %[[CHUNK]], %c32_i32
// CHECK:       arith.xori %[[CHUNK]], %c64_i32
// CHECK:       arith.xori %[[CHUNK]], %c96_i32
tile.kernel @copies(%q: memref<16x64xbf16>, %k: memref<64x64xbf16, strided<[?, 1]>>, %s: memref<16x16xf32>) items [1]
    schedule <rows = 16, cols = 16, warps = 1, stages = 1>
    attributes {tile.lane_columns = 2 : i64, tile.shared_bytes = 2048 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %ring = tile.alloc_shared scope warp offset 0 : memref<1x16x64xbf16, 3>
  %a = tile.load %q[%c0, %c0] : memref<16x64xbf16> -> tensor<16x64xbf16>
  %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> tensor<16x16xf32> {
    %first = arith.muli %i, %c16 : index
    tile.copy_async %k[%first, %c0] to %ring[%c0] : memref<64x64xbf16, strided<[?, 1]>>, memref<1x16x64xbf16, 3>
    tile.commit_group
    tile.wait_group 0 scope warp
    %b = tile.shared_tile %ring[%c0] : memref<1x16x64xbf16, 3> -> tensor<16x64xbf16>
    %d = tile.dot %a, %b, %acc transpose_b
        : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  tile.store %sum, %s[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// One of two memories of a type: its pointer and those strides that are not
// known.

// CHECK-LABEL: func.func @choice(
// CHECK-SAME:  %[[P:.*]]: !llvm.ptr<1>, %[[PS:.*]]: i64, %[[Q:.*]]: !llvm.ptr<1>, %[[QS:.*]]: i64, %{{.*}}: !llvm.ptr<1>)
// CHECK-DAG:   %[[PI:.*]] = arith.index_cast %[[PS]]
// CHECK-DAG:   %[[QI:.*]] = arith.index_cast %[[QS]]
// CHECK:       %[[CHOSEN:.*]] = arith.select %[[WHICH:.*]], %[[P]], %[[Q]] : !llvm.ptr<1>
// CHECK:       %[[STRIDE:.*]] = arith.select %[[WHICH]], %[[PI]], %[[QI]] : index
// CHECK:       arith.muli %{{.*}}, %[[STRIDE]]
// CHECK:       llvm.getelementptr %[[CHOSEN]]
tile.kernel @choice(%p: memref<64x64xf32, strided<[?, 1]>>, %q: memref<64x64xf32, strided<[?, 1]>>, %o: memref<64x64xf32>) items [8]
    schedule <rows = 16, cols = 16, warps = 1, stages = 1> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %item = tile.work_item : index
  %first = arith.cmpi ult, %item, %c4 : index
  %either = arith.select %first, %p, %q : memref<64x64xf32, strided<[?, 1]>>
  %row = arith.muli %item, %c16 : index
  %x = tile.load %either[%row, %c0] : memref<64x64xf32, strided<[?, 1]>> -> tensor<16x16xf32>
  tile.store %x, %o[%c0, %c0] : tensor<16x16xf32>, memref<64x64xf32>
  tile.return
}
