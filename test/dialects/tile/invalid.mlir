// One case per rule, named by the rule's label: op, constraint, what is wrong.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

//===----------------------------------------------------------------------===//
// tiles, #tile.schedule
//===----------------------------------------------------------------------===//

func.func @tile_rank(%t: tensor<16xf32>) {
  // expected-error @+1 {{'tile.broadcast' op operand #0 must be tile (rank-2 tensor of static sizes, each at least 1) of floating-point or signless integer or index values, but got 'tensor<16xf32>'}}
  %0 = tile.broadcast %t : tensor<16xf32> -> tensor<16x16xf32>
  return
}

// -----

func.func @tile_dynamic(%t: tensor<?x64xf32>) {
  // expected-error @+1 {{'tile.reduce' op operand #0 must be tile (rank-2 tensor of static sizes, each at least 1) of 32-bit float values, but got 'tensor<?x64xf32>'}}
  %0 = tile.reduce add %t over cols : tensor<?x64xf32> -> tensor<16x1xf32>
  return
}

// -----

func.func @tile_empty(%t: tensor<0x64xf32>) {
  // expected-error @+1 {{'tile.transpose' op operand #0 must be tile (rank-2 tensor of static sizes, each at least 1) of floating-point or signless integer or index values, but got 'tensor<0x64xf32>'}}
  %0 = tile.transpose %t : tensor<0x64xf32> -> tensor<64x0xf32>
  return
}

// -----

