// Two attentions in one result; the linear one needs all queries for each gradient.
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @mix(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %a, %lse = llsa.attend %q from window(%k, %v) before 8 after 8 : !x, !x, !x
  %b = llsa.linear_attend %q, %k, %v phi softmax : !x, !x, !x
  %o = arith.addf %a, %b : !x
  return %o, %lse : !x, !r
}
