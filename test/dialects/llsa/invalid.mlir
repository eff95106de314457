// One case per rule, named by the rule's label: op, constraint, what is wrong.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

func.func @pool_c1_rank(%x: tensor<8x4096x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op input must have rank 4 [B, H, N, D], got 'tensor<8x4096x64xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<8x4096x64xf32>
  return
}

// -----

func.func @pool_c1_rank_generic(%x: tensor<8x4096x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op input must have rank 4 [B, H, N, D], got 'tensor<8x4096x64xf32>'}}
  %0 = "llsa.pool"(%x) {block = 16 : i64} : (tensor<8x4096x64xf32>) -> tensor<8x256x64xf32>
  return
}

// -----

func.func @pool_c1_unranked(%x: tensor<*xf32>) {
  // expected-error @+1 {{custom op 'llsa.pool' invalid kind of type specified: expected builtin.tensor, but found 'tensor<*xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<*xf32>
  return
}

// -----

func.func @pool_c1_element_type(%x: tensor<1x8x4096x64xf64>) {
  // expected-error @+1 {{'llsa.pool' op operand #0 must be tensor [B, H, N, D] of f32, bf16, f16 or !llsa.float values, but got 'tensor<1x8x4096x64xf64>'}}
  %0 = llsa.pool %x block 16 : tensor<1x8x4096x64xf64>
  return
}

// -----

func.func @pool_c1_no_tokens(%x: tensor<1x8x0x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op sizes of input must be at least 1, got 'tensor<1x8x0x64xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<1x8x0x64xf32>
  return
}

// -----

func.func @pool_c1_no_batch(%x: tensor<0x8x?x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op sizes of input must be at least 1, got 'tensor<0x8x?x64xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<0x8x?x64xf32>
  return
}

// -----

func.func @pool_c1_too_many_tokens(%x: tensor<1x8x1073741825x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op input must have at most 1073741824 tokens, got 1073741825}}
  %0 = llsa.pool %x block 16 : tensor<1x8x1073741825x64xf32>
  return
}

// -----

func.func @pool_c1_too_many_elements(%x: tensor<67108864x67108864x64x8xf32>) {
  // expected-error @+1 {{'llsa.pool' op input must have fewer than 2^59 elements, got 'tensor<67108864x67108864x64x8xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<67108864x67108864x64x8xf32>
  return
}

// -----

func.func @pool_c1_elements_overflow(%x: tensor<1099511627776x1099511627776x64x8xf32>) {
  // expected-error @+1 {{'llsa.pool' op input must have fewer than 2^59 elements, got 'tensor<1099511627776x1099511627776x64x8xf32>'}}
  %0 = llsa.pool %x block 16 : tensor<1099511627776x1099511627776x64x8xf32>
  return
}

// -----

func.func @pool_c1_depth_small(%x: tensor<1x8x4096x4xf32>) {
  // expected-error @+1 {{'llsa.pool' op head dimension of input must be a multiple of 8 between 8 and 256, got 4}}
  %0 = llsa.pool %x block 16 : tensor<1x8x4096x4xf32>
  return
}

// -----

func.func @pool_c1_depth_big(%x: tensor<1x8x4096x264xf32>) {
  // expected-error @+1 {{'llsa.pool' op head dimension of input must be a multiple of 8 between 8 and 256, got 264}}
  %0 = llsa.pool %x block 16 : tensor<1x8x4096x264xf32>
  return
}

// -----

func.func @pool_c1_depth_step(%x: tensor<1x8x4096x65xf32>) {
  // expected-error @+1 {{'llsa.pool' op head dimension of input must be a multiple of 8 between 8 and 256, got 65}}
  %0 = llsa.pool %x block 16 : tensor<1x8x4096x65xf32>
  return
}

// -----

func.func @pool_c2_block_zero(%x: tensor<1x8x4096x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op block must be between 4 and 128, got 0}}
  %0 = llsa.pool %x block 0 : tensor<1x8x4096x64xf32>
  return
}

// -----