// expected-error @+1 {{schedule rows must be at least 1, got 0}}
func.func @schedule_c1_rows() attributes {a = #tile.schedule<rows = 0, cols = 1, warps = 1, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule cols must be at least 1, got -1}}
func.func @schedule_c1_cols() attributes {a = #tile.schedule<rows = 1, cols = -1, warps = 1, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule warps must be at least 1, got 0}}
func.func @schedule_c1_warps() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 0, stages = 1>} { return }

// -----

// expected-error @+1 {{schedule stages must be at least 1, got 0}}
func.func @schedule_c1_stages() attributes {a = #tile.schedule<rows = 1, cols = 1, warps = 1, stages = 0>} { return }

// -----

//===----------------------------------------------------------------------===//
// kernel, return, work_item, launch
//===----------------------------------------------------------------------===//

// expected-error @+1 {{'tile.kernel' op must take memrefs and return nothing, got '(f32) -> ()'}}
tile.kernel @kernel_c1_scalar(%x: f32) items [1] {
  tile.return
}

// -----

// expected-error @+1 {{'tile.kernel' op must take memrefs and return nothing, got '() -> f32'}}
"tile.kernel"() ({
  tile.return
}) {sym_name = "kernel_c1_result", function_type = () -> f32, items = array<i64: 1>} : () -> ()

// -----

// expected-error @+1 {{'tile.kernel' op entry block must have 1 arguments to match function signature}}
"tile.kernel"() ({
  tile.return
}) {sym_name = "kernel_c1_block", function_type = (memref<8xf32>) -> (), items = array<i64: 1>} : () -> ()

// -----

// expected-error @+1 {{'tile.kernel' op items must be numbers of at least 1 with a product below 2^63, got [4, 0]}}
tile.kernel @kernel_c2_zero() items [4, 0] {
  tile.return
}

// -----

// expected-error @+1 {{'tile.kernel' op items must be numbers of at least 1 with a product below 2^63, got []}}
tile.kernel @kernel_c2_none() items [] {
  tile.return
}

// -----

// expected-error @+1 {{'tile.kernel' op items must be numbers of at least 1 with a product below 2^63, got [4294967296, 2147483648]}}
tile.kernel @kernel_c2_overflow() items [4294967296, 2147483648] {
  tile.return
}

// -----

// expected-error @+1 {{'tile.kernel' op must have one block that ends in tile.return}}
"tile.kernel"() ({}) {sym_name = "kernel_c3_no_body", function_type = () -> (), items = array<i64: 1>} : () -> ()

// -----

// expected-error @+1 {{'tile.kernel' op must have one block that ends in tile.return}}
tile.kernel @kernel_c3_two_blocks() items [1] {
  cf.br ^bb1
^bb1:
  tile.return
}

// -----

// expected-error @+1 {{'tile.kernel' op must have one block that ends in tile.return}}
tile.kernel @kernel_c3_terminator() items [1] {
  ub.unreachable
}

// -----

tile.kernel @kernel_c4_allocated(%x: memref<64x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %own = memref.alloc() : memref<64x16xf32>
  // expected-error @+1 {{'tile.load' op takes memory that is neither the kernel's own nor an argument of it nor, by arith.select, one of several}}
  %t = tile.load %own[%c0, %c0] : memref<64x16xf32> -> tensor<16x16xf32>
  tile.return
}

// -----

tile.kernel @kernel_c4_choice(%x: memref<2x16x64xbf16, 3>) items [1] {
  %true = arith.constant true
  %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
  // expected-error @+1 {{'arith.select' op takes memory that is neither the kernel's own nor an argument of it nor, by arith.select, one of several}}
  %either = arith.select %true, %x, %ring : memref<2x16x64xbf16, 3>
  tile.return
}

// -----

// expected-error @+1 {{'items' must not be given in the attributes: the op's syntax has a place for it}}
tile.kernel @kernel_syntax_attribute_twice() items [1] attributes {items = array<i64: 2>} {
  tile.return
}

// -----

func.func @return_parent() {
  // expected-error @+1 {{'tile.return' op expects parent op 'tile.kernel'}}
  tile.return
}

// -----

tile.kernel @work_item_c1_count() items [2, 4] {
  // expected-error @+1 {{'tile.work_item' op must have one result per dimension of the kernel's items, 2, got 1}}
  %0 = tile.work_item : index
  tile.return
}

// -----

func.func @work_item_c2_parent() {
  // expected-error @+1 {{'tile.work_item' op must stand in a tile.kernel}}
  %0 = tile.work_item : index
  return
}

// -----

func.func @launch_c1_unknown() {
  // expected-error @+1 {{'tile.launch' op 'nobody' is not a tile.kernel}}
  tile.launch @nobody()
  return
}

// -----

func.func private @host()
func.func @launch_c1_not_a_kernel() {
  // expected-error @+1 {{'tile.launch' op 'host' is not a tile.kernel}}
  tile.launch @host()
  return
}

// -----

tile.kernel @kernel(%x: memref<64x32xf32>) items [4] {
  tile.return
}
func.func @launch_c1_type(%x: memref<64x16xf32>) {
  // expected-error @+1 {{'tile.launch' op 'kernel' takes ('memref<64x32xf32>'), got ('memref<64x16xf32>')}}
  tile.launch @kernel(%x) : memref<64x16xf32>
  return
}

// -----

tile.kernel @kernel(%x: memref<64x32xf32>) items [4] {
  tile.return
}
func.func @launch_c1_count(%x: memref<64x32xf32>) {
  // expected-error @+1 {{'tile.launch' op 'kernel' takes ('memref<64x32xf32>'), got ('memref<64x32xf32>', 'memref<64x32xf32>')}}
  tile.launch @kernel(%x, %x) : memref<64x32xf32>, memref<64x32xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// load, store
//===----------------------------------------------------------------------===//

func.func @load_c1_indices(%m: memref<64x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op needs 2 indices for 'memref<64x32xf32>', got 1}}
  %0 = tile.load %m[%i] : memref<64x32xf32> -> tensor<16x32xf32>
  return
}

// -----

func.func @load_c1_element_type(%m: memref<64x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op tile and memory must have one element type, got 'bf16' and 'f32'}}
  %0 = tile.load %m[%i, %i] : memref<64x32xf32> -> tensor<16x32xbf16>
  return
}

// -----

func.func @load_c2_default_of_rank_1(%m: memref<64xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op row_dim must be a dimension of 'memref<64xf32>', got -1}}
  %0 = tile.load %m[%i] : memref<64xf32> -> tensor<1x32xf32>
  return
}

// -----

