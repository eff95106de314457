// RUN: llsa-opt %s --llsa-expand-device-math | FileCheck %s

// The angle is reduced in float64.
// CHECK-LABEL: func.func @sine(
// CHECK-NOT:     math.sin
// CHECK:         arith.extf %{{.*}} : f32 to f64
// CHECK:         math.roundeven %{{.*}} : f64
// CHECK:         arith.truncf %{{.*}} : f64 to f32
// CHECK:         return %{{.*}} : f32
func.func @sine(%x: f32) -> f32 {
  %y = math.sin %x : f32
  return %y : f32
}

// A square needs no logarithm.
// CHECK-LABEL: func.func @square(
// CHECK-NOT:     math
// CHECK:         arith.mulf
// CHECK-NEXT:    return
func.func @square(%x: f32) -> f32 {
  %c = arith.constant 2.0 : f32
  %y = math.powf %x, %c : f32
  return %y : f32
}

// A power of an integer that is not known is any power.
// CHECK-LABEL: func.func @power(
// CHECK-NOT:     math.fpowi
// CHECK-NOT:     math.powf
// CHECK:         math.exp2 %{{.*}} : f32
func.func @power(%x: f32, %n: i32) -> f32 {
  %y = math.fpowi %x, %n : f32, i32
  return %y : f32
}

// What later passes expand stays.
// CHECK-LABEL: func.func @tanh(
// CHECK-NEXT:    math.tanh
func.func @tanh(%x: f32) -> f32 {
  %y = math.tanh %x : f32
  return %y : f32
}
