// LLSA with a score region: scores are capped smoothly at c = 30 (Gemma 2).
//
//   o_i = sum_j w_j exp(t_ij) v_j / sum_j w_j exp(t_ij),
//   t_ij = c tanh(s_ij / c),   s_ij = q_i . k_j / sqrt(D)
//
// over the sources of llsa.mlir. The selection uses the plain scores.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @softcap(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?>
      score(%s, %b, %h, %i, %j, %n) {
        %c = arith.constant 30.0 : f32
        %x = arith.divf %s, %c : f32
        %y = math.tanh %x : f32
        %t = arith.mulf %y, %c : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o, %lse : !x, !r
}
