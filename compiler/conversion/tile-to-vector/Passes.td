//===- Passes.td - tile to vector --------------------------*- tablegen -*-===//
#ifndef LLSA_TILE_TO_VECTOR_PASSES_TD
#define LLSA_TILE_TO_VECTOR_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTileToVector : Pass<"convert-tile-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower tile kernels to vector code for a CPU";
  let description = [{
    Each `tile.kernel @k(buffers)` becomes
    `func.func @k(buffers..., %first: index, %last: index)`, a loop over the
    work items `first <= item < last`. Tiles become vectors and small buffers on
    the stack (KernelLowering.h says how); the host function, whose list of
    launches is part of the Program by then, is erased. The attribute
    `llsa.stack_bytes` says how much stack a call needs.

    ```mlir
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
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "32", "bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "16", "number of vector registers">
  ];
}

def ExpandMath : Pass<"llsa-expand-math"> {
  let summary = "Expand exp, exp2 and bfloat16 rounding into vector arithmetic";
  let description = [{
    What has no exact enough instruction and LLVM would turn into one library
    call per element: `math.exp2` and `math.exp` of f32 (range reduction and a
    polynomial, error below 2 ulp, right for infinities, NaN and subnormal
    results), and `arith.truncf` from f32 to bf16 (round to nearest, ties to
    even, NaN stays NaN).

    ```mlir
    func.func @exp2(%x: vector<8xf32>) -> vector<8xf32> {
      %y = math.exp2 %x : vector<8xf32>
      return %y : vector<8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif // LLSA_TILE_TO_VECTOR_PASSES_TD
