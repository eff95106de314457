// 1100 places of a list: more than a warp of a GPU keeps.
!x = tensor<?x?x?x?x!llsa.float>
!i = tensor<?x?x?x1100xi32>
func.func @f(%q: !x, %k: !x, %v: !x) -> (!i {llsa.name = "i1"}) {
  %i = llsa.select %q, %k topk 1100 : !x, !x
  return %i : !i
}
