// The best of index rows that name some blocks twice.
!x = tensor<?x?x?x?x!llsa.float>
func.func @named_twice(%q: !x, %k: !x, %v: !x, %i: tensor<?x?x?x8xi32> {llsa.name = "i", llsa.shape = ["B", "H", 16, 8]})
    -> (!x {llsa.name = "o"}, tensor<?x?x?x6xi32> {llsa.name = "i1"}) {
  %best = llsa.select %q, %k topk 6 within %i block 16 : !x, !x, tensor<?x?x?x8xi32>
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o, %best : !x, tensor<?x?x?x6xi32>
}