func.func @load_c2_row_dim(%m: memref<64x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op row_dim must be a dimension of 'memref<64x32xf32>', got 2}}
  %0 = tile.load %m[%i, %i] row_dim 2 : memref<64x32xf32> -> tensor<16x32xf32>
  return
}

// -----

func.func @load_c2_last(%m: memref<64x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op row_dim may be the last dimension for a tile of one column only, got a tile of 16x2}}
  %0 = tile.load %m[%i, %i] row_dim 1 : memref<64x32xf32> -> tensor<16x2xf32>
  return
}

// -----

func.func @load_c3_columns(%m: memref<64x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.load' op the last dimension of 'memref<64x32xf32>' must have at least 64 elements for a tile of 16x64}}
  %0 = tile.load %m[%i, %i] : memref<64x32xf32> -> tensor<16x64xf32>
  return
}

// -----

func.func @store_c1_indices(%m: memref<64x32xf32>, %t: tensor<16x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.store' op needs 2 indices for 'memref<64x32xf32>', got 3}}
  tile.store %t, %m[%i, %i, %i] : tensor<16x32xf32>, memref<64x32xf32>
  return
}

// -----

func.func @store_c1_element_type(%m: memref<64x32xf32>, %t: tensor<16x32xf16>, %i: index) {
  // expected-error @+1 {{'tile.store' op tile and memory must have one element type, got 'f16' and 'f32'}}
  tile.store %t, %m[%i, %i] : tensor<16x32xf16>, memref<64x32xf32>
  return
}

// -----

func.func @store_c2_row_dim(%m: memref<64x32xf32>, %t: tensor<16x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.store' op row_dim must be a dimension of 'memref<64x32xf32>', got -5}}
  tile.store %t, %m[%i, %i] row_dim -5 : tensor<16x32xf32>, memref<64x32xf32>
  return
}

// -----

func.func @store_c2_last(%m: memref<64x32xf32>, %t: tensor<16x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.store' op row_dim may be the last dimension for a tile of one column only, got a tile of 16x32}}
  tile.store %t, %m[%i, %i] row_dim 1 : tensor<16x32xf32>, memref<64x32xf32>
  return
}

// -----

func.func @store_c3_columns(%m: memref<64x31xf32>, %t: tensor<16x32xf32>, %i: index) {
  // expected-error @+1 {{'tile.store' op the last dimension of 'memref<64x31xf32>' must have at least 32 elements for a tile of 16x32}}
  tile.store %t, %m[%i, %i] : tensor<16x32xf32>, memref<64x31xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// block_rows, gather, lookup
//===----------------------------------------------------------------------===//

func.func @block_rows_c1_rank(%m: memref<i32>) {
  // expected-error @+1 {{'tile.block_rows' op source must have at least one dimension, got 'memref<i32>'}}
  %0 = tile.block_rows %m[] block 16 limit 64 : memref<i32> -> tensor<1x32xi32>
  return
}

// -----

func.func @block_rows_c1_indices(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op needs 2 indices for 'memref<16x8xi32>', got 1}}
  %0 = tile.block_rows %m[%i] block 16 limit 64 : memref<16x8xi32> -> tensor<1x32xi32>
  return
}

// -----

func.func @block_rows_c1_element_type(%m: memref<16x8xi64>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op operand #0 must be memref of 32-bit signless integer values, but got 'memref<16x8xi64>'}}
  %0 = tile.block_rows %m[%i, %i] block 16 limit 64 : memref<16x8xi64> -> tensor<1x32xi32>
  return
}

// -----

func.func @block_rows_c2_rows(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op result must have one row and a multiple of block 16 columns, got 2x32}}
  %0 = tile.block_rows %m[%i, %i] block 16 limit 64 : memref<16x8xi32> -> tensor<2x32xi32>
  return
}

// -----

func.func @block_rows_c2_columns(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op result must have one row and a multiple of block 16 columns, got 1x33}}
  %0 = tile.block_rows %m[%i, %i] block 16 limit 64 : memref<16x8xi32> -> tensor<1x33xi32>
  return
}

