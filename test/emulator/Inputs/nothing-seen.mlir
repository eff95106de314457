// A mask that no pair passes: products of scores fold away, those with values
// stay.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @variant(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = 3, topk = [1]>
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.constant false
        llsa.yield %seen : i1
      }
      : !x, !x, !x
  return %o, %lse : !x, !r
}
