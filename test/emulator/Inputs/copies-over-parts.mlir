// The best 200 of index rows that name some blocks twice.
!x = tensor<?x?x?x?x!llsa.float>
func.func @copies_over_parts(%q: !x, %k: !x, %v: !x, %i: tensor<?x?x?x16xi32> {llsa.name = "i", llsa.shape = ["B", "H", 32, 16]})
    -> (!x {llsa.name = "o"}, tensor<?x?x?x200xi32> {llsa.name = "i1"}) {
  %best = llsa.select %q, %k topk 200 within %i block 16 : !x, !x, tensor<?x?x?x16xi32>
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o, %best : !x, tensor<?x?x?x200xi32>
}