func.func @pool_c2_block_big(%x: tensor<1x8x4096x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op block must be between 4 and 128, got 129}}
  %0 = llsa.pool %x block 129 : tensor<1x8x4096x64xf32>
  return
}

// -----

func.func @pool_c2_block_generic(%x: tensor<1x8x4096x64xf32>) {
  // expected-error @+1 {{'llsa.pool' op block must be between 4 and 128, got -16}}
  %0 = "llsa.pool"(%x) {block = -16 : i64} : (tensor<1x8x4096x64xf32>) -> tensor<1x8x256x64xf32>
  return
}

// -----

func.func @pool_c3_result(%x: tensor<1x8x4096x64xf32>) {
  // expected-error @+2 {{'llsa.pool' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.pool' op inferred type(s) 'tensor<1x8x256x64xf32>' are incompatible with return type(s) of operation 'tensor<1x8x255x64xf32>'}}
  %0 = "llsa.pool"(%x) {block = 16 : i64} : (tensor<1x8x4096x64xf32>) -> tensor<1x8x255x64xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

func.func @select_c1_query_rank(%q: tensor<8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op query must have rank 4 [B, H, N, D], got 'tensor<8x16x64xf32>'}}
  %0 = llsa.select %q, %q topk 8 : tensor<8x16x64xf32>, tensor<8x16x64xf32>
  return
}

// -----

func.func @select_c1_keys_rank(%q: tensor<1x8x16x64xf32>, %k: tensor<8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op keys must have rank 4 [B, H, N, D], got 'tensor<8x16x64xf32>'}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<8x16x64xf32>
  return
}

// -----

func.func @select_c1_no_keys(%q: tensor<1x8x16x64xf32>, %k: tensor<1x8x0x64xf32>) {
  // expected-error @+1 {{'llsa.select' op sizes of keys must be at least 1, got 'tensor<1x8x0x64xf32>'}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<1x8x0x64xf32>
  return
}

// -----

func.func @select_c1_element_type(%q: tensor<1x8x16x64xf32>, %k: tensor<1x8x16x64xbf16>) {
  // expected-error @+1 {{'llsa.select' op keys must have the query's element type 'f32', got 'bf16'}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xbf16>
  return
}

// -----

func.func @select_c1_batch(%q: tensor<1x8x16x64xf32>, %k: tensor<2x8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op keys must have the query's batch 1, got 2}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<2x8x16x64xf32>
  return
}

// -----

func.func @select_c1_depth(%q: tensor<1x8x16x64xf32>, %k: tensor<1x8x16x32xf32>) {
  // expected-error @+1 {{'llsa.select' op keys must have the query's head dimension 64, got 32}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<1x8x16x32xf32>
  return
}

// -----

func.func @select_c1_heads(%q: tensor<1x8x16x64xf32>, %k: tensor<1x3x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op heads of keys must divide the query's 8 heads, got 3}}
  %0 = llsa.select %q, %k topk 8 : tensor<1x8x16x64xf32>, tensor<1x3x16x64xf32>
  return
}

// -----

func.func @select_c2_topk_zero(%q: tensor<1x8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op topk must be between 1 and 1073741824, got 0}}
  %0 = llsa.select %q, %q topk 0 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
  return
}

// -----

func.func @select_c2_topk_big(%q: tensor<1x8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op topk must be between 1 and 1073741824, got 1073741825}}
  %0 = llsa.select %q, %q topk 1073741825 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
  return
}

// -----

func.func @select_c3_block_without_within(%q: tensor<1x8x16x64xf32>) {
  // expected-error @+1 {{'llsa.select' op block must be given exactly when a coarser selection is}}
  %0 = "llsa.select"(%q, %q) {topk = 8 : i64, block = 16 : i64} : (tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>) -> tensor<1x8x16x8xi32>
  return
}

// -----

