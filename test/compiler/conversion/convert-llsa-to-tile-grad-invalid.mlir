// RUN: llsa-opt %s --split-input-file --verify-diagnostics --convert-llsa-to-tile=widen-dots=false

#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1>
!x = tensor<1x2x64x8xf16>
!f = tensor<1x2x64x8xf32>
func.func @linear_on_a_gpu(%q: !x, %k: !x, %v: !x, %do: !x) -> (!f, !f, !f) {
  %0:3 = llsa.launch "linear" schedule #s {
    // expected-error @+1 {{'llsa.linear_attend_grad' op has no lowering for the GPU target}}
    %a:3 = llsa.linear_attend_grad %q, %k, %v gradient %do phi relu : !x, !x, !x
    llsa.yield %a#0, %a#1, %a#2 : !f, !f, !f
  } : !f, !f, !f
  return %0#0, %0#1, %0#2 : !f, !f, !f
}
