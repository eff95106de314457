// RUN: llsa-opt %s --split-input-file --llsa-differentiate="produce=backward" | FileCheck %s
// RUN: llsa-opt %s --split-input-file --llsa-differentiate="produce=forward" | FileCheck %s --check-prefix=FORWARD

// The sources' gradients come from one op each, those of pooled keys go back
// through the pool.
// CHECK-LABEL: func.func @pooled_grad
// CHECK-SAME: %[[Q:[^:]*]]: tensor<1x8x4096x64xf32> {llsa.name = "q"}
// CHECK-SAME: %{{[^:]*}}: tensor<1x8x4096x64xf32> {llsa.name = "k"}
// CHECK-SAME: %{{[^:]*}}: tensor<1x8x4096x64xf32> {llsa.name = "v"}
// CHECK-SAME: %[[DO:[^:]*]]: tensor<1x8x4096x64xf32> {llsa.name = "do"}
// CHECK-SAME: %[[O:[^:]*]]: tensor<1x8x4096x64xf32> {llsa.name = "o"}
// CHECK-SAME: %[[LSE:[^:]*]]: tensor<1x8x4096xf32> {llsa.name = "lse"}
// CHECK-SAME: %[[K1:[^:]*]]: tensor<1x8x256x64xf32> {llsa.name = "kept1"}
// CHECK-SAME: %[[V1:[^:]*]]: tensor<1x8x256x64xf32> {llsa.name = "kept2"}
// CHECK-SAME: -> (tensor<1x8x4096x64xf32> {llsa.name = "dq"}, tensor<1x8x4096x64xf32> {llsa.name = "dk"}, tensor<1x8x4096x64xf32> {llsa.name = "dv"})
// CHECK: %[[DQ:.*]], %[[DELTA:.*]] = llsa.attend_query_grad %[[Q]] from
// CHECK-NEXT: dense(%[[K1]], %[[V1]]) span 16
// CHECK-NEXT: output %[[O]] lse %[[LSE]] gradient %[[DO]] :
// CHECK: %[[DK1:.*]], %[[DV1:.*]] = llsa.attend_key_grad %[[Q]] from dense(%[[K1]], %[[V1]]) span 16 tokens 4096
// CHECK-NEXT: lse %[[LSE]] delta %[[DELTA]] gradient %[[DO]]
// CHECK: %[[DV:.*]] = llsa.unpool %[[DV1]] block 16 tokens 4096
// CHECK: %[[DK:.*]] = llsa.unpool %[[DK1]] block 16 tokens 4096
// CHECK: return %[[DQ]], %[[DK]], %[[DV]]
// FORWARD-LABEL: func.func @pooled(
// FORWARD-SAME: tensor<1x8x256x64xf32> {llsa.name = "kept1"}, tensor<1x8x256x64xf32> {llsa.name = "kept2"})
// FORWARD: %[[K1:.*]] = llsa.pool
// FORWARD: %[[V1:.*]] = llsa.pool
// FORWARD: return %{{.*}}, %{{.*}}, %[[K1]], %[[V1]]
func.func @pooled(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                  %v: tensor<1x8x4096x64xf32>)
    -> (tensor<1x8x4096x64xf32>, tensor<1x8x4096xf32>) {
  %k1 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
  %v1 = llsa.pool %v block 16 : tensor<1x8x4096x64xf32>
  %o, %lse = llsa.attend %q from dense(%k1, %v1) span 16
      : tensor<1x8x4096x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
  return %o, %lse : tensor<1x8x4096x64xf32>, tensor<1x8x4096xf32>
}

// -----

