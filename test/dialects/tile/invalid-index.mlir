// One case per rule of ops on index rows, named by the rule's label.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

func.func @invert_rows_c1_rule(%i: memref<1x8x256x8xi32>, %o: memref<1x8x257xi32>, %r: memref<1x8x2047xi32>, %b: index) {
  // expected-error @+1 {{'tile.invert_rows' op needs indices [..., R, K], offsets [..., N + 1] and rows [..., R * K] with 2 leading dimensions, got 'memref<1x8x256x8xi32>', 'memref<1x8x257xi32>' and 'memref<1x8x2047xi32>'}}
  tile.invert_rows %i[%b, %b] keys %b count 128 to %o, %r
      : memref<1x8x256x8xi32>, memref<1x8x257xi32>, memref<1x8x2047xi32>
  return
}

// -----

func.func @invert_rows_c2_rule(%i: memref<256x8xi32>, %o: memref<257xi32>, %r: memref<2048xi32>, %b: index) {
  // expected-error @+1 {{'tile.invert_rows' op must have a count of at least 1, got 0}}
  tile.invert_rows %i[] keys %b count 0 to %o, %r : memref<256x8xi32>, memref<257xi32>, memref<2048xi32>
  return
}

// -----

tile.kernel @invert_rows_c3_rule(%i: memref<256x8xi32>, %o: memref<257xi32>, %r: memref<2048xi32>)
    items [8] schedule <rows = 100, cols = 1, warps = 4, stages = 1> {
  %n = tile.work_item : index
  %s = tile.alloc_shared scope cta : memref<1x51x32xf32, 3>
  // expected-error @+1 {{'tile.invert_rows' op needs a scratch of 1x52x32xf32 in shared memory, got 'memref<1x51x32xf32, 3>'}}
  tile.invert_rows %i[] keys %n count 100 to %o, %r scratch %s
      : memref<256x8xi32>, memref<257xi32>, memref<2048xi32>, memref<1x51x32xf32, 3>
  tile.return
}

// -----

func.func @prefetch_c1_rule(%r: memref<1x8x2048xi32>, %b: index) {
  // expected-error @+1 {{'tile.prefetch' op needs one index per dimension of 'memref<1x8x2048xi32>', of which there must be at least 1, got 2}}
  tile.prefetch %r[%b, %b] count 64 : memref<1x8x2048xi32>
  return
}

// -----

func.func @prefetch_c1_rows(%r: memref<2048xi32>, %b: index) {
  // expected-error @+1 {{'tile.prefetch' op needs one index per dimension of 'memref<2048xi32>', of which there must be at least 2, got 1}}
  tile.prefetch %r[%b] count 64 rows 4 : memref<2048xi32>
  return
}

// -----

func.func @prefetch_c2_rule(%r: memref<2048xi32>, %b: index) {
  // expected-error @+1 {{'tile.prefetch' op must have a count and rows of at least 1, got 0 and 1}}
  tile.prefetch %r[%b] count 0 : memref<2048xi32>
  return
}

// -----

func.func @scatter_add_c1_count(%t: tensor<4x8xf32>, %i: tensor<4x8xi32>, %d: memref<2x8xf32>) {
  // expected-error @+1 {{'tile.scatter_add' op needs 2 index tiles for 'memref<2x8xf32>', got 1}}
  tile.scatter_add %t, %d[%i] : tensor<4x8xf32>, memref<2x8xf32>, tensor<4x8xi32>
  return
}

// -----

func.func @scatter_add_c1_sizes(%t: tensor<4x8xf32>, %i: tensor<4x1xi32>, %d: memref<8xf32>) {
  // expected-error @+1 {{'tile.scatter_add' op index tiles must be 4x8, got 'tensor<4x1xi32>'}}
  tile.scatter_add %t, %d[%i] : tensor<4x8xf32>, memref<8xf32>, tensor<4x1xi32>
  return
}

// -----

func.func @scatter_add_c2_element(%t: tensor<4x8xf32>, %i: tensor<4x8xi32>, %d: memref<8xf16>) {
  // expected-error @+1 {{'tile.scatter_add' op must add to memory of f32, got 'memref<8xf16>'}}
  tile.scatter_add %t, %d[%i] : tensor<4x8xf32>, memref<8xf16>, tensor<4x8xi32>
  return
}
