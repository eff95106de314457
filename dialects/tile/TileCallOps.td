//===- TileCallOps.td - functions that the user writes -----*- tablegen -*-===//
#ifndef TILE_CALL_OPS_TD
#define TILE_CALL_OPS_TD

def Tile_CallOp : Tile_Op<"call", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Call a device function for every element";
  let description = [{
    `result[i, j] = callee(operands[i, j]...)`. The callee is a declaration with
    `llsa.device_function`: CUDA C++ that is linked into the kernel later. It is
    called for elements that nobody reads, too. A GPU makes one call per element
    that a lane holds; the CPU target has no such functions.

    Constraints:
    * (C1) operands and result have one shape.
    * (C2) the callee is a function with `llsa.device_function` that takes and
      returns the tiles' elements, where its `index` is i64 here.

    ```mlir
    func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
    tile.kernel @k(%x: memref<16x64xf32>, %o: memref<16x64xf32>) items [1] {
      %c0 = arith.constant 0 : index
      %s = tile.load %x[%c0, %c0] : memref<16x64xf32> -> tensor<16x64xf32>
      %i = arith.constant dense<7> : tensor<16x64xi64>
      %t = tile.call @bias(%s, %i) : (tensor<16x64xf32>, tensor<16x64xi64>) -> tensor<16x64xf32>
      tile.store %t, %o[%c0, %c0] : tensor<16x64xf32>, memref<16x64xf32>
      tile.return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Tile_AnyTile>:$inputs);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $result)";
  let hasVerifier = 1;
}

#endif // TILE_CALL_OPS_TD
