// Keys that are values, too: gathered, dense and of a window, which is of the
// queries themselves.
!x = tensor<?x?x?x?x!llsa.float>
!i = tensor<?x?x?x4xi32>
func.func @shared(%q: !x, %k: !x) -> (!x {llsa.name = "o"}, !x {llsa.name = "p"}, !x {llsa.name = "w"}) {
  %pooled = llsa.pool %k block 16 : !x
  %i = llsa.select %q, %pooled topk 4 : !x, !x
  %o, %lse = llsa.attend %q from gathered(%k, %k by %i) block 16 every 1,
      dense(%pooled, %pooled) span 16 : !x, !x, !x, !i, !x, !x
  %p, %lse2 = llsa.attend %q from dense(%k, %k) : !x, !x, !x
  %w, %lse3 = llsa.attend %q from window(%q, %k) before 3 after 3 : !x, !x, !x
  return %o, %p, %w : !x, !x, !x
}