// A selection is kept, and turned around; it brings no gradient to the pooled
// queries that it compares. What is bf16 is rounded once, and what rounding took
// from the output is kept.
!x = tensor<1x2x64x8xbf16>
// CHECK-LABEL: func.func @selected_grad
// CHECK-SAME: %[[O:[^:]*]]: tensor<1x2x64x8xbf16> {llsa.name = "o"}
// CHECK-SAME: %[[REST:[^:]*]]: tensor<1x2x64x8xi8> {llsa.name = "kept1"}
// CHECK-SAME: %[[I:[^:]*]]: tensor<1x2x4x2xi32> {llsa.name = "i1"}
// CHECK-NOT: llsa.select
// CHECK: llsa.attend_query_grad
// CHECK: output %[[O]] rest %[[REST]] lse
// CHECK: %[[OFFSETS:.*]], %[[ROWS:.*]] = llsa.invert_indices %[[I]] of %{{.*}} block 16
// CHECK: %[[DK:.*]], %[[DV:.*]] = llsa.attend_key_grad %{{.*}} from gathered(%{{.*}}, %{{.*}} by %[[OFFSETS]], %[[ROWS]]) block 16 every 16
// CHECK-NOT: llsa.unpool
// CHECK-DAG: arith.truncf %[[DK]]
// CHECK-DAG: arith.truncf %[[DV]]
// FORWARD-LABEL: func.func @selected(
// FORWARD-SAME: tensor<1x2x64x8xi8> {llsa.name = "kept1"}, tensor<1x2x4x2xi32> {llsa.name = "i1"}
// FORWARD: %[[I:.*]] = llsa.select
// FORWARD: %[[O:.*]], %[[LSE:.*]], %[[REST:.*]] = llsa.attend
// FORWARD-NEXT: block 16 every 16 rest :
// FORWARD: return %[[O]], %[[LSE]], %[[REST]], %[[I]] :
func.func @selected(%q: !x, %k: !x, %v: !x) -> (!x, tensor<1x2x64xf32>) {
  %q1 = llsa.pool %q block 16 : !x
  %k1 = llsa.pool %k block 16 : !x
  %i = llsa.select %q1, %k1 topk 2 : tensor<1x2x4x8xbf16>, tensor<1x2x4x8xbf16>
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i) block 16 every 16
      : !x, !x, !x, tensor<1x2x4x2xi32>
  return %o, %lse : !x, tensor<1x2x64xf32>
}

// -----

// Two attends, mixed by a gate: each output is kept, the product is not.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @mixed_grad
// CHECK-SAME: %[[GATE:[^:]*]]: tensor<1x2x64x8xf32> {llsa.name = "gate"}
// CHECK-SAME: %[[DO:[^:]*]]: tensor<1x2x64x8xf32> {llsa.name = "do"}
// CHECK-DAG: arith.mulf %[[DO]], %[[GATE]]
// CHECK: llsa.attend_query_grad
// CHECK: window
// CHECK: gradient %[[DO]]
// CHECK: llsa.attend_query_grad
// CHECK: dense
// CHECK: arith.addf
// FORWARD-LABEL: func.func @mixed(
// FORWARD-COUNT-4: llsa.name = "kept{{[1-4]}}"
func.func @mixed(%q: !x, %k: !x, %v: !x, %gate: !x {llsa.name = "gate"}) -> !x {
  %a, %la = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  %b, %lb = llsa.attend %q from window(%k, %v) before 4 after 4 : !x, !x, !x
  %g = arith.mulf %a, %gate : !x
  %o = arith.addf %g, %b : !x
  return %o : !x
}

// -----

// An attend between others: what it keeps follows it when it is told to give the
// rest, which an attend that gives it already is not.
!x = tensor<1x1x32x8xf16>
// CHECK-LABEL: func.func @rests_grad
// CHECK-SAME: %[[RO:[^:]*]]: tensor<1x1x32x8xi8> {llsa.name = "kept3"}
// CHECK-SAME: %[[RA:[^:]*]]: tensor<1x1x32x8xi8> {llsa.name = "kept5"}
// CHECK: output %{{.*}} rest %[[RO]] lse
// CHECK: output %{{.*}} rest %[[RA]] lse
// FORWARD-LABEL: func.func @rests(
// FORWARD: %[[A:.*]], %[[LA:.*]], %[[RA:.*]] = llsa.attend
// FORWARD-NEXT: dense({{.*}}) rest :
// FORWARD: %[[O:.*]], %[[LO:.*]], %[[RO:.*]] = llsa.attend %[[A]] from
// FORWARD-NEXT: dense(%[[A]], %{{.*}}) rest :
// FORWARD: return %[[O]], %[[A]], %[[LO]], %[[RO]], %[[LA]], %[[RA]] :
func.func @rests(%q: !x, %k: !x, %v: !x) -> !x {
  %a, %la, %ra = llsa.attend %q from dense(%k, %v) rest : !x, !x, !x
  %o, %lo = llsa.attend %a from dense(%a, %v) : !x, !x, !x
  return %o : !x
}

// -----

