// RUN: llsa-opt %s --llvm-pipeline | FileCheck %s

// A kernel in vector form becomes the LLVM dialect and nothing else; bfloat16
// is rounded by integer arithmetic, not by calls.
// CHECK-LABEL: llvm.func internal @scale.items(
// CHECK-NOT:     {{memref|vector|scf|arith|math|builtin|func}}.
// CHECK-LABEL: llvm.func @scale(
// CHECK-NOT:   {{memref|vector|scf|arith|math|builtin|func}}.
// CHECK-NOT:   __truncsfbf2
func.func @scale(%x: memref<64x32xbf16, strided<[?, 1]>>, %y: memref<64x32xbf16>,
                 %first: index, %last: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  scf.for %i = %first to %last step %c1 {
    scf.for %j = %c0 to %c32 step %c8 {
      %v = vector.load %x[%i, %j] : memref<64x32xbf16, strided<[?, 1]>>, vector<8xbf16>
      %w = arith.extf %v : vector<8xbf16> to vector<8xf32>
      %t = math.tanh %w : vector<8xf32>
      %r = arith.truncf %t : vector<8xf32> to vector<8xbf16>
      vector.store %r, %y[%i, %j] : memref<64x32xbf16>, vector<8xbf16>
    }
  }
  return
}

// What has neither an expansion nor an intrinsic calls libm, lane by lane; what
// the CPU has an instruction for does not.
// CHECK-LABEL: llvm.func internal @libm.items(
// CHECK-NOT:     {{memref|vector|scf|arith|math|builtin|func}}.
// CHECK:         llvm.intr.floor(%{{.*}}) : (vector<8xf32>) -> vector<8xf32>
// CHECK-COUNT-8: llvm.call @cbrtf(
func.func @libm(%x: memref<64x32xf32>, %first: index, %last: index) {
  %c0 = arith.constant 0 : index
  %v = vector.load %x[%first, %c0] : memref<64x32xf32>, vector<8xf32>
  %w = math.floor %v : vector<8xf32>
  %r = math.cbrt %w : vector<8xf32>
  vector.store %r, %x[%first, %c0] : memref<64x32xf32>, vector<8xf32>
  return
}
