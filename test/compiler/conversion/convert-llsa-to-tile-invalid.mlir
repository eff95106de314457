// RUN: llsa-opt %s --convert-llsa-to-tile --split-input-file --verify-diagnostics

// expected-error @+1 {{'func.func' op argument 0 must have static sizes of 1 and more, got 'tensor<1x1x?x8xf32>'}}
func.func @dynamic(%q: tensor<1x1x?x8xf32>) -> tensor<1x1x?x8xf32> {
  return %q : tensor<1x1x?x8xf32>
}

// -----

// expected-error @+1 {{'func.func' op argument 0 must hold f32, bf16, f16 or i32, got 'tensor<1x1x4x8x!llsa.float>'}}
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
    // expected-error @+1 {{'llsa.attention' op has no kernel: expected llsa.pool, llsa.select, llsa.attend, llsa.invert_indices, llsa.linear_attend or elementwise ops}}
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

func.func @wide_index(%q: tensor<1x1x64x8xf32>) -> tensor<1x1x64x8xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        mask(%s, %b, %h, %i, %j, %n) {
          %c = arith.constant 4294967296 : index
          // expected-error @+1 {{'arith.cmpi' op may use scalars computed from constants (index constants of 32 bits) and from the region's arguments, got another of type 'index'}}
          %seen = arith.cmpi ult, %j, %c : index
          llsa.yield %seen : i1
        }
        : tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>, tensor<1x1x64x8xf32>
    llsa.yield %o : tensor<1x1x64x8xf32>
  } : tensor<1x1x64x8xf32>
  return %0 : tensor<1x1x64x8xf32>
}
