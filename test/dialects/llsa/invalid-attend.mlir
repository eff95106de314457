// One case per rule, named by the rule's label: op, constraint, what is wrong.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

!x = tensor<1x8x32x64xf32>
func.func @attend_syntax_source_kind(%x: !x) {
  // expected-error @+1 {{expected dense, gathered or window, got 'sparse'}}
  %o, %lse = llsa.attend %x from sparse(%x, %x) : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_syntax_type_count(%x: !x) {
  // expected-error @+1 {{expected 3 types (the query's, then each source's), got 2}}
  %o, %lse = llsa.attend %x from dense(%x, %x) : !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_syntax_region_arguments(%x: !x) {
  // expected-error @+1 {{score region must take 6 arguments (score, batch, head, query, key, span), got 1}}
  %o, %lse = llsa.attend %x from dense(%x, %x) score(%s) { llsa.yield %s : f32 } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_syntax_attribute_twice(%x: !x) {
  // expected-error @+1 {{'scale' must not be given in the attributes: the op's syntax has a place for it}}
  %o, %lse = llsa.attend %x from dense(%x, %x) scale 0.5 {scale = 0.25 : f64} : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<8x32x64xf32>
func.func @attend_c1_query_rank(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op query must have rank 4 [B, H, N, D], got 'tensor<8x32x64xf32>'}}
  %o, %lse = llsa.attend %y from dense(%x, %x) : !y, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<32xf32>
func.func @attend_c1_keys_rank(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op keys must have rank 4 [B, H, N, D], got 'tensor<32xf32>'}}
  %o, %lse = llsa.attend %x from dense(%y, %y) : !x, !y, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x32x64xf16>
func.func @attend_c1_element_type(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op keys must have the query's element type 'f32', got 'f16'}}
  %o, %lse = llsa.attend %x from dense(%y, %y) : !x, !y, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x33x64xf32>
func.func @attend_c2_values(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op source 1 must have keys and values of one type, got 'tensor<1x8x32x64xf32>' and 'tensor<1x8x33x64xf32>'}}
  %o, %lse = llsa.attend %x from dense(%x, %x), dense(%x, %y) : !x, !x, !x, !x, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c3_no_source(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op needs at least one source}}
  %o, %lse = "llsa.attend"(%x) ({}, {}) {sources = [], operandSegmentSizes = array<i32: 1, 0, 0, 0>}
      : (!x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c3_operand_counts(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op needs keys and values for each of 1 sources and indices for each of 1 gathered ones, got 1, 1 and 0}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({}, {}) {
    sources = [#llsa.source<kind = gathered, block = 16, every = 1, before = 0, after = 0, weight = 1.0 : f64, span = 0>],
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (!x, !x, !x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c3_not_sources(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op attribute 'sources' failed to satisfy constraint: list of sources}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({}, {}) {sources = [1], operandSegmentSizes = array<i32: 1, 1, 1, 0>}
      : (!x, !x, !x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!i = tensor<1x8x2x8xi32>
func.func @attend_c4_block(%x: !x, %i: !i) {
  // expected-error @+1 {{'llsa.attend' op block must be between 4 and 128, got 256}}
  %o, %lse = llsa.attend %x from gathered(%x, %x by %i) block 256 every 16 : !x, !x, !x, !i
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!i = tensor<1x8x2x8xi32>
func.func @attend_c4_every(%x: !x, %i: !i) {
  // expected-error @+1 {{'llsa.attend' op every must be at least 1, got 0}}
  %o, %lse = llsa.attend %x from gathered(%x, %x by %i) block 16 every 0 : !x, !x, !x, !i
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!i = tensor<1x8x2xi32>
func.func @attend_c4_indices_rank(%x: !x, %i: !i) {
  // expected-error @+1 {{'llsa.attend' op indices must have rank 4 [B, H, rows, k], got 'tensor<1x8x2xi32>'}}
  %o, %lse = llsa.attend %x from gathered(%x, %x by %i) block 16 every 16 : !x, !x, !x, !i
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!i = tensor<1x8x3x8xi32>
func.func @attend_c4_indices_rows(%x: !x, %i: !i) {
  // expected-error @+1 {{'llsa.attend' op indices must have one row per 16 queries: 1x8x2xk, got 'tensor<1x8x3x8xi32>'}}
  %o, %lse = llsa.attend %x from gathered(%x, %x by %i) block 16 every 16 : !x, !x, !x, !i
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c5_before(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op before of a window must be between 0 and 1073741824, got -1}}
  %o, %lse = llsa.attend %x from window(%x, %x) before -1 after 0 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c5_after(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op after of a window must be between 0 and 1073741824, got 1073741825}}
  %o, %lse = llsa.attend %x from window(%x, %x) before 0 after 1073741825 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_weight_zero(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op weight must be positive and finite in float32, got 0.000000e+00}}
  %o, %lse = llsa.attend %x from dense(%x, %x) weight 0.0 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_weight_overflows(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op weight must be positive and finite in float32, got 1.000000e+39}}
  %o, %lse = llsa.attend %x from dense(%x, %x) weight 1.0e39 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_weight_underflows(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op weight must be positive and finite in float32, got 1.000000e-60}}
  %o, %lse = llsa.attend %x from dense(%x, %x) weight 1.0e-60 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_span_zero(%x: !x) {
  // expected-error @+1 {{span must be positive, got 0}}
  %o, %lse = llsa.attend %x from dense(%x, %x) span 0 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_span_negative(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op span must be between 1 and 34359738368, got -1}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({}, {}) {
    sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = -1>],
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (!x, !x, !x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c6_span_big(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op span must be between 1 and 34359738368, got 34359738369}}
  %o, %lse = llsa.attend %x from dense(%x, %x) span 34359738369 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x33x64xf32>
func.func @attend_c6_last_key(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op source 0 must begin its last key below token 1073741824, got 33 keys of span 33554432}}
  %o, %lse = llsa.attend %x from dense(%x, %x) span 33554432 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x33x64xf32>
!y = tensor<1x8x2x64xf32>
func.func @attend_c7_span(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op source 1 must have 3 keys (33 tokens, span 16), got 2}}
  %o, %lse = llsa.attend %x from dense(%x, %x), dense(%y, %y) span 16 : !x, !x, !x, !y, !y
  return
}

// -----

!x = tensor<1x8x33x64xf32>
!y = tensor<1x8x2x64xf32>
func.func @attend_c7_first_source(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attend' op source 2 must have 1 keys (2 tokens, span 17), got 2}}
  %o, %lse = llsa.attend %x from dense(%y, %y), dense(%x, %x), dense(%y, %y) span 17 : !x, !y, !y, !x, !x, !y, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_arguments(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op score region must take ('f32', 'index', 'index', 'index', 'index', 'index'), got ('f32', 'index')}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({
  ^bb0(%s: f32, %b: index):
    llsa.yield %s : f32
  }, {}) {
    sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>],
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (!x, !x, !x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_score_type(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op score region must yield one 'f32', got ('index')}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) { llsa.yield %b : index } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_mask_type(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op mask region must yield one 'i1', got ('f32', 'f32')}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      mask(%s, %b, %h, %i, %j, %n) { llsa.yield %s, %s : f32, f32 } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_terminator(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op score region must yield one 'f32'}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) { ub.unreachable } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_foreign_op(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op score region may hold arith, math, tensor.extract, llsa.widen and func.call ops, got 'tensor.dim'}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %0 = tensor.dim %x, %b : !x
        llsa.yield %s : f32
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func private @helper(%s: f32) -> f32 {
  return %s : f32
}
func.func @attend_c8_calls(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op score and mask regions may call functions with llsa.device_function, got @helper}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %0 = func.call @helper(%s) : (f32) -> f32
        llsa.yield %0 : f32
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_calls_nobody(%x: !x) {
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        // expected-error @+1 {{'func.call' op 'nobody' does not reference a valid function}}
        %0 = func.call @nobody(%s) : (f32) -> f32
        llsa.yield %0 : f32
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_not_scalar(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op mask region must compute scalars, got 'arith.addf' of type 'tensor<1x8x32x64xf32>'}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      mask(%s, %b, %h, %i, %j, %n) {
        %0 = arith.addf %x, %x : !x
        %1 = arith.cmpi ule, %i, %j : index
        llsa.yield %1 : i1
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_captures_scalar(%x: !x, %f: f32) {
  // expected-error @+1 {{'llsa.attend' op score region may capture tensors and constants, got a 'f32' in 'arith.mulf'}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) {
        %0 = arith.mulf %s, %f : f32
        llsa.yield %0 : f32
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c8_yields_capture(%x: !x, %f: f32) {
  // expected-error @+1 {{'llsa.attend' op score region may capture tensors and constants, got a 'f32' in 'llsa.yield'}}
  %o, %lse = llsa.attend %x from dense(%x, %x)
      score(%s, %b, %h, %i, %j, %n) { llsa.yield %f : f32 } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c9_scale(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op scale must be finite in float32, got 1.000000e+39}}
  %o, %lse = llsa.attend %x from dense(%x, %x) scale 1.0e39 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c10_results(%x: !x) {
  // expected-error @+2 {{'llsa.attend' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.attend' op inferred type(s) 'tensor<1x8x32x64xf32>', 'tensor<1x8x32xf32>' are incompatible with return type(s) of operation 'tensor<1x8x32x64xf32>', 'tensor<1x8x31xf32>'}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({}, {}) {
    sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>],
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (!x, !x, !x) -> (!x, tensor<1x8x31xf32>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

!x = tensor<1x8x32x64xf32>
!y = tensor<8x32x64xf32>
func.func @attention_c1_rank(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attention' op query must have rank 4 [B, H, N, D], got 'tensor<8x32x64xf32>'}}
  %o, %lse = llsa.attention %y, %x, %x hierarchy <> : !y, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x0x64xf32>
func.func @attention_c1_no_tokens(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attention' op sizes of keys must be at least 1, got 'tensor<1x8x0x64xf32>'}}
  %o, %lse = llsa.attention %x, %y, %y hierarchy <> : !x, !y, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x5x32x64xf32>
func.func @attention_c1_heads(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attention' op heads of keys must divide the query's 8 heads, got 5}}
  %o, %lse = llsa.attention %x, %y, %y hierarchy <> : !x, !y, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
!y = tensor<1x8x33x64xf32>
func.func @attention_c1_values(%x: !x, %y: !y) {
  // expected-error @+1 {{'llsa.attention' op keys and values must have one type, got 'tensor<1x8x32x64xf32>' and 'tensor<1x8x33x64xf32>'}}
  %o, %lse = llsa.attention %x, %x, %y hierarchy <> : !x, !x, !y
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attention_syntax_types(%x: !x) {
  // expected-error @+1 {{number of operands and types do not match: got 3 operands and 2 types}}
  %o, %lse = llsa.attention %x, %x, %x hierarchy <> : !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attention_syntax_attribute_twice(%x: !x) {
  // expected-error @+1 {{'hierarchy' must not be given in the attributes: the op's syntax has a place for it}}
  %o, %lse = llsa.attention %x, %x, %x hierarchy <> {hierarchy = 1} : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attention_c2_scale(%x: !x) {
  // expected-error @+1 {{'llsa.attention' op scale must be finite in float32, got -1.000000e+39}}
  %o, %lse = llsa.attention %x, %x, %x hierarchy <> scale -1.0e39 : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attention_c3_mask(%x: !x) {
  // expected-error @+1 {{'llsa.attention' op mask region must yield one 'i1', got ('f32')}}
  %o, %lse = llsa.attention %x, %x, %x hierarchy <>
      mask(%s, %b, %h, %i, %j, %n) { llsa.yield %s : f32 } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func private @helper(%s: f32, %i: index) -> i1 {
  %t = arith.constant true
  return %t : i1
}
func.func @attention_c3_calls(%x: !x) {
  // expected-error @+1 {{'llsa.attention' op score and mask regions may call functions with llsa.device_function, got @helper}}
  %o, %lse = llsa.attention %x, %x, %x hierarchy <block = 8, levels = 1, topk = [2]>
      mask(%s, %b, %h, %i, %j, %n) {
        %0 = func.call @helper(%s, %i) : (f32, index) -> i1
        llsa.yield %0 : i1
      } : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attention_c4_results(%x: !x) {
  // expected-error @+2 {{'llsa.attention' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.attention' op inferred type(s) 'tensor<1x8x32x64xf32>', 'tensor<1x8x32xf32>' are incompatible with return type(s) of operation 'tensor<1x8x32x64xf32>', 'tensor<1x8x33xf32>'}}
  %o, %lse = "llsa.attention"(%x, %x, %x) ({}, {}) {hierarchy = #llsa.hierarchy<>} : (!x, !x, !x) -> (!x, tensor<1x8x33xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xf32>
func.func @attend_c11_element(%x: !x) {
  // expected-error @+1 {{'llsa.attend' op rest is given for bf16 and f16 alone, got 'f32'}}
  %o, %lse, %rest = llsa.attend %x from dense(%x, %x) rest : !x, !x, !x
  return
}

// -----

!x = tensor<1x8x32x64xbf16>
func.func @attend_c11_missing(%x: !x) {
  // expected-error @+2 {{'llsa.attend' op failed to infer returned types}}
  // expected-error @+1 {{'llsa.attend' op inferred type(s) 'tensor<1x8x32x64xbf16>', 'tensor<1x8x32xf32>', 'tensor<1x8x32x64xi8>' are incompatible with return type(s) of operation 'tensor<1x8x32x64xbf16>', 'tensor<1x8x32xf32>'}}
  %o, %lse = "llsa.attend"(%x, %x, %x) ({}, {}) {keep_rest,
    sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>],
    operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (!x, !x, !x) -> (!x, tensor<1x8x32xf32>)
  return
}

// -----

!x = tensor<1x8x32x64xbf16>
func.func @attend_syntax_rest(%x: !x) {
  // expected-error @+1 {{'keep_rest' must not be given in the attributes: the op's syntax has a place for it}}
  %o, %lse = llsa.attend %x from dense(%x, %x) {keep_rest} : !x, !x, !x
  return
}
