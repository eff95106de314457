// One case per rule of the staged form, named by the rule's label.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

tile.kernel @alloc_shared_c1_space() items [1] {
  // expected-error @+1 {{'tile.alloc_shared' op must make a row-major SxRxC of static sizes in memory space 3, got 'memref<2x16x64xbf16>'}}
  %0 = tile.alloc_shared scope warp : memref<2x16x64xbf16>
  tile.return
}

// -----

tile.kernel @copy_async_c1_indices(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  // expected-error @+1 {{'tile.copy_async' op needs 2 indices for 'memref<64x64xbf16>', got 1}}
  tile.copy_async %k[%c0] to %ring[%c0] : memref<64x64xbf16>, memref<2x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @copy_async_c1_type(%k: memref<64x64xf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  // expected-error @+1 {{'tile.copy_async' op source and ring must have one element type, got 'f16' and 'bf16'}}
  tile.copy_async %k[%c0, %c0] to %ring[%c0] : memref<64x64xf16>, memref<2x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @copy_async_c2_columns(%k: memref<64x32xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  // expected-error @+1 {{'tile.copy_async' op the last dimension of 'memref<64x32xbf16>' must have at least 64 elements for slots of 16x64}}
  tile.copy_async %k[%c0, %c0] to %ring[%c0] : memref<64x32xbf16>, memref<2x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @copy_async_c3_ring(%k: memref<64x64xbf16>, %ring: memref<2x16x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'tile.copy_async' op ring must be made by tile.alloc_shared}}
  tile.copy_async %k[%c0, %c0] to %ring[%c0] : memref<64x64xbf16>, memref<2x16x64xbf16>
  tile.return
}

// -----

tile.kernel @gather_async_c1_indices(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.gather_async' op needs 1 indices for 'memref<64x64xbf16>', got 2}}
  tile.gather_async %k[%c0, %c0] at %rows to %ring[%c0]
      : memref<64x64xbf16>, tensor<1x16xi32>, memref<1x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @gather_async_c2_columns(%k: memref<64x32xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.gather_async' op the last dimension of 'memref<64x32xbf16>' must have at least 64 elements for slots of 16x64}}
  tile.gather_async %k[%c0] at %rows to %ring[%c0]
      : memref<64x32xbf16>, tensor<1x16xi32>, memref<1x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @gather_async_c3_ring(%k: memref<64x64xbf16>, %i: memref<8xi32>,
                                  %ring: memref<1x16x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.gather_async' op ring must be made by tile.alloc_shared}}
  tile.gather_async %k[%c0] at %rows to %ring[%c0]
      : memref<64x64xbf16>, tensor<1x16xi32>, memref<1x16x64xbf16>
  tile.return
}

// -----

tile.kernel @gather_async_c4_rows(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x32xi32>
  // expected-error @+1 {{'tile.gather_async' op rows must be 1x16, got 1x32}}
  tile.gather_async %k[%c0] at %rows to %ring[%c0]
      : memref<64x64xbf16>, tensor<1x32xi32>, memref<1x16x64xbf16, 3>
  tile.return
}

// -----

tile.kernel @shared_tile_c1_sizes() items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  // expected-error @+1 {{'tile.shared_tile' op result must be 16x64 of 'bf16', got 'tensor<16x32xbf16>'}}
  %b = tile.shared_tile %ring[%c0] : memref<1x16x64xbf16, 3> -> tensor<16x32xbf16>
  tile.return
}

// -----

tile.kernel @shared_tile_c2_use(%o: memref<16x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
  // expected-error @+1 {{'tile.shared_tile' op may only be the right operand of tile.dot, but 'tile.store' uses it}}
  %b = tile.shared_tile %ring[%c0] : memref<1x16x64xbf16, 3> -> tensor<16x64xbf16>
  tile.store %b, %o[%c0, %c0] : tensor<16x64xbf16>, memref<16x64xbf16>
  tile.return
}

// -----

// expected-error @+1 {{schedule rows must be at most 1024, got 1025}}
func.func @schedule_c2_rows() attributes {a = #tile.schedule<rows = 1025, cols = 1, warps = 1, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule cols must be at most 1024, got 1025}}
func.func @schedule_c2_cols() attributes {a = #tile.schedule<rows = 1, cols = 1025, warps = 1, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule private_cols must be at most 1024, got 1025}}
func.func @schedule_c2_private_cols() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, private_cols = 1025>} { return }

// -----

// expected-error @+1 {{schedule warps must be at most 32, got 33}}
func.func @schedule_c2_warps() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 33, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule ctas must be at most 32, got 33}}
func.func @schedule_c2_ctas() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, ctas = 33>} { return }

// -----

// expected-error @+1 {{schedule stages must be at most 64, got 65}}
func.func @schedule_c2_stages() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 65>} { return }

// -----

// expected-error @+1 {{schedule private_stages must be at most 64, got 65}}
func.func @schedule_c2_private_stages() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, private_stages = 65>} { return }

// -----

