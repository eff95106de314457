// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-expose-indices

!x = tensor<1x8x256x64xf32>
// expected-error @below {{'func.func' op returns something else as 'i1', the name of a selection's indices}}
func.func @taken(%q: !x) -> (!x {llsa.name = "i1"}) {
  %i = llsa.select %q, %q topk 8 : !x, !x
  return %q : !x
}

// -----

!x = tensor<1x8x256x64xf32>
// expected-error @below {{'func.func' op returns the indices 'i1' as 'chosen'}}
func.func @other_name(%q: !x) -> (tensor<1x8x256x8xi32> {llsa.name = "chosen"}) {
  %i = llsa.select %q, %q topk 8 : !x, !x
  return %i : tensor<1x8x256x8xi32>
}

// -----

!x = tensor<1x8x256x64xf32>
// expected-error @below {{'func.func' op has an argument 'i1', the name of a selection's indices}}
func.func @argument(%q: !x {llsa.name = "i1"}) -> !x {
  %i = llsa.select %q, %q topk 8 : !x, !x
  return %q : !x
}

// -----

!x = tensor<1x8x256x64xf32>
func.func @inside(%q: !x) -> tensor<1x8x256x8xi32> {
  %0 = llsa.launch "select_1" {
    // expected-error @below {{'llsa.select' op stands inside another op, so its indices cannot be returned}}
    %i = llsa.select %q, %q topk 8 : !x, !x
    llsa.yield %i : tensor<1x8x256x8xi32>
  } : tensor<1x8x256x8xi32>
  return %0 : tensor<1x8x256x8xi32>
}
