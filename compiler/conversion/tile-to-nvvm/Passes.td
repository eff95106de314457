//===- Passes.td - tile to nvvm ----------------------------*- tablegen -*-===//
#ifndef LLSA_TILE_TO_NVVM_PASSES_TD
#define LLSA_TILE_TO_NVVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def AssignLayouts : Pass<"tile-assign-layouts", "::llsa::tile::KernelOp"> {
  let summary = "Decide how tiles lie in a warp's registers";
  let description = [{
    Every tile of a kernel lies in the registers of its 32 lanes as
    TileLayout.h describes; what is left to decide is how many neighbouring
    columns a lane holds, `tile.lane_columns`, and how many lanes share a row,
    `tile.row_lanes`:

    * 2 and 4 where tensor cores, a top-k list or a transposition want fragments,
    * else as many columns as fill a load of 16 bytes, when the tiles' columns
      allow it, and 8 lanes where there are enough of these, so that a load takes
      whole lines of memory.

    ```mlir
    tile.kernel @copy(%x: memref<64x32xbf16>, %y: memref<64x32xbf16>) items [4] {
      %i = tile.work_item : index
      %c16 = arith.constant 16 : index
      %c0 = arith.constant 0 : index
      %r = arith.muli %i, %c16 : index
      %t = tile.load %x[%r, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
      tile.store %t, %y[%r, %c0] : tensor<16x32xbf16>, memref<64x32xbf16>
      tile.return
    }
    // attributes {tile.lane_columns = 8, tile.row_lanes = 4}
    ```
  }];
  let dependentDialects = ["::llsa::tile::TileDialect"];
}

def ConvertTileToNVVM : Pass<"convert-tile-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "Lower tile kernels to code for one lane of a GPU's warp";
  let description = [{
    Each `tile.kernel @k` becomes a `func.func @k` for `32 * warps` threads a CTA
    (`llsa.threads`); warp w of CTA c does the work item `c * warps + w`. A memref argument becomes a pointer, followed by one
    i64 per dynamic stride. A tile becomes the values that a lane holds of it
    (TileLayout.h); ops on tiles become arith, math and llvm ops on these, and
    nvvm ops: `mma.sync`, `ldmatrix`, `cp.async`, shuffles, votes and barriers.
    `math.exp2`, `exp`, `log2` and `log` become the GPU's approximations where
    the kernel has tensors of 16-bit elements, and stay where all are float32.
    `scf` stays. The host function is erased; `llsa.shared_bytes` says how much
    dynamic shared memory the kernel wants.

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
  let options = [Option<"dependentLaunch", "dependent-launch", "bool", "false",
                        "Let the next kernel be launched from the start on, and wait for "
                        "the one before (griddepcontrol); what it wrote is read behind "
                        "the wait">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // LLSA_TILE_TO_NVVM_PASSES_TD
