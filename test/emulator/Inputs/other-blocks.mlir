// Blocks of 12 tokens, and all means of 16 tokens.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
!i = tensor<?x?x?x?xi32>
func.func @other_blocks(%q: !x, %k: !x, %v: !x,
    %blocks: !i {llsa.name = "blocks", llsa.shape = ["B", "H", "M/12", 4]}) -> (!x {llsa.name = "o"}) {
  %k1 = llsa.pool %k block 16 : !x
  %v1 = llsa.pool %v block 16 : !x
  %o, %lse = llsa.attend %q from
      gathered(%k, %v by %blocks) block 12 every 12, dense(%k1, %v1) span 16
      : !x, !x, !x, !i, !x, !x
  return %o : !x
}
