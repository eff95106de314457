// RUN: llsa-opt %s --llsa-host-entry --split-input-file --verify-diagnostics | FileCheck %s

// The entry loads pointers and open strides from the descriptors; static sizes
// and strides are constants of the body.
func.func @copy(%x: memref<4x8xf32, strided<[?, 1]>>, %y: memref<4x8xf32>,
                %first: index, %last: index) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  scf.for %i = %first to %last step %c1 {
    %v = vector.load %x[%i, %c0] : memref<4x8xf32, strided<[?, 1]>>, vector<8xf32>
    vector.store %v, %y[%i, %c0] : memref<4x8xf32>, vector<8xf32>
  }
  return
}
// CHECK-LABEL: llvm.func internal @copy.items(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: !llvm.ptr {llvm.noalias, llvm.nonnull}, %[[S:[a-z0-9]+]]: i64,
// CHECK-SAME:    %[[Y:[a-z0-9]+]]: !llvm.ptr {llvm.noalias, llvm.nonnull},
// CHECK-SAME:    %{{.*}}: i64, %{{.*}}: i64) attributes {no_inline}
// CHECK:         llvm.insertvalue %[[S]], %{{.*}}[4, 0]
// CHECK:         scf.for
// CHECK:         llvm.return
// CHECK-LABEL: llvm.func @copy(
// CHECK-SAME:    %[[ARGS:[a-z0-9]+]]: !llvm.ptr, %[[FIRST:[a-z0-9]+]]: i64, %[[LAST:[a-z0-9]+]]: i64)
// CHECK:         %[[A0:[a-z0-9]+]] = llvm.getelementptr %[[ARGS]][0]
// CHECK:         %[[D0:[a-z0-9]+]] = llvm.load %[[A0]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[P0:[a-z0-9]+]] = llvm.getelementptr %[[D0]][1]
// CHECK:         %[[PX:[a-z0-9]+]] = llvm.load %[[P0]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[Q0:[a-z0-9]+]] = llvm.getelementptr %[[D0]][5]
// CHECK:         %[[PS:[a-z0-9]+]] = llvm.load %[[Q0]] : !llvm.ptr -> i64
// CHECK:         %[[A1:[a-z0-9]+]] = llvm.getelementptr %[[ARGS]][1]
// CHECK:         %[[D1:[a-z0-9]+]] = llvm.load %[[A1]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[P1:[a-z0-9]+]] = llvm.getelementptr %[[D1]][1]
// CHECK:         %[[PY:[a-z0-9]+]] = llvm.load %[[P1]] : !llvm.ptr -> !llvm.ptr
// CHECK:         llvm.call @copy.items(%[[PX]], %[[PS]], %[[PY]], %[[FIRST]], %[[LAST]])

// -----

// Helpers are no kernels.
// CHECK-LABEL: func.func private @helper(
func.func private @helper(%x: f32) -> f32 {
  return %x : f32
}

// -----

// expected-error @+1 {{'func.func' op is no kernel: expected (memref..., index, index) -> (), got '(memref<4xf32>) -> ()'}}
func.func @no_items(%x: memref<4xf32>) {
  return
}

// -----

// expected-error @+1 {{'func.func' op is no kernel: expected strided memrefs before the two indices, got 'f32'}}
func.func @scalar(%x: f32, %first: index, %last: index) {
  return
}
