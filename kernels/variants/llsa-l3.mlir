// LLSA with three levels, written out: block 16, top-k 8 (see llsa.mlir).
//
//   X1, X2, X3 = mean of 16 tokens of X, of X1, of X2
//   I3     = topk_8 of Q3 K3^T;   I2, I1 = topk_8 within the children of I3, of I2
//   o_i    = softmax over the children of I1[i / 16] in K, of I2[i / 256] in K1, of
//            I3[i / 4096] in K2, and all of K3, in which a key weighs the tokens that
//            it averages
!x = tensor<?x?x?x?x!llsa.float>
!i = tensor<?x?x?x8xi32>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %q1 = llsa.pool %q block 16 : !x
  %k1 = llsa.pool %k block 16 : !x
  %v1 = llsa.pool %v block 16 : !x
  %q2 = llsa.pool %q1 block 16 : !x
  %k2 = llsa.pool %k1 block 16 : !x
  %v2 = llsa.pool %v1 block 16 : !x
  %q3 = llsa.pool %q2 block 16 : !x
  %k3 = llsa.pool %k2 block 16 : !x
  %v3 = llsa.pool %v2 block 16 : !x
  %i3 = llsa.select %q3, %k3 topk 8 : !x, !x
  %i2 = llsa.select %q2, %k2 topk 8 within %i3 block 16 : !x, !x, !i
  %i1 = llsa.select %q1, %k1 topk 8 within %i2 block 16 : !x, !x, !i
  %o, %lse = llsa.attend %q from
      gathered(%k, %v by %i1) block 16 every 16,
      gathered(%k1, %v1 by %i2) block 16 every 256 span 16,
      gathered(%k2, %v2 by %i3) block 16 every 4096 span 256,
      dense(%k3, %v3) span 4096
      : !x, !x, !x, !i, !x, !x, !i, !x, !x, !i, !x, !x
  return %o, %lse : !x, !r
}
