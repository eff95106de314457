// One case for each rule of LLSAGradOps.td, named after it.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

!q = tensor<1x8x64x16xf16>
!r = tensor<1x8x64xf32>
!x = tensor<1x3x64x16xf16>
func.func @attend_query_grad_c1_heads(%q: !q, %x: !x, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op heads of keys must divide the query's 8 heads, got 3}}
  %a:2 = llsa.attend_query_grad %q from dense(%x, %x) output %do lse %r gradient %do : !q, !x, !x -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c1_no_source(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op needs at least one source}}
  %a:2 = "llsa.attend_query_grad"(%q, %q, %r, %q) ({}, {}, {}) {sources = [], operandSegmentSizes = array<i32: 1, 0, 0, 0, 1, 0, 1, 1, 0>} : (!q, !q, !r, !q) -> (!q, !r)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func private @helper(%i: index) -> i1 {
  %t = arith.constant true
  return %t : i1
}
func.func @attend_query_grad_c1_calls(%q: !q, %k: !k, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op score and mask regions may call functions with llsa.device_function, got @helper}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do mask(%s, %b, %h, %n, %j, %m) {
        %t = func.call @helper(%j) : (index) -> i1
        llsa.yield %t : i1
      } : !q, !k, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func private @helper(%i: index) -> i1 {
  %t = arith.constant true
  return %t : i1
}
func.func @attend_key_grad_c1_calls(%q: !q, %k: !k, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op score and mask regions may call functions with llsa.device_function, got @helper}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) lse %r delta %r gradient %do mask(%s, %b, %h, %n, %j, %m) {
        %t = func.call @helper(%j) : (index) -> i1
        llsa.yield %t : i1
      } : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c1_mask(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op mask region may hold arith, math, tensor.extract, llsa.widen and func.call ops, got 'llsa.pool'}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do mask(%s, %b, %h, %n, %j, %m) {
        %p = llsa.pool %q block 16 : !q
        %t = arith.constant true
        llsa.yield %t : i1
      } : !q, !k, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c2_rest(%q: !q, %k: !k, %r: !r, %do: !q, %rest: tensor<1x2x64x16xi8>) {
  // expected-error @+1 {{'llsa.attend_query_grad' op rest must have the type 'tensor<1x8x64x16xi8>', got 'tensor<1x2x64x16xi8>'}}
  %a:2 = "llsa.attend_query_grad"(%q, %k, %k, %q, %rest, %r, %q) ({}, {}, {}) {sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>], operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1, 1, 1, 0>} : (!q, !k, !k, !q, tensor<1x2x64x16xi8>, !r, !q) -> (!q, !r)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c2_output(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op output must have the query's type 'tensor<1x8x64x16xf16>', got 'tensor<1x2x64x16xf16>'}}
  %a:2 = "llsa.attend_query_grad"(%q, %k, %k, %k, %r, %q) ({}, {}, {}) {sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>], operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 1, 1, 0>} : (!q, !k, !k, !k, !r, !q) -> (!q, !r)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c2_lse(%q: !q, %k: !k, %l: tensor<8x64xf32>) {
  // expected-error @+1 {{'llsa.attend_query_grad' op lse must have the type 'tensor<1x8x64xf32>', got 'tensor<8x64xf32>'}}
  %a:2 = "llsa.attend_query_grad"(%q, %k, %k, %q, %l, %q) ({}, {}, {}) {sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>], operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 1, 1, 0>} : (!q, !k, !k, !q, tensor<8x64xf32>, !q) -> (!q, !r)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c3_type(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op the query's gradient must have the type 'tensor<1x8x64x16xf16>' or its sizes and f32, got 'tensor<1x8x64x16xbf16>'}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do : !q, !k, !k -> tensor<1x8x64x16xbf16>
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c4_no_score(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_query_grad' op derivative must be given exactly when a score region is}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do derivative(%s, %b, %h, %n, %j, %m, %g) {
        llsa.yield %g : f32
      } : !q, !k, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c4_arguments(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{derivative region must take 7 arguments (score, batch, head, query, key, span, gradient), got 6}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do derivative(%s, %b, %h, %n, %j, %m) {
        llsa.yield %s : f32
      } : !q, !k, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_syntax_types(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{expected 3 types (the query's, then each source's), got 2}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %do lse %r gradient %do : !q, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c1_values(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op keys and values must have one type, got 'tensor<1x2x64x16xf16>' and 'tensor<1x8x64x16xf16>'}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %q) lse %r delta %r gradient %do : !q, !k, !q -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c1_scale(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op scale must be finite in float32, got 1.000000e+300}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) lse %r delta %r gradient %do scale 1.0e300 : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c2_weight(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op weight must be positive and finite in float32, got -1.000000e+00}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) weight -1.0 lse %r delta %r gradient %do : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c2_tokens_missing(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op tokens must be given exactly when a span is}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) span 4 lse %r delta %r gradient %do : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c2_tokens_range(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op tokens must be between 1 and 34359738368, got 0}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) span 4 tokens 0 lse %r delta %r gradient %do : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c2_tokens(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op source 0 must have 65 keys (257 tokens, span 4), got 64}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) span 4 tokens 257 lse %r delta %r gradient %do : !q, !k, !k -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c3_offsets(%q: !q, %k: !k, %x: tensor<1x8x4xi32>, %y: tensor<1x8x8xi32>, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op offsets must have the type 'tensor<1x8x5xi32>', got 'tensor<1x8x4xi32>'}}
  %a:2 = llsa.attend_key_grad %q from gathered(%k, %k by %x, %y) block 16 every 16 lse %r delta %r gradient %do : !q, !k, !k, tensor<1x8x4xi32>, tensor<1x8x8xi32> -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c3_rows(%q: !q, %k: !k, %x: tensor<1x8x5xi32>, %y: tensor<8x8xi32>, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op rows must have the type 'tensor<1x8x?xi32>', got 'tensor<8x8xi32>'}}
  %a:2 = llsa.attend_key_grad %q from gathered(%k, %k by %x, %y) block 16 every 16 lse %r delta %r gradient %do : !q, !k, !k, tensor<1x8x5xi32>, tensor<8x8xi32> -> !k
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c3_dense(%q: !q, %k: !k, %x: tensor<1x8x5xi32>, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op offsets and rows must be given exactly for a gathered source}}
  %a:2 = "llsa.attend_key_grad"(%q, %k, %k, %x, %x, %r, %r, %do) ({}, {}, {}) {source = #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1>} : (!q, !k, !k, tensor<1x8x5xi32>, tensor<1x8x5xi32>, !r, !r, !q) -> (!k, !k)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c4_delta(%q: !q, %k: !k, %x: tensor<1x8x16xf32>, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op delta must have the type 'tensor<1x8x64xf32>', got 'tensor<1x8x16xf32>'}}
  %a:2 = "llsa.attend_key_grad"(%q, %k, %k, %r, %x, %do) ({}, {}, {}) {source = #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 1>} : (!q, !k, !k, !r, tensor<1x8x16xf32>, !q) -> (!k, !k)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c5_type(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op the keys' gradient must have the type 'tensor<1x2x64x16xf16>' or its sizes and f32, got 'tensor<1x8x64x16xf16>'}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) lse %r delta %r gradient %do : !q, !k, !k -> !q
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c5_two_types(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op gradients of keys and values must have one type, got 'tensor<1x2x64x16xf16>' and 'tensor<1x2x64x16xf32>'}}
  %a:2 = "llsa.attend_key_grad"(%q, %k, %k, %r, %r, %do) ({}, {}, {}) {source = #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 1>} : (!q, !k, !k, !r, !r, !q) -> (!k, tensor<1x2x64x16xf32>)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @attend_key_grad_c6_missing(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.attend_key_grad' op derivative must be given exactly when a score region is}}
  %a:2 = llsa.attend_key_grad %q from dense(%k, %k) lse %r delta %r gradient %do score(%s, %b, %h, %n, %j, %m) {
        llsa.yield %s : f32
      } : !q, !k, !k -> !k
  return
}

// -----

func.func @unpool_c1_rank(%x: tensor<8x4x16xf32>) {
  // expected-error @+1 {{'llsa.unpool' op gradient must have rank 4 [B, H, N, D], got 'tensor<8x4x16xf32>'}}
  %a = llsa.unpool %x block 16 tokens 64 : tensor<8x4x16xf32>
  return
}

// -----

func.func @unpool_c1_type(%x: tensor<1x8x4x16xf16>) {
  // expected-error @+1 {{'llsa.unpool' op operand #0 must be tensor [B, H, N, D] of f32 of 32-bit float values, but got 'tensor<1x8x4x16xf16>'}}
  %a = llsa.unpool %x block 16 tokens 64 : tensor<1x8x4x16xf16>
  return
}

// -----

func.func @unpool_c2_block(%x: tensor<1x8x4x16xf32>) {
  // expected-error @+1 {{'llsa.unpool' op block must be between 4 and 128, got 2}}
  %a = llsa.unpool %x block 2 tokens 64 : tensor<1x8x4x16xf32>
  return
}

// -----

func.func @unpool_c2_tokens(%x: tensor<1x8x4x16xf32>) {
  // expected-error @+1 {{'llsa.unpool' op tokens must be between 1 and 1073741824, got 0}}
  %a = llsa.unpool %x block 16 tokens 0 : tensor<1x8x4x16xf32>
  return
}

// -----

func.func @unpool_c3_count(%x: tensor<1x8x4x16xf32>) {
  // expected-error @+1 {{'llsa.unpool' op gradient must have 5 tokens (65 tokens, block 16), got 4}}
  %a = llsa.unpool %x block 16 tokens 65 : tensor<1x8x4x16xf32>
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!x = tensor<1x3x64x16xf16>
func.func @linear_attend_grad_c1_heads(%q: !q, %x: !x, %do: !q) {
  // expected-error @+1 {{'llsa.linear_attend_grad' op heads of keys must divide the query's 8 heads, got 3}}
  %a:3 = llsa.linear_attend_grad %q, %x, %x gradient %do phi relu : !q, !x, !x
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!i = tensor<1x8x4x2xi32>
!r = tensor<1x8x64xf32>
func.func @linear_attend_grad_c2_gradient(%q: !q, %k: !k, %i: !i, %r: !r, %do: !q) {
  // expected-error @+1 {{'llsa.linear_attend_grad' op failed to verify that all of {query, output_grad} have same type}}
  %a:3 = "llsa.linear_attend_grad"(%q, %k, %k, %k) {phi = #llsa<phi relu>} : (!q, !k, !k, !k) -> (tensor<1x8x64x16xf32>, tensor<1x2x64x16xf32>, tensor<1x2x64x16xf32>)
  return
}

// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c5_output(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_query_grad' op output and gradient must be given together, and rest with them alone}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) output %q lse %r lse_gradient %r : !q, !k, !k -> !q
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c5_rest(%q: !q, %k: !k, %r: !r, %rest: tensor<1x8x64x16xi8>) {
  // expected-error @+1 {{'llsa.attend_query_grad' op output and gradient must be given together, and rest with them alone}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) rest %rest lse %r lse_gradient %r : !q, !k, !k -> !q
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_query_grad_c5_none(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_query_grad' op needs the gradient of the output or of the lse}}
  %a:2 = llsa.attend_query_grad %q from dense(%k, %k) lse %r : !q, !k, !k -> !q
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x3x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c1_heads(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op heads of keys must divide the query's 8 heads, got 3}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c1_scale(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op scale must be finite in float32, got 1.000000e+39}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q scale 1.0e39
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c1_mask(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op mask region must yield one 'i1', got ('f32')}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      mask(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func private @helper(%i: f32) -> f32 {
  return %i : f32
}
func.func @attend_bias_grad_c1_calls(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op score and mask regions may call functions with llsa.device_function, got @helper}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) {
        %t = func.call @helper(%s) : (f32) -> f32
        llsa.yield %t : f32
      }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c2_gradient(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op gradient must have the query's type 'tensor<1x8x64x16xf16>', got 'tensor<1x2x64x16xf16>'}}
  %a = "llsa.attend_bias_grad"(%q, %k, %k, %r, %r, %k) ({
      ^bb0(%s: f32, %b: index, %h: index, %n: index, %j: index, %m: index):
        llsa.yield %s : f32
      }, {}, {
      ^bb0(%s: f32, %b: index, %h: index, %n: index, %j: index, %m: index, %g: f32):
        llsa.yield %g, %h : f32, index
      }) {sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>], operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1, 1>} : (!q, !k, !k, !r, !r, !k) -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c2_delta(%q: !q, %k: !k, %r: !r, %l: tensor<8x64xf32>) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op delta must have the type 'tensor<1x8x64xf32>', got 'tensor<8x64xf32>'}}
  %a = "llsa.attend_bias_grad"(%q, %k, %k, %r, %l, %q) ({
      ^bb0(%s: f32, %b: index, %h: index, %n: index, %j: index, %m: index):
        llsa.yield %s : f32
      }, {}, {
      ^bb0(%s: f32, %b: index, %h: index, %n: index, %j: index, %m: index, %g: f32):
        llsa.yield %g, %h : f32, index
      }) {sources = [#llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>], operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1, 1>} : (!q, !k, !k, !r, tensor<8x64xf32>, !q) -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c3_no_score(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op region #0 ('score') failed to verify constraint: region with 1 blocks}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c3_rank(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op reads region must yield ('f32', 'index', 'index') once or more, got ('f32', 'index')}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8x8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c3_nothing(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op reads region must yield ('f32', 'index') once or more, got ()}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c3_ops(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op reads region may hold arith, math, tensor.extract, llsa.widen and func.call ops, got 'llsa.pool'}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) {
        %p = llsa.pool %q block 16 : !q
        llsa.yield %g, %h : f32, index
      } : !q, !k, !k -> tensor<8xf32>
  return
}


// -----

!q = tensor<1x8x64x16xf16>
!k = tensor<1x2x64x16xf16>
!r = tensor<1x8x64xf32>
func.func @attend_bias_grad_c4_element(%q: !q, %k: !k, %r: !r) {
  // expected-error @+1 {{'llsa.attend_bias_grad' op result #0 must be ranked tensor of 32-bit float values, but got 'tensor<8xf16>'}}
  %a = llsa.attend_bias_grad %q from dense(%k, %k) lse %r delta %r gradient %q
      score(%s, %b, %h, %n, %j, %m) { llsa.yield %s : f32 }
      reads(%s, %b, %h, %n, %j, %m, %g) { llsa.yield %g, %h : f32, index } : !q, !k, !k -> tensor<8xf16>
  return
}
