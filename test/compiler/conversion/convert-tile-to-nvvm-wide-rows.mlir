// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// A fragment of 16-bit elements takes its rows in pieces of 16 bytes: eight
// columns for a lane, which the four lanes of a row transpose. A tile of 16 rows
// and 32 columns is a piece of two rows for each lane, two steps of two
// exchanges each.

// CHECK-LABEL: func.func @copy
// CHECK-COUNT-2: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// CHECK-COUNT-8: nvvm.shfl.sync bfly
// CHECK-NOT: llvm.load
// CHECK-COUNT-8: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl.sync
// CHECK-COUNT-2: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<1>
// CHECK-NOT: llvm.store
tile.kernel @copy(%x: memref<16x32xbf16>, %y: memref<16x32xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xbf16> -> tensor<16x32xbf16>
  tile.store %t, %y[%c0, %c0] : tensor<16x32xbf16>, memref<16x32xbf16>
  tile.return
}

// A sum over columns takes them in any order: lanes add what they loaded, and
// exchange their sums alone.

// CHECK-LABEL: func.func @sums
// CHECK-COUNT-4: llvm.load %{{.*}} -> vector<4xi32>
// CHECK-NOT: nvvm.shfl.sync
// CHECK: arith.mulf
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl.sync
tile.kernel @sums(%x: memref<16x32xf16>, %y: memref<16x32xf16>,
                  %z: memref<16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xf16> -> tensor<16x32xf16>
  %u = tile.load %y[%c0, %c0] : memref<16x32xf16> -> tensor<16x32xf16>
  %tf = arith.extf %t : tensor<16x32xf16> to tensor<16x32xf32>
  %uf = arith.extf %u : tensor<16x32xf16> to tensor<16x32xf32>
  %product = arith.mulf %tf, %uf : tensor<16x32xf32>
  %sums = tile.reduce add %product over cols : tensor<16x32xf32> -> tensor<16x1xf32>
  tile.store %sums, %z[%c0] row_dim 0 : tensor<16x1xf32>, memref<16xf32>
  tile.return
}

// Both forms of one tile: what is stored is transposed, what is summed is not.
// One factor in fragments makes it a product of fragments.

// CHECK-LABEL: func.func @both
// CHECK-COUNT-2: llvm.load %{{.*}} -> vector<4xi32>
// CHECK-COUNT-8: nvvm.shfl.sync bfly
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
// CHECK: llvm.store %{{.*}} : vector<4xi32>
// CHECK-LABEL: func.func @fragments
// CHECK-COUNT-2: llvm.load %{{.*}} -> vector<4xi32>
// CHECK-COUNT-8: nvvm.shfl.sync bfly
// CHECK: arith.mulf %{{.*}}, %{{.*}} : f32
tile.kernel @both(%x: memref<16x32xbf16>, %y: memref<16x32xbf16>,
                  %z: memref<16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xbf16> -> tensor<16x32xbf16>
  %tf = arith.extf %t : tensor<16x32xbf16> to tensor<16x32xf32>
  %square = arith.mulf %tf, %tf : tensor<16x32xf32>
  %sums = tile.reduce add %square over cols : tensor<16x32xf32> -> tensor<16x1xf32>
  tile.store %t, %y[%c0, %c0] : tensor<16x32xbf16>, memref<16x32xbf16>
  tile.store %sums, %z[%c0] row_dim 0 : tensor<16x1xf32>, memref<16xf32>
  tile.return
}
tile.kernel @fragments(%x: memref<16x32xbf16>, %y: memref<16x32xf32>,
                       %z: memref<16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xbf16> -> tensor<16x32xbf16>
  %u = tile.load %y[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %tf = arith.extf %t : tensor<16x32xbf16> to tensor<16x32xf32>
  %product = arith.mulf %tf, %u : tensor<16x32xf32>
  %sums = tile.reduce add %product over cols : tensor<16x32xf32> -> tensor<16x1xf32>
  tile.store %sums, %z[%c0] row_dim 0 : tensor<16x1xf32>, memref<16xf32>
  tile.return
}

// Rows of 48 columns have no four pieces for every four lanes, and a tile that
// starts at column 4 none that lie at multiples of 16 bytes: pairs, as they are.

// CHECK-LABEL: func.func @narrow
// CHECK-NOT: vector<4xi32>
// CHECK-NOT: nvvm.shfl.sync
tile.kernel @narrow(%x: memref<16x48xbf16>, %y: memref<16x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %t = tile.load %x[%c0, %c0] : memref<16x48xbf16> -> tensor<16x48xbf16>
  tile.store %t, %x[%c0, %c0] : tensor<16x48xbf16>, memref<16x48xbf16>
  %u = tile.load %y[%c0, %c4] : memref<16x64xbf16> -> tensor<16x32xbf16>
  tile.store %u, %y[%c0, %c4] : tensor<16x32xbf16>, memref<16x64xbf16>
  tile.return
}

// Bytes: eight columns for a lane again, so pieces of 8 bytes. A pair of one row
// and one of the other are exchanged as one number.

// CHECK-LABEL: func.func @bytes
// CHECK-COUNT-2: llvm.load %{{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> vector<2xi32>
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT: llvm.load
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl.sync
// CHECK-COUNT-2: llvm.store %{{.*}} {alignment = 8 : i64} : vector<8xi8>, !llvm.ptr<1>
// CHECK-NOT: llvm.store
tile.kernel @bytes(%x: memref<16x32xi8>, %y: memref<16x32xi8>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xi8> -> tensor<16x32xi8>
  tile.store %t, %y[%c0, %c0] : tensor<16x32xi8>, memref<16x32xi8>
  tile.return
}

// Bytes and 16 bits meet as they were loaded where columns are summed.

// CHECK-LABEL: func.func @mixed
// CHECK-COUNT-2: llvm.load %{{.*}} -> vector<4xi32>
// CHECK-COUNT-2: llvm.load %{{.*}} -> vector<2xi32>
// CHECK-NOT: nvvm.shfl.sync
// CHECK: arith.mulf
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK-NOT: nvvm.shfl.sync
tile.kernel @mixed(%x: memref<16x32xbf16>, %y: memref<16x32xi8>,
                   %z: memref<16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xbf16> -> tensor<16x32xbf16>
  %u = tile.load %y[%c0, %c0] : memref<16x32xi8> -> tensor<16x32xi8>
  %tf = arith.extf %t : tensor<16x32xbf16> to tensor<16x32xf32>
  %uf = arith.sitofp %u : tensor<16x32xi8> to tensor<16x32xf32>
  %product = arith.mulf %tf, %uf : tensor<16x32xf32>
  %sums = tile.reduce add %product over cols : tensor<16x32xf32> -> tensor<16x1xf32>
  tile.store %sums, %z[%c0] row_dim 0 : tensor<16x1xf32>, memref<16xf32>
  tile.return
}
