//===- Passes.td - llsa to tile ----------------------------*- tablegen -*-===//
#ifndef LLSA_TO_TILE_PASSES_TD
#define LLSA_TO_TILE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLLSAToTile : Pass<"convert-llsa-to-tile", "::mlir::ModuleOp"> {
  let summary = "Write each launch as a program for one warp";
  let description = [{
    Every `llsa.launch` becomes one `tile.kernel` (two for a linear attention),
    and the variant's function the list of buffers and launches of the host:

    * Arguments and results of the function become memref arguments, inputs
      first, with `llsa.name` and `llsa.role`. Results are written in place by
      the kernel that makes them; only a value that is returned twice, or an
      argument that is returned, is copied.
    * What one launch hands to another lives in a `memref.alloc`.
    * `llsa.flops` and `llsa.bytes` go from the launch to its kernel.

    It expects what `llsa-verify-kernel-contract` checks: static sizes, a
    schedule on every launch, and nothing but launches in the function.
    Arithmetic is in float32 whatever the element type; stores round.

    test/compiler/conversion/convert-llsa-to-tile*.mlir show each op's kernel.
  }];
  let options = [
    Option<"widenDots", "widen-dots", "bool", /*default=*/"true",
           "Extend the operands of tile.dot to f32 (the CPU's way); otherwise "
           "dots take the input type, and the softmax weights are rounded to it "
           "(the tensor cores' way)">,
    Option<"lazyRescale", "lazy-rescale", "bool", /*default=*/"false",
           "Let scores exceed the running maximum by a factor of 2^8 before sums "
           "and outputs are rescaled; saves most of the rescaling where the "
           "warp can vote on it">,
    Option<"streams", "streams", "bool", /*default=*/"false",
           "Give the tiles of an attend as streams (tile.stream), which copies to "
           "shared memory may run ahead of">
  ];
  let dependentDialects = [
    "::llsa::tile::TileDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

#endif // LLSA_TO_TILE_PASSES_TD
