// RUN: llsa-opt %s --split-input-file --verify-diagnostics --convert-llsa-to-tile=widen-dots=false

#s = #tile.schedule<rows = 16, cols = 16, warps = 4, stages = 1>
!x = tensor<1x2x64x8xf16>
!r = tensor<1x2x64xf32>
func.func @bias_of_several_warps(%q: !x, %k: !x, %v: !x, %lse: !r, %delta: !r, %do: !x) -> tensor<2xf32> {
  %0 = llsa.launch "bias" schedule #s {
    // expected-error @+1 {{'llsa.attend_bias_grad' op adds in memory, which one warp of a CTA may do: its schedule must have warps = 1, got 4}}
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          llsa.yield %s : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          llsa.yield %g, %h : f32, index
        } : !x, !x, !x -> tensor<2xf32>
    llsa.yield %d : tensor<2xf32>
  } : tensor<2xf32>
  return %0 : tensor<2xf32>
}