func.func @select_c3_within_without_block(%q: tensor<1x8x16x64xf32>, %i: tensor<1x8x1x8xi32>) {
  // expected-error @+1 {{'llsa.select' op block must be given exactly when a coarser selection is}}
  %0 = "llsa.select"(%q, %q, %i) {topk = 8 : i64} : (tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>, tensor<1x8x1x8xi32>) -> tensor<1x8x16x8xi32>
  return
}

// -----

func.func @select_c3_block_range(%q: tensor<1x8x16x64xf32>, %i: tensor<1x8x8x8xi32>) {
  // expected-error @+1 {{'llsa.select' op block must be between 4 and 128, got 2}}
  %0 = llsa.select %q, %q topk 8 within %i block 2 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>, tensor<1x8x8x8xi32>
  return
}

// -----

func.func @select_c4_within_type(%q: tensor<1x8x16x64xf32>, %i: tensor<1x8x1x8xi64>) {
  // expected-error @+1 {{'llsa.select' op operand #2 must be tensor [B, H, N, k] of 32-bit signless integer values, but got 'tensor<1x8x1x8xi64>'}}
  %0 = llsa.select %q, %q topk 8 within %i block 16 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>, tensor<1x8x1x8xi64>
  return
}

// -----

func.func @select_c4_within_rank(%q: tensor<1x8x16x64xf32>, %i: tensor<1x8x1xi32>) {
  // expected-error @+1 {{'llsa.select' op within must have rank 4 [B, H, rows, k], got 'tensor<1x8x1xi32>'}}
  %0 = llsa.select %q, %q topk 8 within %i block 16 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>, tensor<1x8x1xi32>
  return
}

// -----

func.func @select_c4_within_empty(%q: tensor<1x8x16x64xf32>, %i: tensor<1x8x1x0xi32>) {
  // expected-error @+1 {{'llsa.select' op sizes of within must be at least 1, got 'tensor<1x8x1x0xi32>'}}
  %0 = llsa.select %q, %q topk 8 within %i block 16 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>, tensor<1x8x1x0xi32>
  return
}

// -----

func.func @select_c4_within_rows(%q: tensor<1x8x17x64xf32>, %i: tensor<1x8x1x8xi32>) {
  // expected-error @+1 {{'llsa.select' op within must have one row per 16 queries: 1x8x2xk, got 'tensor<1x8x1x8xi32>'}}
  %0 = llsa.select %q, %q topk 8 within %i block 16 : tensor<1x8x17x64xf32>, tensor<1x8x17x64xf32>, tensor<1x8x1x8xi32>
  return
}

// -----

func.func @select_c4_within_heads(%q: tensor<?x8x?x64xf32>, %i: tensor<1x2x1x8xi32>) {
  // expected-error @+1 {{'llsa.select' op within must have one row per 16 queries: ?x8x?xk, got 'tensor<1x2x1x8xi32>'}}
  %0 = llsa.select %q, %q topk 8 within %i block 16 : tensor<?x8x?x64xf32>, tensor<?x8x?x64xf32>, tensor<1x2x1x8xi32>
  return
}

// -----

func.func @select_c5_result(%q: tensor<1x8x16x64xf32>) {
  // expected-error @+2 {{'llsa.select' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.select' op inferred type(s) 'tensor<1x8x16x8xi32>' are incompatible with return type(s) of operation 'tensor<1x8x16x9xi32>'}}
  %0 = "llsa.select"(%q, %q) {topk = 8 : i64} : (tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>) -> tensor<1x8x16x9xi32>
  return
}

// -----

func.func @select_c5_elements(%q: tensor<1x8x1073741824x8xf32>) {
  // expected-error @+1 {{'llsa.select' op result must have fewer than 2^59 elements, got 'tensor<1x8x1073741824x1073741824xi32>'}}
  %0 = llsa.select %q, %q topk 1073741824 : tensor<1x8x1073741824x8xf32>, tensor<1x8x1073741824x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// invert_indices
//===----------------------------------------------------------------------===//

func.func @invert_indices_c1_indices_rank(%i: tensor<8x256x8xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op indices must have rank 4 [B, H, N, D], got 'tensor<8x256x8xi32>'}}
  %a, %b = llsa.invert_indices %i of %k : tensor<8x256x8xi32>, tensor<1x8x256x64xf32>
  return
}

