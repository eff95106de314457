// RUN: llsa-opt %s --split-input-file --convert-tile-to-vector --canonicalize | FileCheck %s

// A kernel becomes a function over a range of work items. What only streams
// through keeps columns in lanes, and the elementwise op rides between the load
// and the store.

// CHECK-LABEL: func.func @scale(
// CHECK-SAME: %[[X:.*]]: memref<64x32xf32>, %[[Y:.*]]: memref<64x32xf32>, %[[FIRST:.*]]: index, %[[LAST:.*]]: index
// CHECK-SAME: llsa.stack_bytes = 0
// CHECK: scf.for %[[ITEM:.*]] = %[[FIRST]] to %[[LAST]]
// CHECK: %[[ROW:.*]] = arith.muli %[[ITEM]]
// CHECK: scf.for
// CHECK: %[[V:.*]] = vector.load %[[X]]{{.*}} vector<32xf32>
// CHECK-NEXT: %[[W:.*]] = arith.addf %[[V]], %[[V]] fastmath<contract> : vector<32xf32>
// CHECK: vector.store %[[W]], %[[Y]]
tile.kernel @scale(%x: memref<64x32xf32>, %y: memref<64x32xf32>) items [4] {
  %i = tile.work_item : index
  %c16 = arith.constant 16 : index
  %c0 = arith.constant 0 : index
  %r = arith.muli %i, %c16 : index
  %t = tile.load %x[%r, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
  %u = arith.addf %t, %t : tensor<16x32xf32>
  tile.store %u, %y[%r, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// -----

// The item's number splits into indices, the last one fastest; the host
// function, which only lists launches, goes.

// CHECK-NOT: @host
// CHECK-LABEL: func.func @items
// CHECK: %[[I:.*]] = arith.remui %{{.*}}, %c3
// CHECK: %[[J:.*]] = arith.divui %{{.*}}, %c3
// CHECK: memref.load %{{.*}}[%[[J]], %[[I]]]
tile.kernel @items(%x: memref<2x3xf32>) items [2, 3] {
  %i, %j = tile.work_item : index, index
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%i, %j] : memref<2x3xf32>
  memref.store %v, %x[%c0, %c0] : memref<2x3xf32>
  tile.return
}
func.func @host(%x: memref<2x3xf32>) {
  tile.launch @items(%x) : memref<2x3xf32>
  return
}

// -----

// A dot holds a few columns of the result in registers, rows in lanes: one
// vector of a, one scalar of b per column, one fma per column.

// CHECK-LABEL: func.func @dot
// CHECK: memref.alloca() {{.*}} memref<8x16xf32>
// CHECK: %[[R:.*]]:4 = scf.for %[[K:.*]] = %c0 to %c8 step %c1 iter_args
// CHECK-COUNT-1: vector.load %{{.*}}[%[[K]], %c0] : memref<8x16xf32>, vector<16xf32>
// CHECK-COUNT-4: vector.fma
// CHECK: vector.store %[[R]]#0
tile.kernel @dot(%x: memref<16x8xf32>, %y: memref<4x8xf32>, %z: memref<16x4xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x4xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %b = tile.load %y[%c0, %c0] : memref<4x8xf32> -> tensor<4x8xf32>
  %s = tile.dot %a, %b, %zero transpose_b : tensor<16x8xf32>, tensor<4x8xf32> -> tensor<16x4xf32>
  tile.store %s, %z[%c0, %c0] : tensor<16x4xf32>, memref<16x4xf32>
  tile.return
}

// -----

// Of a deep product every 16 terms are a sum of their own, and so is what is
// left: rounding errors of one chain would grow with its length. Nor is it part
// of the chain that a loop over steps carries.

// CHECK-LABEL: func.func @deep_dot
// CHECK: %[[SUM:.*]] = scf.for {{.*}} = %c0 to %c32 step %c16 iter_args(%[[S:.*]] = %{{.*}}) -> (vector<16xf32>)
// CHECK:   %[[PART:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %cst
// CHECK:     vector.fma
// CHECK:   arith.addf %[[S]], %[[PART]]
// CHECK: %[[REST:.*]] = scf.for %{{.*}} = %c32 to %c36 {{.*}} iter_args(%{{.*}} = %cst
// CHECK:   vector.fma
// CHECK: arith.addf %[[SUM]], %[[REST]]
tile.kernel @deep_dot(%x: memref<16x36xf32>, %y: memref<36x1xf32>, %z: memref<16x1xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %acc = tile.load %z[%c0, %c0] : memref<16x1xf32> -> tensor<16x1xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x36xf32> -> tensor<16x36xf32>
  %b = tile.load %y[%c0, %c0] : memref<36x1xf32> -> tensor<36x1xf32>
  %s = tile.dot %a, %b, %acc : tensor<16x36xf32>, tensor<36x1xf32> -> tensor<16x1xf32>
  tile.store %s, %z[%c0, %c0] : tensor<16x1xf32>, memref<16x1xf32>
  tile.return
}

// -----

// A maximum over columns is one vector per column, in four chains; a lazy tile
// that somebody else needs too is kept by the same loop.

// CHECK-LABEL: func.func @reduce
// CHECK: scf.for {{.*}} step %c4 iter_args
// CHECK-COUNT-4: arith.maximumf
// CHECK: scf.yield
// CHECK-COUNT-3: arith.maximumf
tile.kernel @reduce(%x: memref<16x8xf32>, %y: memref<16x1xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %m = tile.reduce max %a over cols : tensor<16x8xf32> -> tensor<16x1xf32>
  tile.store %m, %y[%c0, %c0] : tensor<16x1xf32>, memref<16x1xf32>
  tile.return
}

// -----

// Rows behind `rows` are zeros, and their address is clamped to one that exists.

// CHECK-LABEL: func.func @masked
// CHECK: %[[VALID:.*]] = arith.cmpi slt
// CHECK: arith.minui
// CHECK: %[[V:.*]] = vector.load
// CHECK: arith.select %[[VALID]], %[[V]], %cst
tile.kernel @masked(%x: memref<20x8xf32>, %y: memref<1x8xf32>) items [2] {
  %i = tile.work_item : index
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c20 = arith.constant 20 : index
  %r = arith.muli %i, %c16 : index
  %n = arith.subi %c20, %r : index
  %a = tile.load %x[%r, %c0] rows %n : memref<20x8xf32> -> tensor<16x8xf32>
  %s = tile.reduce add %a over rows : tensor<16x8xf32> -> tensor<1x8xf32>
  tile.store %s, %y[%c0, %c0] : tensor<1x8xf32>, memref<1x8xf32>
  tile.return
}

// -----

// A loop's accumulator is updated in place: one buffer, filled with zeros
// before the loop and stored after it, without copies.

// CHECK-LABEL: func.func @accumulate
// CHECK-COUNT-4: memref.alloca
// CHECK-NOT: memref.alloca
tile.kernel @accumulate(%x: memref<16x32xf32>, %y: memref<32x8xf32>, %z: memref<16x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x8xf32>
  %half = arith.constant dense<0.5> : tensor<16x8xf32>
  %r = scf.for %k = %c0 to %c32 step %c8 iter_args(%acc = %zero) -> tensor<16x8xf32> {
    %a = tile.load %x[%c0, %k] : memref<16x32xf32> -> tensor<16x8xf32>
    %b = tile.load %y[%k, %c0] : memref<32x8xf32> -> tensor<8x8xf32>
    %scaled = arith.mulf %acc, %half : tensor<16x8xf32>
    %next = tile.dot %a, %b, %scaled : tensor<16x8xf32>, tensor<8x8xf32> -> tensor<16x8xf32>
    scf.yield %next : tensor<16x8xf32>
  }
  tile.store %r, %z[%c0, %c0] : tensor<16x8xf32>, memref<16x8xf32>
  tile.return
}

// -----

// A gather follows its rows; a negative row gives zeros from a row that exists.

// CHECK-LABEL: func.func @gather
// CHECK: arith.maxsi
// CHECK: vector.load
// CHECK: arith.select
tile.kernel @gather(%x: memref<64x8xf32>, %i: memref<1x4xi32>, %y: memref<1x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %rows = tile.block_rows %i[%c0, %c0] block 4 limit 64 : memref<1x4xi32> -> tensor<1x16xi32>
  %a = tile.gather %x[%c0] at %rows : memref<64x8xf32>, tensor<1x16xi32> -> tensor<16x8xf32>
  %s = tile.reduce add %a over rows : tensor<16x8xf32> -> tensor<1x8xf32>
  tile.store %s, %y[%c0, %c0] : tensor<1x8xf32>, memref<1x8xf32>
  tile.return
}

// -----

// A candidate that is worse than every row's last place costs one comparison.

// CHECK-LABEL: func.func @topk
// CHECK: vector.reduction <or>
// CHECK: scf.if
// CHECK: scf.for {{.*}} iter_args
tile.kernel @topk(%x: memref<16x32xf32>, %y: memref<16x4xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %least = arith.constant dense<0xFF800000> : tensor<16x4xf32>
  %none = arith.constant dense<-1> : tensor<16x4xi32>
  %a = tile.load %x[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %ids = tile.range %c0 step 1 : tensor<1x32xi32>
  %s, %i = tile.topk %least, %none insert %a at %ids : tensor<16x4xf32>, tensor<16x4xi32>, tensor<16x32xf32>, tensor<1x32xi32>
  tile.store %i, %y[%c0, %c0] : tensor<16x4xi32>, memref<16x4xi32>
  tile.return
}

// -----

// Truth values are bytes in memory: vectors of bits would be packed.

// CHECK-LABEL: func.func @truth
// CHECK: memref.alloca() {{.*}} memref<1x8xi8>
// CHECK: arith.extui %{{.*}} : vector<8xi1> to vector<8xi8>
// CHECK: %[[B:.*]] = memref.load %{{.*}} : memref<1x8xi8>
// CHECK: arith.trunci %[[B]] : i8 to i1
tile.kernel @truth(%x: memref<16x8xf32>, %y: memref<16x1xf32>) items [4] {
  %i = tile.work_item : index
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %id = tile.range %i step 1 : tensor<1x8xi32>
  %three = arith.constant dense<3> : tensor<1x8xi32>
  %few = arith.cmpi slt, %id, %three : tensor<1x8xi32>
  %mask = tile.broadcast %few : tensor<1x8xi1> -> tensor<16x8xi1>
  %zero = arith.constant dense<0.0> : tensor<16x8xf32>
  %b = arith.select %mask, %a, %zero : tensor<16x8xi1>, tensor<16x8xf32>
  %m = tile.reduce add %b over cols : tensor<16x8xf32> -> tensor<16x1xf32>
  tile.store %m, %y[%c0, %c0] : tensor<16x1xf32>, memref<16x1xf32>
  tile.return
}

// -----

// One element is repeated to any size.

// CHECK-LABEL: func.func @one_element
// CHECK: memref.load %{{.*}}[%{{.*}}] : memref<4xf32>
// CHECK: vector.broadcast {{.*}} : f32 to vector<16xf32>
tile.kernel @one_element(%slopes: memref<4xf32>, %y: memref<16x8xf32>) items [4] {
  %i = tile.work_item : index
  %c0 = arith.constant 0 : index
  %id = tile.range %i step 1 : tensor<1x1xi32>
  %s = tile.lookup %slopes[%id] : memref<4xf32>, tensor<1x1xi32> -> tensor<1x1xf32>
  %b = tile.broadcast %s : tensor<1x1xf32> -> tensor<16x8xf32>
  %old = tile.load %y[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %m = tile.reduce max %old over cols : tensor<16x8xf32> -> tensor<16x1xf32>
  %mb = tile.broadcast %m : tensor<16x1xf32> -> tensor<16x8xf32>
  %sum = arith.addf %b, %mb : tensor<16x8xf32>
  tile.store %sum, %y[%c0, %c0] : tensor<16x8xf32>, memref<16x8xf32>
  tile.return
}

// -----

// Elements are added one after the other, in the order of columns, at indices
// that are clamped to the memory.

// CHECK-LABEL: func.func @scatter_add
// CHECK-SAME: %[[X:[^:]*]]: memref<16x8xf32>, %[[D:[^:]*]]: memref<5xf32>
// CHECK: %[[I:.*]] = memref.load %{{.*}}[%[[C:.*]], %[[R:.*]]] : memref<8x16xi32>
// CHECK-NEXT: arith.maxsi %[[I]], %c0_i32
// CHECK: arith.minsi {{.*}}, %c4_i32
// CHECK: %[[AT:.*]] = arith.index_cast
// CHECK: %[[THERE:.*]] = memref.load %[[D]][%[[AT]]]
// CHECK: %[[MORE:.*]] = memref.load %{{.*}}[%[[C]], %[[R]]] : memref<8x16xf32>
// CHECK: %[[SUM:.*]] = arith.addf %[[THERE]], %[[MORE]]
// CHECK: memref.store %[[SUM]], %[[D]][%[[AT]]]
tile.kernel @scatter_add(%x: memref<16x8xf32>, %d: memref<5xf32>) items [1] {
  %i = tile.work_item : index
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %row = tile.range %c0 step 1 : tensor<1x8xi32>
  %places = tile.broadcast %row : tensor<1x8xi32> -> tensor<16x8xi32>
  tile.scatter_add %t, %d[%places] : tensor<16x8xf32>, memref<5xf32>, tensor<16x8xi32>
  tile.return
}
