// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-differentiate

!x = tensor<1x2x64x8xf32>
func.func @no_rule(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  // expected-error @+1 {{'arith.remf' op has no derivative}}
  %r = arith.remf %o, %q : !x
  return %r : !x
}

// -----

!x = tensor<1x2x64x8xf32>
func.func @bits(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %c = arith.bitcast %s : f32 to i32
        // expected-error @+1 {{'arith.bitcast' op has no derivative, which the gradient of the score needs}}
        %f = arith.bitcast %c : i32 to f32
        llsa.yield %f : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x2x64x8xf32>
func.func @no_rule_in_a_region(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %c = arith.constant 2.0 : f32
        // expected-error @+1 {{'arith.remf' op has no derivative, which the gradient of the score needs}}
        %r = arith.remf %s, %c : f32
        llsa.yield %r : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x2x64x8xf32>
func.func private @bias(f32) -> f32 attributes {llsa.device_function}
func.func @no_derivatives(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        // expected-error @+1 {{'func.call' op has no derivative, which the gradient of the score needs; a device function's are named by llsa.derivatives at @bias}}
        %t = func.call @bias(%s) : (f32) -> f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x2x64x8xf32>
func.func @composite(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @+1 {{'llsa.attention' op has no derivative: expected llsa.attend, llsa.pool, llsa.linear_attend, llsa.select or elementwise ops on tensors}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = 1, topk = 1> : !x, !x, !x
  return %o : !x
}

// -----

// expected-error @below {{'func.func' op has no result that depends on a float argument: there is nothing to differentiate}}
func.func @integers(%q: tensor<1x2x64x8xf32>) -> tensor<1x2x64x4xi32> {
  %i = llsa.select %q, %q topk 4 : tensor<1x2x64x8xf32>, tensor<1x2x64x8xf32>
  return %i : tensor<1x2x64x4xi32>
}

// -----

!x = tensor<1x2x64x8xf32>
// expected-error @below {{'func.func' op cannot be differentiated: two arguments or results of its backward would be named 'do'}}
func.func @names(%q: !x {llsa.name = "do"}) -> (!x {llsa.name = "o"}) {
  %o = arith.negf %q : !x
  return %o : !x
}

// -----

!x = tensor<1x2x64x8xbf16>
// expected-error @below {{'func.func' op cannot be differentiated: its result 'kept1' has a name that its backward needs for another tensor}}
func.func @kept_name(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !x {llsa.name = "kept1"}) {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o, %v : !x, !x
}

// -----

!x = tensor<1x2x64x8xf32>
// expected-error @below {{'func.func' op cannot be differentiated: its result 'do' has a name that its backward needs for another tensor}}
func.func @gradient_name(%q: !x) -> (!x {llsa.name = "o"}, !x {llsa.name = "do"}) {
  %o = arith.negf %q : !x
  return %o, %q : !x, !x
}

// -----

!x = tensor<1x2x64x8xf32>
!i = tensor<1x2x4x1000000000xi32>
func.func @too_many_indices(%q: !x, %k: !x, %v: !x, %i: !i) -> !x {
  // expected-error @+1 {{'llsa.invert_indices' op indices must have at most 2147483647 entries per head, got 'tensor<1x2x4x1000000000xi32>'}}
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i) block 16 every 16 : !x, !x, !x, !i
  return %o : !x
}