// -----

func.func @invert_indices_c1_indices_rank_generic(%i: tensor<8x256x8xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op indices must have rank 4 [B, H, M, k], got 'tensor<8x256x8xi32>'}}
  %a, %b = "llsa.invert_indices"(%i, %k) : (tensor<8x256x8xi32>, tensor<1x8x256x64xf32>) -> (tensor<1x8x257xi32>, tensor<1x8x2048xi32>)
  return
}

// -----

func.func @invert_indices_c1_keys_rank(%i: tensor<1x8x256x8xi32>, %k: tensor<8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op keys must have rank 4 [B, H, N, D], got 'tensor<8x256x64xf32>'}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x256x8xi32>, tensor<8x256x64xf32>
  return
}

// -----

func.func @invert_indices_c1_empty(%i: tensor<1x8x256x0xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op sizes of indices must be at least 1, got 'tensor<1x8x256x0xi32>'}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x256x0xi32>, tensor<1x8x256x64xf32>
  return
}

// -----

func.func @invert_indices_c1_no_keys(%i: tensor<1x8x256x8xi32>, %k: tensor<1x8x0x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op sizes of keys must be at least 1, got 'tensor<1x8x0x64xf32>'}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x256x8xi32>, tensor<1x8x0x64xf32>
  return
}

// -----

func.func @invert_indices_c1_batch(%i: tensor<1x8x256x8xi32>, %k: tensor<2x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op keys must have the indices' batch 1, got 2}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x256x8xi32>, tensor<2x8x256x64xf32>
  return
}

// -----

func.func @invert_indices_c1_heads(%i: tensor<1x8x256x8xi32>, %k: tensor<1x3x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op heads of keys must divide the indices' 8 heads, got 3}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x256x8xi32>, tensor<1x3x256x64xf32>
  return
}

// -----

func.func @invert_indices_c2_results(%i: tensor<1x8x256x8xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+2 {{'llsa.invert_indices' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.invert_indices' op inferred type(s) 'tensor<1x8x257xi32>', 'tensor<1x8x2048xi32>' are incompatible with return type(s) of operation 'tensor<1x8x256xi32>', 'tensor<1x8x2048xi32>'}}
  %a, %b = "llsa.invert_indices"(%i, %k) : (tensor<1x8x256x8xi32>, tensor<1x8x256x64xf32>) -> (tensor<1x8x256xi32>, tensor<1x8x2048xi32>)
  return
}

// -----

func.func @invert_indices_c3_entries(%i: tensor<1x8x1073741824x2xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op indices must have at most 2147483647 entries per head, got 'tensor<1x8x1073741824x2xi32>'}}
  %a, %b = llsa.invert_indices %i of %k : tensor<1x8x1073741824x2xi32>, tensor<1x8x256x64xf32>
  return
}

// -----

