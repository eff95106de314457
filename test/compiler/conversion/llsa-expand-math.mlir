// RUN: llsa-opt %s --llsa-expand-math | FileCheck %s

// CHECK-LABEL: func.func @exp2
// CHECK-NOT: math.exp2
// CHECK-COUNT-6: math.fma
func.func @exp2(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp2 %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @exp
// CHECK-NOT: math.exp
// CHECK: arith.select
func.func @exp(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}

// CHECK-LABEL: func.func @round_to_bf16
// CHECK-NOT: arith.truncf
// CHECK: arith.trunci %{{.*}} : vector<8xi32> to vector<8xi16>
// CHECK: arith.bitcast %{{.*}} : vector<8xi16> to vector<8xbf16>
func.func @round_to_bf16(%x: vector<8xf32>) -> vector<8xbf16> {
  %y = arith.truncf %x : vector<8xf32> to vector<8xbf16>
  return %y : vector<8xbf16>
}

// What the CPU has an instruction for stays.
// CHECK-LABEL: func.func @round_to_f16
// CHECK: arith.truncf
func.func @round_to_f16(%x: vector<8xf32>) -> vector<8xf16> {
  %y = arith.truncf %x : vector<8xf32> to vector<8xf16>
  return %y : vector<8xf16>
}
