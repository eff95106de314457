// RUN: llsa-opt %s --split-input-file --convert-tile-to-vector --verify-diagnostics

tile.kernel @dot_of_bf16(%x: memref<16x8xbf16>, %z: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x8xbf16> -> tensor<16x8xbf16>
  // expected-error@+1 {{'tile.dot' op of 'bf16' has no lowering for the CPU target, which multiplies f32}}
  %s = tile.dot %a, %a, %zero transpose_b : tensor<16x8xbf16>, tensor<16x8xbf16> -> tensor<16x16xf32>
  tile.store %s, %z[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// -----

tile.kernel @unknown_op(%x: memref<16x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  // expected-error@+1 {{'tensor.cast' op has no lowering for the CPU target}}
  %b = tensor.cast %a : tensor<16x8xf32> to tensor<?x8xf32>
  tile.return
}

// -----

tile.kernel @partial_results(%x: memref<16x8xf32>, %y: memref<16x4xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  // expected-error@+1 {{'tile.reduce' op gives partial results, which have no lowering for the CPU target}}
  %s = tile.reduce add %a over cols : tensor<16x8xf32> -> tensor<16x4xf32>
  tile.store %s, %y[%c0, %c0] : tensor<16x4xf32>, memref<16x4xf32>
  tile.return
}

// -----

tile.kernel @vote(%x: memref<16x8xi1>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xi1> -> tensor<16x8xi1>
  // expected-error@+1 {{'tile.any' op has no lowering for the CPU target}}
  %s = tile.any %a : tensor<16x8xi1>
  tile.return
}

// -----

tile.kernel @other_regions() items [1] {
  // expected-error@+1 {{'scf.execute_region' op has regions that the CPU target cannot lower}}
  scf.execute_region {
    scf.yield
  }
  tile.return
}

// -----

func.func private @bias(f32) -> f32 attributes {llsa.device_function}
tile.kernel @device_function(%x: memref<16x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  // expected-error@+1 {{'tile.call' op calls the device function 'bias', which is CUDA C++ and exists on a GPU alone}}
  %s = tile.call @bias(%a) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  tile.return
}
