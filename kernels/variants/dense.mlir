// Full attention: every query attends to every key.
//
//   o_i = sum_j exp(s_ij) v_j / sum_j exp(s_ij),   s_ij = q_i . k_j / sqrt(D)
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @dense(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o, %lse : !x, !r
}
