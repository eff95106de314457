// What has no lowering for a GPU is said at the op.
// RUN: llsa-opt %s --split-input-file --convert-tile-to-nvvm --verify-diagnostics

tile.kernel @not_staged(%x: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %t = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  // expected-error @+1 {{'tile.dot' op needs its right operand in shared memory: expected a tile.shared_tile, as tile-lower-gather makes it}}
  %u = tile.dot %t, %t, %zero : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
  tile.return
}

// -----

tile.kernel @long_list(%x: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %none = arith.constant dense<0xFF800000> : tensor<16x2000xf32>
  %empty = arith.constant dense<-1> : tensor<16x2000xi32>
  %t = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %ids = tile.range %c0 step 1 : tensor<1x16xi32>
  // expected-error @+1 {{'tile.topk' op keeps lists of 2000 candidates; the GPU target takes up to 1024}}
  %s, %i = tile.topk %none, %empty insert %t at %ids
      : tensor<16x2000xf32>, tensor<16x2000xi32>, tensor<16x16xf32>, tensor<1x16xi32>
  tile.return
}

// -----

tile.kernel @constant() items [1] {
  // expected-error @+1 {{'arith.constant' op must repeat one element to become a tile on a GPU}}
  %t = arith.constant dense<[[0.0, 1.0]]> : tensor<1x2xf32>
  tile.return
}

// -----

tile.kernel @gathered_range(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  %rows = tile.range %c0 step 1 : tensor<1x16xi32>
  // expected-error @+1 {{'tile.gather_async' op gathers rows that the GPU target cannot name one by one: expected those of a tile.block_rows}}
  tile.gather_async %k[%c0] at %rows to %ring[%c0]
      : memref<64x64xbf16>, tensor<1x16xi32>, memref<1x16x64xbf16, 3>
  tile.commit_group
  tile.wait_group 0 scope warp
  tile.return
}