// -----

func.func @block_rows_c2_block(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op result must have one row and a multiple of block 0 columns, got 1x32}}
  %0 = tile.block_rows %m[%i, %i] block 0 limit 64 : memref<16x8xi32> -> tensor<1x32xi32>
  return
}

// -----

func.func @block_rows_c3_limit_zero(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op limit must be between 1 and 2147483647, got 0}}
  %0 = tile.block_rows %m[%i, %i] block 16 limit 0 : memref<16x8xi32> -> tensor<1x32xi32>
  return
}

// -----

func.func @block_rows_c3_limit_big(%m: memref<16x8xi32>, %i: index) {
  // expected-error @+1 {{'tile.block_rows' op limit must be between 1 and 2147483647, got 2147483648}}
  %0 = tile.block_rows %m[%i, %i] block 16 limit 2147483648 : memref<16x8xi32> -> tensor<1x32xi32>
  return
}

// -----

func.func @gather_c1_rank(%m: memref<64xf32>, %r: tensor<1x32xi32>) {
  // expected-error @+1 {{'tile.gather' op source must have at least two dimensions, got 'memref<64xf32>'}}
  %0 = tile.gather %m[] at %r : memref<64xf32>, tensor<1x32xi32> -> tensor<32x64xf32>
  return
}

// -----

func.func @gather_c1_indices(%m: memref<64x64xf32>, %r: tensor<1x32xi32>, %i: index) {
  // expected-error @+1 {{'tile.gather' op needs 1 indices for 'memref<64x64xf32>', got 2}}
  %0 = tile.gather %m[%i, %i] at %r : memref<64x64xf32>, tensor<1x32xi32> -> tensor<32x64xf32>
  return
}

// -----

func.func @gather_c1_element_type(%m: memref<64x64xf32>, %r: tensor<1x32xi32>, %i: index) {
  // expected-error @+1 {{'tile.gather' op tile and memory must have one element type, got 'f16' and 'f32'}}
  %0 = tile.gather %m[%i] at %r : memref<64x64xf32>, tensor<1x32xi32> -> tensor<32x64xf16>
  return
}

// -----

func.func @gather_c2_rows(%m: memref<64x64xf32>, %r: tensor<1x16xi32>, %i: index) {
  // expected-error @+1 {{'tile.gather' op rows must be 1x32, got 1x16}}
  %0 = tile.gather %m[%i] at %r : memref<64x64xf32>, tensor<1x16xi32> -> tensor<32x64xf32>
  return
}

// -----

func.func @gather_c3_columns(%m: memref<64x32xf32>, %r: tensor<1x32xi32>, %i: index) {
  // expected-error @+1 {{'tile.gather' op the last dimension of 'memref<64x32xf32>' must have at least 64 elements for a tile of 32x64}}
  %0 = tile.gather %m[%i] at %r : memref<64x32xf32>, tensor<1x32xi32> -> tensor<32x64xf32>
  return
}

// -----

func.func @lookup_c1_indices(%m: memref<8x8xf32>, %i: tensor<16x64xi32>) {
  // expected-error @+1 {{'tile.lookup' op needs 2 index tiles for 'memref<8x8xf32>', got 1}}
  %0 = tile.lookup %m[%i] : memref<8x8xf32>, tensor<16x64xi32> -> tensor<16x64xf32>
  return
}

// -----

func.func @lookup_c1_element_type(%m: memref<8xf32>, %i: tensor<16x64xi32>) {
  // expected-error @+1 {{'tile.lookup' op tile and memory must have one element type, got 'f16' and 'f32'}}
  %0 = tile.lookup %m[%i] : memref<8xf32>, tensor<16x64xi32> -> tensor<16x64xf16>
  return
}

// -----

