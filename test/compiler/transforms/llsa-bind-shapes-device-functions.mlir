// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16}" | FileCheck %s

// Device functions that are called stay, with the derivatives that they name,
// and with what these name; others go.
// CHECK: func.func private @curve(f32) -> f32 attributes {llsa.derivatives = [@slope], llsa.device_function}
// CHECK: func.func private @slope(f32) -> f32 attributes {llsa.derivatives = [@bend], llsa.device_function}
// CHECK: func.func private @bend(f32) -> f32 attributes {llsa.derivatives = [@bend], llsa.device_function}
// CHECK-NOT: @unused
!x = tensor<?x?x?x?x!llsa.float>
func.func private @curve(f32) -> f32 attributes {llsa.device_function, llsa.derivatives = [@slope]}
func.func private @slope(f32) -> f32 attributes {llsa.device_function, llsa.derivatives = [@bend]}
func.func private @bend(f32) -> f32 attributes {llsa.device_function, llsa.derivatives = [@bend]}
func.func private @unused(f32) -> f32 attributes {llsa.device_function, llsa.derivatives = [@curve]}
func.func @variant(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %y = func.call @curve(%s) : (f32) -> f32
        llsa.yield %y : f32
      } : !x, !x, !x
  return %o : !x
}
