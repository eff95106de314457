// RUN: llsa-opt %s --convert-llsa-to-tile --split-input-file --verify-diagnostics

// expected-error @+1 {{'func.func' op argument 0 must have static sizes of 1 and more, got 'tensor<1x1x?x8xf32>'}}
func.func @dynamic(%q: tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32> {
  return %q : tensor<1x1x?x8xf32>
}

// -----

// expected-error @+1 {{'func.func' op argument 0 must hold f32, bf16, f16, i32 or i8, got 'tensor<1x1x4x8x!llsa.float>'}}
func.func @open(%q: tensor<1x1x4x8x!llsa.float>) -> tensor<1x1x4x8x!llsa.float> {
  return %q : tensor<1x1x4x8x!llsa.float>
}

// -----

// expected-error @+1 {{'func.func' op argument 1 must be a ranked tensor, got 'f32'}}
func.func @scalar(%q: tensor<1x1x4x8xf32>, %x: f32) -> tensor<1x1x4x8xf32> {
  return %q : tensor<1x1x4x8xf32>
}

// -----

func.func @outside(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x4x8xf32> {
  // expected-error @+1 {{'llsa.pool' op cannot stand outside of an llsa.launch here; llsa-fuse puts it into one}}
  %0 = llsa.pool %q block 16 : tensor<1x1x64x8xf32>
  return %0 : tensor<1x1x4x8xf32>
}

// -----

func.func @no_schedule(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x4x8xf32> {
  // expected-error @+1 {{'llsa.launch' op must have a #tile.schedule, got none}}
  %0 = llsa.launch "pool" {
    %1 = llsa.pool %q block 16 : tensor<1x1x64x8xf32>
    llsa.yield %1 : tensor<1x1x4x8xf32>
  } : tensor<1x1x4x8xf32>
  return %0 : tensor<1x1x4x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @constant_result(%q: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  %0 = arith.constant dense<0.0> : tensor<1x1x4x8xf32>
  // expected-error @+1 {{'func.return' op result 0 must be an argument or come from a launch, got a constant of type 'tensor<1x1x4x8xf32>'}}
  return %0 : tensor<1x1x4x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @two_kinds(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x4x8xf32> {
  // expected-error @+1 {{'llsa.launch' op must hold pools, elementwise ops, or one other llsa op, got 'math.exp' beside 'llsa.pool'}}
  %0 = llsa.launch "mixed" schedule #s {
    %1 = math.exp %q : tensor<1x1x64x8xf32>
    %2 = llsa.pool %1 block 16 : tensor<1x1x64x8xf32>
    llsa.yield %2 : tensor<1x1x4x8xf32>
  } : tensor<1x1x4x8xf32>
  return %0 : tensor<1x1x4x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @no_kernel(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x64x8xf32> {
  %0 = llsa.launch "composite" schedule #s {
    // expected-error @+1 {{'llsa.attention' op has no kernel: expected llsa.pool, llsa.select, llsa.attend, llsa.invert_indices, llsa.linear_attend, a gradient of one of them or elementwise ops}}
    %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16, levels = 0, topk = 1>
        : tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>
    llsa.yield %o : tensor<1x1x64x8xf32>
  } : tensor<1x1x64x8xf32>
  return %0 : tensor<1x1x64x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @unequal_sizes(%q: tensor<1x1x64x8xf32>, %k: tensor<1x1x32x8xf32>) -> (tensor<1x1x64x8xf32>, tensor<1x1x32x8xf32>) {
  %0:2 = llsa.launch "elementwise" schedule #s {
    %1 = math.exp %q : tensor<1x1x64x8xf32>
    // expected-error @+1 {{'math.exp' op must take and give tensors whose leading sizes are those of its launch, 1x1x64, got 'tensor<1x1x32x8xf32>'}}
    %2 = math.exp %k : tensor<1x1x32x8xf32>
    llsa.yield %1, %2 : tensor<1x1x64x8xf32>, tensor<1x1x32x8xf32>
  } : tensor<1x1x64x8xf32>, tensor<1x1x32x8xf32>
  return %0#0, %0#1 : tensor<1x1x64x8xf32>, tensor<1x1x32x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @constant_keys(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x64x2xi32> {
  %0 = llsa.launch "select" schedule #s {
    %k = arith.constant dense<1.0> : tensor<1x1x64x8xf32>
    // expected-error @+1 {{'llsa.select' op cannot read a constant tensor, got one of type 'tensor<1x1x64x8xf32>'}}
    %1 = llsa.select %q, %k topk 2 : tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>
    llsa.yield %1 : tensor<1x1x64x2xi32>
  } : tensor<1x1x64x2xi32>
  return %0 : tensor<1x1x64x2xi32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @poison(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x64x8xf32> {
  %c = ub.poison : index
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        mask(%s, %b, %h, %i, %j, %n) {
          // expected-error @+1 {{'arith.cmpi' op may use scalars computed from constants and from the region's arguments, got another of type 'index'}}
          %seen = arith.cmpi ult, %j, %c : index
          llsa.yield %seen : i1
        }
        : tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>
    llsa.yield %o : tensor<1x1x64x8xf32>
  } : tensor<1x1x64x8xf32>
  return %0 : tensor<1x1x64x8xf32>
}

// -----

// expected-error @+1 {{'func.func' op argument 0 must have sizes below 2^31, got 'tensor<1x1x2147483648x8xf32>'}}
func.func @long(%q: tensor<1x1x2147483648x8xf32>) -> tensor<1x1x2147483648x8xf32> {
  return %q : tensor<1x1x2147483648x8xf32>
}

// -----

// expected-error @+1 {{'func.func' op must have one block, got 2}}
func.func @two_blocks(%q: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> {
  cf.br ^end
^end:
  return %q : tensor<1x1x4x8xf32>
}

// -----

func.func @other_schedule(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x4x8xf32> {
  // expected-error @+1 {{'llsa.launch' op must have a #tile.schedule, got another attribute}}
  %0 = llsa.launch "pool" schedule 5 : i32 {
    %1 = llsa.pool %q block 16 : tensor<1x1x64x8xf32>
    llsa.yield %1 : tensor<1x1x4x8xf32>
  } : tensor<1x1x4x8xf32>
  return %0 : tensor<1x1x4x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @yields_what_others_make(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x64x8xf32> {
  // expected-error @+1 {{'llsa.launch' op must yield values that its ops make}}
  %0 = llsa.launch "pass" schedule #s {
    %1 = llsa.pool %q block 16 : tensor<1x1x64x8xf32>
    llsa.yield %q : tensor<1x1x64x8xf32>
  } : tensor<1x1x64x8xf32>
  return %0 : tensor<1x1x64x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @unequal_constant(%q: tensor<1x1x2x8xf32>) -> tensor<1x1x2x8xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %table = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
    %o, %lse = llsa.attend %q from dense(%q, %q)
        score(%s, %b, %h, %i, %j, %n) {
          // expected-error @+1 {{'tensor.extract' op can read a constant tensor only if its elements are equal, got one of type 'tensor<2xf32>'}}
          %t = tensor.extract %table[%j] : tensor<2xf32>
          llsa.yield %t : f32
        }
        : tensor<1x1x2x8xf32>, tensor<1x1x2x8xf32>, tensor<1x1x2x8xf32>
    llsa.yield %o : tensor<1x1x2x8xf32>
  } : tensor<1x1x2x8xf32>
  return %0 : tensor<1x1x2x8xf32>
}

// -----

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

func.func @rank_0(%q: tensor<1x1x64x8xf32>, %x: tensor<f32>) -> tensor<f32> {
  %0 = llsa.launch "elementwise" schedule #s {
    // expected-error @+1 {{'math.exp' op must give a tensor of rank 1 or more, got 'tensor<f32>'}}
    %1 = math.exp %x : tensor<f32>
    llsa.yield %1 : tensor<f32>
  } : tensor<f32>
  return %0 : tensor<f32>
}