func.func @lookup_c1_sizes(%m: memref<8xf32>, %i: tensor<16x1xi32>) {
  // expected-error @+1 {{'tile.lookup' op index tiles must be 16x64, got 16x1}}
  %0 = tile.lookup %m[%i] : memref<8xf32>, tensor<16x1xi32> -> tensor<16x64xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// values
//===----------------------------------------------------------------------===//

func.func @dot_c1_sizes(%a: tensor<16x64xf32>, %b: tensor<32x64xf32>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op sizes must be RxK, KxC and RxC, got 16x64, 32x64 and 16x32}}
  %0 = tile.dot %a, %b, %acc : tensor<16x64xf32>, tensor<32x64xf32> -> tensor<16x32xf32>
  return
}

// -----

func.func @dot_c1_transposed(%a: tensor<16x64xf32>, %b: tensor<64x32xf32>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op sizes must be RxK, CxK and RxC, got 16x64, 64x32 and 16x32}}
  %0 = tile.dot %a, %b, %acc transpose_b : tensor<16x64xf32>, tensor<64x32xf32> -> tensor<16x32xf32>
  return
}

// -----

func.func @dot_c1_rows(%a: tensor<16x64xf32>, %b: tensor<64x32xf32>, %acc: tensor<8x32xf32>) {
  // expected-error @+1 {{'tile.dot' op sizes must be RxK, KxC and RxC, got 16x64, 64x32 and 8x32}}
  %0 = tile.dot %a, %b, %acc : tensor<16x64xf32>, tensor<64x32xf32> -> tensor<8x32xf32>
  return
}

// -----

func.func @dot_c2_element_type(%a: tensor<16x64xf32>, %b: tensor<64x32xf16>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op a and b must have one element type, got 'f32' and 'f16'}}
  %0 = tile.dot %a, %b, %acc : tensor<16x64xf32>, tensor<64x32xf16> -> tensor<16x32xf32>
  return
}

// -----

func.func @dot_c2_wide(%a: tensor<16x64xf64>, %b: tensor<64x32xf64>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op operand #0 must be tile (rank-2 tensor of static sizes, each at least 1) of f32, bf16 or f16 values, but got 'tensor<16x64xf64>'}}
  %0 = tile.dot %a, %b, %acc : tensor<16x64xf64>, tensor<64x32xf64> -> tensor<16x32xf32>
  return
}

// -----

func.func @dot_c3_tf32(%a: tensor<16x64xbf16>, %b: tensor<64x32xbf16>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op tf32 needs float32 elements, got 'bf16'}}
  %0 = tile.dot %a, %b, %acc tf32 : tensor<16x64xbf16>, tensor<64x32xbf16> -> tensor<16x32xf32>
  return
}

// -----

func.func @dot_c3_exact(%a: tensor<16x64xf32>, %b: tensor<64x32xf32>, %acc: tensor<16x32xf32>) {
  // expected-error @+1 {{'tile.dot' op exact and tf32 exclude each other}}
  %0 = tile.dot %a, %b, %acc exact tf32 : tensor<16x64xf32>, tensor<64x32xf32> -> tensor<16x32xf32>
  return
}

// -----

func.func @reduce_c1_cols(%t: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.reduce' op result must be 16x1, got 1x64}}
  %0 = tile.reduce add %t over cols : tensor<16x64xf32> -> tensor<1x64xf32>
  return
}

// -----

func.func @reduce_c1_rows(%t: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.reduce' op result must be 1x64, got 16x1}}
  %0 = tile.reduce max %t over rows : tensor<16x64xf32> -> tensor<16x1xf32>
  return
}

// -----

func.func @broadcast_c1_element_type(%t: tensor<16x1xf32>) {
  // expected-error @+1 {{'tile.broadcast' op operand and result must have one element type, got 'f32' and 'i32'}}
  %0 = tile.broadcast %t : tensor<16x1xf32> -> tensor<16x64xi32>
  return
}

// -----

func.func @broadcast_c1_sizes(%t: tensor<16x2xf32>) {
  // expected-error @+1 {{'tile.broadcast' op cannot repeat 16x2 to 16x64}}
  %0 = tile.broadcast %t : tensor<16x2xf32> -> tensor<16x64xf32>
  return
}

// -----

func.func @transpose_c1_sizes(%t: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.transpose' op result must be 64x16 of 'f32', got 'tensor<16x64xf32>'}}
  %0 = tile.transpose %t : tensor<16x64xf32> -> tensor<16x64xf32>
  return
}

