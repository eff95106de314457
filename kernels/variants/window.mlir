// Sliding window: query i attends to the keys i - 256 .. i + 256 that exist.
//
//   o_i = sum_j exp(s_ij) v_j / sum_j exp(s_ij),   s_ij = q_i . k_j / sqrt(D)
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @window(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attend %q from window(%k, %v) before 256 after 256 : !x, !x, !x
  return %o, %lse : !x, !r
}
