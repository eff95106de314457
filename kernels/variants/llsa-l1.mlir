// LLSA with one level, written out: block 16, top-k 8 (see llsa.mlir).
//
//   X'   = mean of 16 tokens of X
//   I'   = topk_8 of Q' K'^T
//   o_i  = softmax over the 16 children of each block in I'[i / 16] and all of K',
//          in which a coarse key weighs the 16 tokens that it averages
!x = tensor<?x?x?x?x!llsa.float>
!i = tensor<?x?x?x8xi32>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %q1 = llsa.pool %q block 16 : !x
  %k1 = llsa.pool %k block 16 : !x
  %v1 = llsa.pool %v block 16 : !x
  %i1 = llsa.select %q1, %k1 topk 8 : !x, !x
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 16 every 16,
                                 dense(%k1, %v1) span 16 : !x, !x, !x, !i, !x, !x
  return %o, %lse : !x, !r
}
