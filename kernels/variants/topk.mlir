// Top-k block attention without enrichment: LLSA's selection, fine blocks alone.
//
//   o_i = sum_j exp(s_ij) v_j / sum_j exp(s_ij),   s_ij = q_i . k_j / sqrt(D)
//
// over the k * b tokens of the blocks that I^(1) names for query i (llsa.mlir).
// The coarse levels choose blocks and are not attended to.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @topk(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = ?, levels = ?, topk = ?, enrichment = false> : !x, !x, !x
  return %o, %lse : !x, !r
}
