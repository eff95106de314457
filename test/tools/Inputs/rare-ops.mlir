// Ops on numbers that few variants use: with several results, or of integers.
!x = tensor<?x?x?x?x!llsa.float>
func.func @rare(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}) {
  %sine, %cosine = math.sincos %q : !x
  %p, %lse = llsa.attend %sine from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %u, %w = math.sincos %s : f32
        %least = arith.constant -0.5 : f32
        %most = arith.constant 0.75 : f32
        %c = math.clampf %u to [%least, %most] : f32
        %y = arith.addf %c, %w : f32
        llsa.yield %y : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %c3 = arith.constant 3 : i32
        %j32 = arith.index_cast %j : index to i32
        %r = arith.remui %j32, %c3 : i32
        %p = math.ipowi %r, %c3 : i32
        %c8 = arith.constant 8 : i32
        %less = arith.cmpi slt, %p, %c8 : i32
        %normal = math.isnormal %s : f32
        %seen = arith.andi %less, %normal : i1
        llsa.yield %seen : i1
      } : !x, !x, !x
  %o = arith.mulf %p, %cosine : !x
  return %o : !x
}
