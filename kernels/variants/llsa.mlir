// LLSA: log-linear sparse attention (arXiv 2512.16615) of any number of levels.
//
//   X^(l)  = mean of b tokens of X^(l-1)                  for X in Q, K, V; l = 1..L
//   I^(L)  = topk_k of Q^(L) K^(L)^T over all keys
//   I^(l)  = topk_k of Q^(l) K^(l)^T within the children of I^(l+1)
//   o_i    = sum_j w_j exp(s_ij) v_j / sum_j w_j exp(s_ij),   s_ij = q_i . k_j / sqrt(D)
//
// over the fine tokens that I^(1) names (w = 1), the children of I^(l+1) at each
// level l < L, and all of level L (w = the number of tokens that a key averages).
//
// The spec closes block, levels and topk; by default b = 16, k = 8 and
// L = max(1, floor(log_b N) - 1).
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?> : !x, !x, !x
  return %o, %lse : !x, !r
}
