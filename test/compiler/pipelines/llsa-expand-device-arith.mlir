// RUN: llsa-opt %s --llsa-expand-device-arith | FileCheck %s

// A GPU divides by rounding to zero alone.
// CHECK-LABEL: func.func @blocks
// CHECK-NOT:     ceildiv
// CHECK:         arith.divui
func.func @blocks(%n: i32, %b: i32) -> i32 {
  %c = arith.ceildivui %n, %b : i32
  return %c : i32
}

// CHECK-LABEL: func.func @round_down
// CHECK-NOT:     floordiv
// CHECK:         arith.divsi
func.func @round_down(%n: i32, %b: i32) -> i32 {
  %c = arith.floordivsi %n, %b : i32
  return %c : i32
}

// bfloat16 is the upper half of float32.
// CHECK-LABEL: func.func @widen
// CHECK:         %[[BITS:.*]] = arith.bitcast %{{.*}} : bf16 to i16
// CHECK:         arith.extui %[[BITS]] : i16 to i32
// CHECK:         arith.shli
func.func @widen(%x: bf16) -> f32 {
  %y = arith.extf %x : bf16 to f32
  return %y : f32
}

// CHECK-LABEL: func.func @narrow
// CHECK-NOT:     arith.truncf
// CHECK:         arith.bitcast %{{.*}} : i16 to bf16
func.func @narrow(%x: f32) -> bf16 {
  %y = arith.truncf %x : f32 to bf16
  return %y : bf16
}

// One instruction each: they stay.
// CHECK-LABEL: func.func @instructions
// CHECK:         arith.maximumf
// CHECK:         arith.minnumf
func.func @instructions(%x: f32, %y: f32) -> f32 {
  %max = arith.maximumf %x, %y : f32
  %min = arith.minnumf %max, %y : f32
  return %min : f32
}
