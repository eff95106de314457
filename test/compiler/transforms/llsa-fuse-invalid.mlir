// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-fuse

!x = tensor<1x1x64x8xf32>
func.func @unknown(%q: !x) -> tensor<1x1x512xf32> {
  // expected-error @below {{'tensor.collapse_shape' op cannot be part of a kernel; expected llsa.pool, llsa.select, llsa.attend, llsa.linear_attend, llsa.invert_indices, a gradient of one of them or an elementwise op on tensors}}
  %c = tensor.collapse_shape %q [[0], [1], [2, 3]] : !x into tensor<1x1x512xf32>
  return %c : tensor<1x1x512xf32>
}

// -----

!x = tensor<1x1x64x8xf32>
func.func @composite(%q: !x) -> !x {
  // expected-error @below {{'llsa.attention' op cannot be part of a kernel; expected llsa.pool, llsa.select, llsa.attend, llsa.linear_attend, llsa.invert_indices, a gradient of one of them or an elementwise op on tensors}}
  %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16, levels = 1, topk = 8> : !x, !x, !x
  return %o : !x
}
