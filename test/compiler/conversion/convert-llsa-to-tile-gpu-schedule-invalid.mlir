// RUN: llsa-opt %s --convert-llsa-to-tile="widen-dots=false" --split-input-file --verify-diagnostics
// RUN: llsa-opt %s --convert-llsa-to-tile --split-input-file

// A user's schedule may be one that a GPU cannot take; a CPU takes all.

!x = tensor<1x1x64x32xbf16>
func.func @cols(%q: !x) -> !x {
  // expected-error @+1 {{'llsa.launch' op schedule cols must be a multiple of 8 on a GPU, got 17}}
  %0 = llsa.launch "attend" schedule #tile.schedule<rows = 16, cols = 17, warps = 4, stages = 2> {
    %o, %lse = llsa.attend %q from dense(%q, %q) : !x, !x, !x
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}

// -----

!x = tensor<1x1x64x32xbf16>
func.func @private_cols(%q: !x) -> tensor<1x1x64x8xi32> {
  // expected-error @+1 {{'llsa.launch' op schedule private_cols must be a multiple of 8 on a GPU, got 12}}
  %0 = llsa.launch "select" schedule #tile.schedule<rows = 16, cols = 16, warps = 4, stages = 2, private_cols = 12> {
    %i = llsa.select %q, %q topk 8 : !x, !x
    llsa.yield %i : tensor<1x1x64x8xi32>
  } : tensor<1x1x64x8xi32>
  return %0 : tensor<1x1x64x8xi32>
}

// -----

!x = tensor<1x1x64x32xbf16>
func.func @rows(%q: !x) -> !x {
  // expected-error @+1 {{'llsa.launch' op schedule rows must be at least 2 on a GPU, got 1}}
  %0 = llsa.launch "attend" schedule #tile.schedule<rows = 1, cols = 16, warps = 4, stages = 2> {
    %o, %lse = llsa.attend %q from dense(%q, %q) : !x, !x, !x
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}
