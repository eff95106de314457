// RUN: llsa-opt %s --verify-diagnostics --llsa-decompose

!x = tensor<1x1x100x8xf32>
func.func @open(%q: !x) -> !x {
  // expected-error @below {{'llsa.attention' op hierarchy #llsa.hierarchy<block = 16, levels = ?, topk = 8> is open; llsa-bind-shapes closes it}}
  %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16, levels = ?, topk = 8> : !x, !x, !x
  return %o : !x
}
