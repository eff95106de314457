// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-verify-kernel-contract

// expected-error @below {{argument q has a size that is not bound: 'tensor<?x8xf32>'}}
func.func @contract_c1_argument(%q: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %q : tensor<?x8xf32>
}

// -----

// expected-error @below {{argument q has a size of 0: 'tensor<0x8xf32>'}}
func.func @contract_c1_zero(%q: tensor<0x8xf32>) -> tensor<0x8xf32> {
  return %q : tensor<0x8xf32>
}

// -----

// expected-error @below {{argument q has elements other than f32, bf16, f16, i32 or i8: 'tensor<8x!llsa.float>'}}
func.func @contract_c1_element(%q: tensor<8x!llsa.float>) -> tensor<8x!llsa.float> {
  return %q : tensor<8x!llsa.float>
}

// -----

!x = tensor<8xf32>
func.func @contract_c1_result(%q: !x) -> tensor<8xi1> {
  // expected-error @below {{'llsa.launch' op result has elements other than f32, bf16, f16, i32 or i8: 'tensor<8xi1>'}}
  %0 = llsa.launch "elementwise" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %1 = arith.cmpf ogt, %q, %q : !x
    llsa.yield %1 : tensor<8xi1>
  } : tensor<8xi1>
  return %0 : tensor<8xi1>
}

// -----

!x = tensor<8xf32>
func.func @contract_c2(%q: !x) -> !x {
  // expected-error @below {{'arith.addf' op stands in no launch; llsa-fuse makes them}}
  %0 = arith.addf %q, %q : !x
  return %0 : !x
}

// -----

!x = tensor<1x1x64x8xf32>
func.func @contract_c3_two_kinds(%q: !x) -> tensor<1x1x4x8xf32> {
  %0 = llsa.launch "both" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %1 = arith.addf %q, %q : !x
    // expected-error @below {{'llsa.pool' op cannot share a launch with 'arith.addf'}}
    %2 = llsa.pool %1 block 16 : !x
    llsa.yield %2 : tensor<1x1x4x8xf32>
  } : tensor<1x1x4x8xf32>
  return %0 : tensor<1x1x4x8xf32>
}

// -----

!x = tensor<1x1x64x8xf32>
func.func @contract_c3_two_alone(%q: !x) -> !x {
  %0 = llsa.launch "both" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %1 = llsa.linear_attend %q, %q, %q phi relu : !x, !x, !x
    // expected-error @below {{'llsa.linear_attend' op cannot share a launch with 'llsa.linear_attend'}}
    %2 = llsa.linear_attend %1, %q, %q phi relu : !x, !x, !x
    llsa.yield %2 : !x
  } : !x
  return %0 : !x
}

// -----

!x = tensor<8xf32>
func.func @contract_c3_not_a_kernel(%q: !x) -> tensor<2x4xf32> {
  %0 = llsa.launch "reshape" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    // expected-error @below {{'tensor.expand_shape' op cannot stand in a launch}}
    %1 = tensor.expand_shape %q [[0, 1]] output_shape [2, 4] : !x into tensor<2x4xf32>
    llsa.yield %1 : tensor<2x4xf32>
  } : tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @contract_c3_constants(%q: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'llsa.launch' op holds constants alone}}
  %0 = llsa.launch "nothing" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %c = arith.constant dense<1.0> : tensor<8xf32>
    llsa.yield %c : tensor<8xf32>
  } : tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

!x = tensor<8xf32>
func.func @contract_c4_schedule(%q: !x) -> !x {
  // expected-error @below {{'llsa.launch' op has no #tile.schedule; llsa-assign-schedule writes it}}
  %0 = llsa.launch "elementwise" {
    %1 = arith.addf %q, %q : !x
    llsa.yield %1 : !x
  } : !x
  return %0 : !x
}

// -----

!x = tensor<8xf32>
func.func @contract_c4_name(%q: !x) -> (!x, !x) {
  %0 = llsa.launch "same" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %1 = arith.addf %q, %q : !x
    llsa.yield %1 : !x
  } : !x
  // expected-error @below {{'llsa.launch' op must have a name of its own, got "same"}}
  %2 = llsa.launch "same" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %1 = arith.mulf %q, %q : !x
    llsa.yield %1 : !x
  } : !x
  return %0, %2 : !x, !x
}

// -----

// expected-error @below {{argument q has a size beyond 2147483647, which int32 indices cannot reach: 'tensor<2147483648xf32>'}}
func.func @contract_c5(%q: tensor<2147483648xf32>) -> tensor<2147483648xf32> {
  return %q : tensor<2147483648xf32>
}

// -----

// expected-error @below {{'func.func' op result o must be made by a kernel or be an argument, got a constant}}
func.func @contract_c6(%q: tensor<8xf32>) -> tensor<8xf32> {
  %c = arith.constant dense<1.0> : tensor<8xf32>
  return %c : tensor<8xf32>
}

// -----

!x = tensor<1x1x64x8xf32>
func.func @contract_c7_region(%q: !x) -> !x {
  %0 = llsa.launch "attend" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        score(%s, %b, %h, %i, %j, %n) {
          // expected-error @below {{'arith.extf' op result is a float other than f32, bf16 and f16: 'f64'}}
          %d = arith.extf %s : f32 to f64
          %e = math.exp %d : f64
          %y = arith.truncf %e : f64 to f32
          llsa.yield %y : f32
        } : !x, !x, !x
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}

// -----

!x = tensor<1x1x64x8xf32>
func.func @contract_c7_constant(%q: !x) -> !x {
  %0 = llsa.launch "scale" schedule #tile.schedule<rows = 1, cols = 8, warps = 1, stages = 1> {
    // expected-error @below {{'arith.constant' op result is a float other than f32, bf16 and f16: 'f64'}}
    %c = arith.constant 2.0 : f64
    %d = arith.truncf %c : f64 to f32
    %t = tensor.splat %d : !x
    %1 = arith.mulf %q, %t : !x
    llsa.yield %1 : !x
  } : !x
  return %0 : !x
}