// A score region is differentiated op by op; it and the mask stand in both ops.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @capped_grad
// CHECK: llsa.attend_query_grad
// CHECK: score(
// CHECK: mask(
// CHECK: derivative(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[G:.*]]) {
// CHECK-DAG: %[[T:.*]] = math.tanh %[[S]]
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.0
// CHECK-DAG: %[[T2:.*]] = arith.mulf %[[T]], %[[T]]
// CHECK: %[[SLOPE:.*]] = arith.subf %[[ONE]], %[[T2]]
// CHECK: %[[D:.*]] = arith.mulf %[[G]], %[[SLOPE]]
// CHECK: llsa.yield %[[D]]
// CHECK: llsa.attend_key_grad
// CHECK: derivative(
func.func @capped(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %t = math.tanh %s : f32
        llsa.yield %t : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %m = arith.cmpi ule, %j, %i : index
        llsa.yield %m : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

// Both results of an op bring its operand a gradient, or the one that matters.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @turned_grad
// CHECK: derivative(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[G:.*]]) {
// CHECK: %[[SINE:.*]], %[[COSINE:.*]] = math.sincos %[[S]]
// CHECK-DAG: %[[OFSINE:.*]] = arith.mulf %[[G]], %[[COSINE]]
// CHECK-DAG: %[[OFCOSINE:.*]] = arith.mulf %[[G]], %[[SINE]]
// CHECK-DAG: %[[LESS:.*]] = arith.negf %[[OFCOSINE]]
// CHECK: %[[D:.*]] = arith.addf %[[OFSINE]], %[[LESS]]
// CHECK: llsa.yield %[[D]]
func.func @turned(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %u, %w = math.sincos %s : f32
        %t = arith.addf %u, %w : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

// Bounds of a clamp have gradients, too; a slope of 0 is not computed.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @clamped_grad
// CHECK: derivative(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[G:.*]]) {
// CHECK-DAG: %[[LOW:.*]] = arith.constant -1.0
// CHECK-DAG: %[[HIGH:.*]] = arith.constant 3.0
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0.0
// CHECK-DAG: %[[BELOW:.*]] = arith.cmpf olt, %[[S]], %[[LOW]]
// CHECK-DAG: %[[ABOVE:.*]] = arith.cmpf ogt, %[[S]], %[[HIGH]]
// CHECK: %[[OUTSIDE:.*]] = arith.ori %[[BELOW]], %[[ABOVE]]
// CHECK: %[[D:.*]] = arith.select %[[OUTSIDE]], %[[ZERO]], %[[G]]
// CHECK-NEXT: llsa.yield %[[D]]
func.func @clamped(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %low = arith.constant -1.0 : f32
        %high = arith.constant 3.0 : f32
        %t = math.clampf %s to [%low, %high] : f32
        %f = math.floor %t : f32
        %y = arith.addf %t, %f : f32
        llsa.yield %y : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

// A device function's derivatives are called where their argument matters; what
// is not needed is not called.
!x = tensor<1x2x64x8xf32>
func.func private @curve(f32, index, f32) -> f32
    attributes {llsa.device_function, llsa.derivatives = [@by_score, @by_width]}
func.func private @by_score(f32, index, f32) -> f32 attributes {llsa.device_function}
func.func private @by_width(f32, index, f32) -> f32 attributes {llsa.device_function}
// CHECK-LABEL: func.func @device_function_grad
// CHECK: derivative(%[[S:.*]], %{{.*}}, %{{.*}}, %[[I:.*]], %{{.*}}, %{{.*}}, %[[G:.*]]) {
// CHECK-NEXT: %[[W:.*]] = arith.constant 2.0
// CHECK-NEXT: %[[SLOPE:.*]] = func.call @by_score(%[[S]], %[[I]], %[[W]])
// CHECK-NEXT: %[[D:.*]] = arith.mulf %[[G]], %[[SLOPE]]
// CHECK-NEXT: llsa.yield %[[D]]
func.func @device_function(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %w = arith.constant 2.0 : f32
        %t = func.call @curve(%s, %i, %w) : (f32, index, f32) -> f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

// -----

!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @linear_grad
// CHECK: %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = llsa.linear_attend_grad %{{.*}}, %{{.*}}, %{{.*}} gradient %{{.*}} phi relu
// CHECK: return %[[DQ]], %[[DK]], %[[DV]]
func.func @linear(%q: !x, %k: !x, %v: !x) -> !x {
  %o = llsa.linear_attend %q, %k, %v phi relu : !x, !x, !x
  return %o : !x
}

// -----

// An lse whose output has no gradient: nothing of the output is kept, and the
// values have none.
!x = tensor<1x2x64x8xbf16>
// CHECK-LABEL: func.func @lse_alone_grad
// CHECK-SAME: %[[DLSE:[^:]*]]: tensor<1x2x64xf32> {llsa.name = "dout0"}
// CHECK-SAME: %[[LSE:[^:]*]]: tensor<1x2x64xf32> {llsa.name = "out0"}
// CHECK-SAME: -> (tensor<1x2x64x8xbf16> {llsa.name = "dq"}, tensor<1x2x64x8xbf16> {llsa.name = "dk"})
// CHECK: llsa.attend_query_grad
// CHECK-NEXT: dense
// CHECK-NEXT: {{^ *}}lse %[[LSE]] lse_gradient %[[DLSE]] :
// CHECK: llsa.attend_key_grad
// CHECK-NEXT: lse %[[LSE]] delta %{{[^ ]*}} :
// FORWARD-LABEL: func.func @lse_alone(
// FORWARD-SAME: -> (tensor<1x2x64xf32> {llsa.name = "out0"}) {
// FORWARD-NOT: rest
// FORWARD: return %{{[^,]*}} : tensor<1x2x64xf32>
func.func @lse_alone(%q: !x, %k: !x, %v: !x) -> (tensor<1x2x64xf32> {llsa.name = "out0"}) {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %lse : tensor<1x2x64xf32>
}

// -----

// A tensor that the score region reads twice: one op gives its gradient, from
// the gradients and the indices of both reads. What the score does to what is
// read goes back through it; the index of the second is no constant.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @bias_grad
// CHECK-SAME: -> (tensor<1x2x64x8xf32> {llsa.name = "dq"}, tensor<1x2x64x8xf32> {llsa.name = "dk"}, tensor<1x2x64x8xf32> {llsa.name = "dv"}, tensor<2x64xbf16> {llsa.name = "darg3"})
// CHECK: %[[DELTA:[^ ]*]] = llsa.attend_query_grad
// CHECK: %[[D:.*]] = llsa.attend_bias_grad %{{.*}} from
// CHECK-NEXT: dense(
// CHECK-NEXT: delta %[[DELTA]] gradient
// CHECK-NEXT: score(
// CHECK: mask(
// CHECK: reads(%[[S:[^,]*]], %{{[^,]*}}, %[[H:[^,]*]], %[[I:[^,]*]], %[[J:[^,]*]], %{{[^,]*}}, %[[G:[^)]*]]) {
// CHECK: %[[TWICE:.*]] = arith.mulf %[[G]], %{{.*}} : f32
// CHECK: llsa.yield %[[TWICE]], %[[H]], %[[I]], %[[G]], %[[H]], %[[J]] : f32, index, index, f32, index, index
// CHECK: -> tensor<2x64xf32>
// CHECK: llsa.attend_key_grad
// CHECK: arith.truncf %[[D]]
func.func @bias(%q: !x, %k: !x, %v: !x, %bias: tensor<2x64xbf16> {llsa.name = "arg3"}) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %two = arith.constant 2.0 : f32
        %e = tensor.extract %bias[%h, %i] : tensor<2x64xbf16>
        %f = tensor.extract %bias[%h, %j] : tensor<2x64xbf16>
        %x = arith.extf %e : bf16 to f32
        %y = arith.extf %f : bf16 to f32
        %t = arith.mulf %x, %two : f32
        %u = arith.addf %t, %y : f32
        %r = arith.addf %s, %u : f32
        llsa.yield %r : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %m = arith.cmpi ule, %j, %i : index
        llsa.yield %m : i1
      } : !x, !x, !x
  return %o : !x
}

// -----

// A constant has none, nor what a mask reads.
!x = tensor<1x2x64x8xf32>
// CHECK-LABEL: func.func @constants_grad
// CHECK-NOT: llsa.attend_bias_grad
func.func @constants(%q: !x, %k: !x, %v: !x, %a: tensor<2xf32> {llsa.no_gradient},
                     %b: tensor<2xf32>) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %batch, %h, %i, %j, %n) {
        %e = tensor.extract %a[%h] : tensor<2xf32>
        %r = arith.addf %s, %e : f32
        llsa.yield %r : f32
      }
      mask(%s, %batch, %h, %i, %j, %n) {
        %e = tensor.extract %b[%h] : tensor<2xf32>
        %m = arith.cmpf ogt, %s, %e : f32
        llsa.yield %m : i1
      } : !x, !x, !x
  return %o : !x
}
