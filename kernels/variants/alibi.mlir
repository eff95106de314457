// LLSA with a score region that reads an argument: a linear distance bias per
// head (ALiBi, arXiv 2108.12409, both directions).
//
//   o_i = sum_j w_j exp(t_ij) v_j / sum_j w_j exp(t_ij),
//   t_ij = s_ij - slopes[h] |i - p_j|,   s_ij = q_i . k_j / sqrt(D)
//
// over the sources of llsa.mlir; p_j is the first of the tokens that key j
// averages. The selection uses the plain scores. The slopes are constants.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @alibi(%q: !x, %k: !x, %v: !x,
                 %slopes: tensor<?xf32> {llsa.name = "slopes", llsa.shape = ["H"],
                                            llsa.no_gradient})
    -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?>
      score(%s, %b, %h, %i, %j, %n) {
        %d = arith.subi %i, %j : index
        %di = arith.index_cast %d : index to i32
        %df = arith.sitofp %di : i32 to f32
        %distance = math.absf %df : f32
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %bias = arith.mulf %slope, %distance : f32
        %t = arith.subf %s, %bias : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o, %lse : !x, !r
}