func.func @invert_indices_c4_block(%i: tensor<1x8x256x8xi32>, %k: tensor<1x8x256x64xf32>) {
  // expected-error @+1 {{'llsa.invert_indices' op block must be between 4 and 128, got 3}}
  %a, %b = llsa.invert_indices %i of %k block 3 : tensor<1x8x256x8xi32>, tensor<1x8x256x64xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// linear_attend
//===----------------------------------------------------------------------===//

func.func @linear_attend_c1_rank(%x: tensor<8x32x64xf32>) {
  // expected-error @+1 {{'llsa.linear_attend' op query must have rank 4 [B, H, N, D], got 'tensor<8x32x64xf32>'}}
  %o = llsa.linear_attend %x, %x, %x phi relu : tensor<8x32x64xf32>, tensor<8x32x64xf32>, tensor<8x32x64xf32>
  return
}

// -----

func.func @linear_attend_c1_depth(%x: tensor<1x8x32x64xf32>, %k: tensor<1x8x32x8xf32>) {
  // expected-error @+1 {{'llsa.linear_attend' op keys must have the query's head dimension 64, got 8}}
  %o = llsa.linear_attend %x, %k, %k phi relu : tensor<1x8x32x64xf32>, tensor<1x8x32x8xf32>, tensor<1x8x32x8xf32>
  return
}

// -----

func.func @linear_attend_c1_values(%x: tensor<1x8x32x64xf32>, %v: tensor<1x8x31x64xf32>) {
  // expected-error @+1 {{'llsa.linear_attend' op keys and values must have one type, got 'tensor<1x8x32x64xf32>' and 'tensor<1x8x31x64xf32>'}}
  %o = llsa.linear_attend %x, %x, %v phi relu : tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>, tensor<1x8x31x64xf32>
  return
}

// -----

func.func @linear_attend_syntax_phi(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+2 {{custom op 'llsa.linear_attend' expected ::llsa::FeatureMap to be one of: softmax, elu1, relu}}
  // expected-error @+1 {{custom op 'llsa.linear_attend' failed to parse LLSA_FeatureMapAttr parameter 'value' which is to be a `::llsa::FeatureMap`}}
  %o = llsa.linear_attend %x, %x, %x phi gelu : tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>
  return
}

// -----

func.func @linear_attend_c2_result(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+2 {{'llsa.linear_attend' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.linear_attend' op inferred type(s) 'tensor<1x8x32x64xf32>' are incompatible with return type(s) of operation 'tensor<1x8x32x64xf16>'}}
  %o = "llsa.linear_attend"(%x, %x, %x) {phi = #llsa<phi relu>} : (tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>) -> tensor<1x8x32x64xf16>
  return
}

// -----

//===----------------------------------------------------------------------===//
// launch, yield
//===----------------------------------------------------------------------===//

func.func @launch_c1_result_types(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+1 {{'llsa.launch' op must yield its results' types ('tensor<1x8x4x64xf32>'), got ('tensor<1x8x2x64xf32>')}}
  %0 = llsa.launch "pool" {
    %1 = llsa.pool %x block 16 : tensor<1x8x32x64xf32>
    llsa.yield %1 : tensor<1x8x2x64xf32>
  } : tensor<1x8x4x64xf32>
  return
}

// -----

func.func @launch_c1_other_terminator(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+2 {{'llsa.launch' op expects regions to end with 'llsa.yield', found 'ub.unreachable'}}
  // expected-note @+1 {{in custom textual format, the absence of terminator implies 'llsa.yield'}}
  "llsa.launch"() ({
    ub.unreachable
  }) {name = "pool"} : () -> ()
  return
}

// -----

func.func @launch_c2_empty(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+1 {{'llsa.launch' op must hold at least one op}}
  %0 = llsa.launch "none" {
    llsa.yield %x : tensor<1x8x32x64xf32>
  } : tensor<1x8x32x64xf32>
  return
}

// -----

func.func @launch_c3_name(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+1 {{'llsa.launch' op name must not be empty}}
  llsa.launch "" {
    %1 = llsa.pool %x block 16 : tensor<1x8x32x64xf32>
  }
  return
}

// -----

func.func @yield_parent() {
  // expected-error @+1 {{'llsa.yield' op expects parent op to be one of 'llsa.attend, llsa.attention, llsa.launch, llsa.attend_query_grad, llsa.attend_key_grad, llsa.attend_bias_grad'}}
  llsa.yield
}

// -----

func.func @widen_c1_element(%x: bf16) -> bf16 {
  // expected-error @+1 {{'llsa.widen' op result #0 must be f32 or a tensor of f32, but got 'bf16'}}
  %y = "llsa.widen"(%x) : (bf16) -> bf16
  return %y : bf16
}

// -----

func.func @widen_c1_shape(%x: tensor<4xbf16>) -> tensor<5xf32> {
  // expected-error @+2 {{'llsa.widen' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.widen' op inferred type(s) 'tensor<4xf32>' are incompatible with return type(s) of operation 'tensor<5xf32>'}}
  %y = "llsa.widen"(%x) : (tensor<4xbf16>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}