// -----

func.func @transpose_c1_element_type(%t: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.transpose' op result must be 64x16 of 'f32', got 'tensor<64x16xf16>'}}
  %0 = tile.transpose %t : tensor<16x64xf32> -> tensor<64x16xf16>
  return
}

// -----

func.func @range_c1_result(%i: index) {
  // expected-error @+1 {{'tile.range' op result must have one row or one column, got 16x64}}
  %0 = tile.range %i step 1 : tensor<16x64xi32>
  return
}

// -----

func.func @topk_c1_ids(%s: tensor<16x8xf32>, %i: tensor<16x4xi32>, %c: tensor<16x32xf32>, %n: tensor<1x32xi32>) {
  // expected-error @+1 {{'tile.topk' op scores and ids must have the same sizes and the candidates' 16 rows, got 16x8 and 16x4}}
  %0, %1 = tile.topk %s, %i insert %c at %n : tensor<16x8xf32>, tensor<16x4xi32>, tensor<16x32xf32>, tensor<1x32xi32>
  return
}

// -----

func.func @topk_c1_rows(%s: tensor<8x8xf32>, %i: tensor<8x8xi32>, %c: tensor<16x32xf32>, %n: tensor<1x32xi32>) {
  // expected-error @+1 {{'tile.topk' op scores and ids must have the same sizes and the candidates' 16 rows, got 8x8 and 8x8}}
  %0, %1 = tile.topk %s, %i insert %c at %n : tensor<8x8xf32>, tensor<8x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>
  return
}

// -----

func.func @topk_c2_candidate_ids(%s: tensor<16x8xf32>, %i: tensor<16x8xi32>, %c: tensor<16x32xf32>, %n: tensor<32x1xi32>) {
  // expected-error @+1 {{'tile.topk' op candidate ids must be 1x32, got 32x1}}
  %0, %1 = tile.topk %s, %i insert %c at %n : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<32x1xi32>
  return
}

// -----

func.func @topk_c3_scratch(%s: tensor<16x8xf32>, %i: tensor<16x8xi32>, %c: tensor<16x32xf32>, %n: tensor<1x32xi32>, %r: memref<1x16x32xf32, 3>) {
  // expected-error @+1 {{'tile.topk' op needs a scratch of 1x13x32xf32 in shared memory, got 'memref<1x16x32xf32, 3>'}}
  %0, %1 = tile.topk %s, %i insert %c at %n scratch %r : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>, memref<1x16x32xf32, 3>
  return
}

// -----

//===----------------------------------------------------------------------===//
// call
//===----------------------------------------------------------------------===//

func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
func.func @call_c1_shape(%s: tensor<16x64xf32>, %i: tensor<1x64xi64>) {
  // expected-error @+1 {{'tile.call' op must have tiles of one shape, got 'tensor<1x64xi64>' for a result of type 'tensor<16x64xf32>'}}
  %0 = tile.call @bias(%s, %i) : (tensor<16x64xf32>, tensor<1x64xi64>) -> tensor<16x64xf32>
  return
}

// -----

func.func private @other(f32) -> f32
func.func @call_c2_no_device_function(%s: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.call' op 'other' is not a function with llsa.device_function}}
  %0 = tile.call @other(%s) : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return
}

// -----

func.func @call_c2_nobody(%s: tensor<16x64xf32>) {
  // expected-error @+1 {{'tile.call' op 'nobody' is not a function with llsa.device_function}}
  %0 = tile.call @nobody(%s) : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return
}

// -----

func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
func.func @call_c2_types(%s: tensor<16x64xf32>, %i: tensor<16x64xi32>) {
  // expected-error @+1 {{'tile.call' op 'bias' takes ('f32', 'index') and returns ('f32'), got ('f32', 'i32') and ('f32')}}
  %0 = tile.call @bias(%s, %i) : (tensor<16x64xf32>, tensor<16x64xi32>) -> tensor<16x64xf32>
  return
}