// expected-error @+1 {{schedule queries must be at least 0, got -1}}
func.func @schedule_c1_queries() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, queries = -1>} { return }

// -----

// expected-error @+1 {{schedule list must be at least 0, got -2}}
func.func @schedule_c1_list() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, list = -2>} { return }

// -----

// expected-error @+1 {{schedule private_cols must be at least 0, got -1}}
func.func @schedule_c1_private() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, private_cols = -1>} { return }

// -----

// expected-error @+1 {{schedule ctas must be at least 0, got -2}}
func.func @schedule_c1_ctas() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 1, ctas = -2>} { return }

// -----

tile.kernel @alloc_barriers_c1_rule() items [1] {
  // expected-error @+1 {{'tile.alloc_barriers' op must make Sxi64 of static size in memory space 3, got 'memref<2xi64>'}}
  %0 = tile.alloc_barriers scope cta : memref<2xi64>
  tile.return
}

// -----

tile.kernel @bulk_copy_c1_rule(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op needs 2 indices for 'memref<64x64xbf16>', got 1}}
  tile.bulk_copy %k[%c0] to %ring[%c0] full %bars : memref<64x64xbf16>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_copy_c2_rule(%k: memref<64x32xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op the last dimension of 'memref<64x32xbf16>' must have at least 64 elements for slots of 16x64}}
  tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars : memref<64x32xbf16>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_copy_c3_rule(%k: memref<64x64xbf16>, %ring: memref<2x16x64xbf16, 3>) items [1] {
  %c0 = arith.constant 0 : index
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op ring must be made by tile.alloc_shared}}
  tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars : memref<64x64xbf16>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_copy_c4_scope(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op needs barriers made by tile.alloc_barriers with the ring's scope, warp}}
  tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars : memref<64x64xbf16>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_copy_c4_row(%k: memref<64x48xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x48xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op needs a ring with rows of 32, 64 or a multiple of 128 bytes, got 'memref<2x16x48xbf16, 3>' with rows of 96 bytes}}
  tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars : memref<64x48xbf16>, memref<2x16x48xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_copy_c5_choice(%k: memref<64x64xbf16>, %v: memref<64x64xbf16>) items [2] {
  %c0 = arith.constant 0 : index
  %i = tile.work_item : index
  %first = arith.cmpi eq, %i, %c0 : index
  %either = arith.select %first, %k, %v : memref<64x64xbf16>
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  // expected-error @+1 {{'tile.bulk_copy' op the source must be an argument of the kernel, of which the copy engine is told before the launch}}
  tile.bulk_copy %either[%c0, %c0] to %ring[%c0] full %bars : memref<64x64xbf16>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c6_choice(%k: memref<64x64xbf16>, %v: memref<64x64xbf16>, %i: memref<8xi32>) items [2] {
  %c0 = arith.constant 0 : index
  %n = tile.work_item : index
  %first = arith.cmpi eq, %n, %c0 : index
  %either = arith.select %first, %k, %v : memref<64x64xbf16>
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.bulk_gather' op the source must be an argument of the kernel, of which the copy engine is told before the launch}}
  tile.bulk_gather %either[%c0] at %rows to %ring[%c0] full %bars : memref<64x64xbf16>, tensor<1x16xi32>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c1_rule(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.bulk_gather' op needs 1 indices for 'memref<64x64xbf16>', got 2}}
  tile.bulk_gather %k[%c0, %c0] at %rows to %ring[%c0] full %bars : memref<64x64xbf16>, tensor<1x16xi32>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c5_rule(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x24x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 12 limit 64 : memref<8xi32> -> tensor<1x24xi32>
  // expected-error @+1 {{'tile.bulk_gather' op rows must be made by tile.block_rows and name whole blocks or pieces that divide one}}
  tile.bulk_gather %k[%c0] at %rows to %ring[%c0] full %bars : memref<64x64xbf16>, tensor<1x24xi32>, memref<2x24x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c2_rule(%k: memref<64x32xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.bulk_gather' op the last dimension of 'memref<64x32xbf16>' must have at least 64 elements for slots of 16x64}}
  tile.bulk_gather %k[%c0] at %rows to %ring[%c0] full %bars : memref<64x32xbf16>, tensor<1x16xi32>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c3_rule(%k: memref<64x64xbf16>, %i: memref<8xi32>, %ring: memref<2x16x64xbf16, 3>) items [1] {
  %c0 = arith.constant 0 : index
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.bulk_gather' op ring must be made by tile.alloc_shared}}
  tile.bulk_gather %k[%c0] at %rows to %ring[%c0] full %bars : memref<64x64xbf16>, tensor<1x16xi32>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}

// -----

tile.kernel @bulk_gather_c4_rule(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
  // expected-error @+1 {{'tile.bulk_gather' op needs barriers made by tile.alloc_barriers with the ring's scope, warp}}
  tile.bulk_gather %k[%c0] at %rows to %ring[%c0] full %bars : memref<64x64xbf16>, tensor<1x16xi32>, memref<2x16x64xbf16, 3>, memref<2xi64, 3>
  tile.return
}
