// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16,block=32,levels=2,topk=8,scale=0.5}"

// expected-error @below {{a variant has exactly one public function, its entry; found none}}
module {
  func.func private @f(%q: tensor<1xf32>) -> tensor<1xf32> {
    return %q : tensor<1xf32>
  }
}

// -----

// expected-error @below {{a variant has exactly one public function, its entry; found 2: @f @g}}
module {
  func.func @f(%q: tensor<1xf32>) -> tensor<1xf32> {
    return %q : tensor<1xf32>
  }
  func.func @g(%q: tensor<1xf32>) -> tensor<1xf32> {
    return %q : tensor<1xf32>
  }
}

// -----

// expected-error @below {{'func.func' op is the variant's entry and must return at least one tensor}}
func.func @no_result(%q: tensor<1xf32>) {
  return
}

// -----

// expected-error @below {{argument q of the entry must be a ranked tensor, got 'f32'}}
func.func @scalar(%q: f32, %k: tensor<1xf32>) -> tensor<1xf32> {
  return %k : tensor<1xf32>
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{argument arg3: needs its sizes, for example llsa.shape = ["H", 32]; only the first three arguments are known}}
func.func @no_sizes(%q: !x, %k: !x, %v: !x, %w: tensor<?xf32>) -> !x {
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{argument w: expected rank 2 as ["H", 3] has entries, got 'tensor<?xf32>'}}
func.func @rank(%q: !x, %k: !x, %v: !x, %w: tensor<?xf32> {llsa.shape = ["H", 3], llsa.name = "w"}) -> !x {
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{argument w: size "T" is unknown; expected B, H, Hkv, M, N or D, one of them over a number as in "M/16", or a positive number}}
func.func @unknown_size(%q: !x, %k: !x, %v: !x, %w: tensor<?xf32> {llsa.shape = ["T"], llsa.name = "w"}) -> !x {
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{argument k: the variant fixes size 1 ("Hkv") to 4, but the spec gives 8}}
func.func @fixed_size(%q: !x, %k: tensor<?x4x?x?x!llsa.float>) -> !x {
  return %q : !x
}

// -----

// expected-error @below {{argument q: the variant fixes the element type to 'f32', but the spec gives dtype = bf16}}
func.func @fixed_type(%q: tensor<1x8x4096x64xf32>) -> tensor<1x8x4096x64xf32> {
  return %q : tensor<1x8x4096x64xf32>
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{argument w: expected elements of !llsa.float, f32, bf16, f16, i32 or i8, got 'f64'}}
func.func @element(%q: !x, %k: !x, %v: !x, %w: tensor<?xf64> {llsa.shape = ["H"], llsa.name = "w"}) -> !x {
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{two arguments or results of the entry are named 'q'}}
func.func @same_name(%q: !x, %k: !x {llsa.name = "q"}) -> !x {
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @cannot_infer(%q: !x) -> !x {
  // expected-error @below {{'tensor.cast' op cannot be bound: its result 'tensor<?x8x?x?xbf16>' does not follow from its operands}}
  %o = tensor.cast %q : !x to tensor<?x8x?x?x!llsa.float>
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @splat_size(%q: !x, %k: !x) -> !x {
  %c = arith.constant 1.0 : !llsa.float
  %i = arith.constant 4 : index
  %n = arith.muli %i, %i : index
  // expected-error @below {{'tensor.splat' op has a size that does not follow from the spec}}
  %s = tensor.splat %c[%i, %i, %i, %n] : !x
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @disagree(%q: !x, %k: !x, %v: !x) -> !x {
  %k1 = llsa.pool %k block 32 : !x
  // expected-error @below {{'arith.addf' op requires the same type for all operands and results}}
  %s = arith.addf %k, %k1 : !x
  return %s : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func private @again(%x: !x) -> !x {
  // expected-error @below {{'func.call' op calls @again: more than 1000 calls, or a recursion}}
  %y = func.call @again(%x) : (!x) -> !x
  return %y : !x
}
func.func @recursion(%q: !x) -> !x {
  %y = func.call @again(%q) : (!x) -> !x
  return %y : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func private @outside(%x: !x) -> !x
func.func @external(%q: !x) -> !x {
  // expected-error @below {{'func.call' op calls @outside, which must have a body of one block to be inlined}}
  %y = func.call @outside(%q) : (!x) -> !x
  return %y : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @block(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.attention' op spec gives block = 32, but the variant fixes block = 16}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = ?, topk = ?> : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @levels(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.attention' op spec gives levels = 2, but the variant fixes levels = 3}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = 3, topk = ?> : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @topk(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.attention' op spec gives topk = 8, but the variant fixes topk = 8:4}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = [8, 4]> : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @topk_length(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.attention' op topk = 8:8:8 has 3 entries, expected one or one per level, of which there are 2}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = [8, 8, 8]> : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @scale(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.attention' op spec gives scale = 5.000000e-01, but the variant fixes scale = 2.500000e-01}}
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?> scale 0.25 : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @written_out_block(%q: !x, %k: !x, %v: !x) -> !x {
  // expected-error @below {{'llsa.pool' op spec gives block = 32, but the variant fixes block = 16}}
  %k1 = llsa.pool %k block 16 : !x
  return %k1 : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{'func.func' op spec gives levels = 2, but the variant fixes levels = 0}}
func.func @written_out_levels(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @written_out_topk(%q: !x, %k: !x, %v: !x) -> !x {
  %q1 = llsa.pool %q block 32 : !x
  %k1 = llsa.pool %k block 32 : !x
  // expected-error @below {{'llsa.select' op spec gives topk = 8, but the variant fixes topk = 4}}
  %i2 = llsa.select %q1, %k1 topk 4 : !x, !x
  %i1 = llsa.select %q, %k topk 8 within %i2 block 32 : !x, !x, tensor<?x?x?x4xi32>
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 32 every 1
      : !x, !x, !x, tensor<?x?x?x8xi32>
  return %o : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
// expected-error @below {{'func.func' op spec gives scale = 5.000000e-01, but the variant has no llsa.attention or llsa.attend to take it}}
func.func @no_scale(%q: !x, %k: !x) -> !x {
  %k1 = llsa.pool %k block 32 : !x
  %i2 = llsa.select %q, %k1 topk 8 : !x, !x
  %i1 = llsa.select %q, %k1 topk 8 : !x, !x
  return %q : !x
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func @cast(%q: !x, %k: !x) -> tensor<1x8x9x64x!llsa.float> {
  // expected-error @below {{'tensor.cast' op operand type 'tensor<1x8x4096x64xbf16>' and result type 'tensor<1x8x9x64xbf16>' are cast incompatible}}
  %o = tensor.cast %q : !x to tensor<1x8x9x64x!llsa.float>
  return %o : tensor<1x8x9x64x!llsa.float>
}

// -----

!x = tensor<?x?x?x?x!llsa.float>
func.func private @bias(f32) -> f32 attributes {llsa.device_function}
func.func @device_function_outside(%q: !x) -> !x {
  %c = arith.constant 1.0 : f32
  // expected-error @below {{'func.call' op calls @bias, a device function, outside of a score or mask region}}
  %y = func.call @bias(%c) : (f32) -> f32
  return %q : !x
}
