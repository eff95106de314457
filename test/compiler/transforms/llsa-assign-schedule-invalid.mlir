// RUN: llsa-opt %s --split-input-file --verify-diagnostics --llsa-assign-schedule
// RUN: not llsa-opt %s --llsa-assign-schedule="target=toaster" 2>&1 | FileCheck %s
// CHECK: error: target 'toaster' is unknown; expected cpu, cpu:MARCH, cpu:MARCH:FEATURES or one of sm_80, sm_89, sm_90a, sm_100a, sm_120a

func.func @constants(%q: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'llsa.launch' op holds no op that a schedule can be chosen for}}
  %0 = llsa.launch "nothing" {
    %c = arith.constant dense<1.0> : tensor<4xf32>
    llsa.yield %c : tensor<4xf32>
  } : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

!x = tensor<1x1x?x8xf32>
func.func @open(%q: !x) -> !x {
  %0 = llsa.launch "pool" {
    // expected-error @below {{'llsa.pool' op has the open size of 'tensor<1x1x?x8xf32>'; llsa-bind-shapes closes it}}
    %a = llsa.pool %q block 16 : !x
    llsa.yield %a : !x
  } : !x
  return %0 : !x
}
