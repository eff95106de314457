// RUN: llsa-opt %s --llsa-approximate-division | FileCheck %s

// CHECK-LABEL: func.func @quotient(
// CHECK-NEXT:    %[[Q:.*]] = llvm.call_intrinsic "llvm.nvvm.div.full"(%{{.*}}, %{{.*}}) : (f32, f32) -> f32
// CHECK-NEXT:    return %[[Q]]
func.func @quotient(%x: f32, %y: f32) -> f32 attributes {llsa.approximate_division} {
  %z = arith.divf %x, %y : f32
  return %z : f32
}

// CHECK-LABEL: func.func @root(
// CHECK-NEXT:    llvm.call_intrinsic "llvm.nvvm.sqrt.approx.f"(%{{.*}}) : (f32) -> f32
func.func @root(%x: f32) -> f32 attributes {llsa.approximate_division} {
  %z = math.sqrt %x : f32
  return %z : f32
}

// CHECK-LABEL: func.func @constant_divisor(
// CHECK:         %[[R:.*]] = arith.constant 0.0333333351 : f32
// CHECK:         arith.mulf %{{.*}}, %[[R]] : f32
func.func @constant_divisor(%x: f32) -> f32 attributes {llsa.approximate_division} {
  %c = arith.constant 30.0 : f32
  %z = arith.divf %x, %c : f32
  return %z : f32
}

// A reciprocal of 0, or one that is subnormal, would be another number.
// CHECK-LABEL: func.func @divisors_without_reciprocals(
// CHECK-COUNT-2: "llvm.nvvm.div.full"
func.func @divisors_without_reciprocals(%x: f32) -> (f32, f32) attributes {llsa.approximate_division} {
  %zero = arith.constant 0.0 : f32
  %huge = arith.constant 3.0e38 : f32
  %y = arith.divf %x, %zero : f32
  %z = arith.divf %x, %huge : f32
  return %y, %z : f32, f32
}

// What may be approximated as it is stays, and so do other types.
// CHECK-LABEL: func.func @others(
// CHECK-NEXT:    arith.divf %{{.*}}, %{{.*}} fastmath<afn> : f32
// CHECK-NEXT:    arith.divf %{{.*}}, %{{.*}} : f64
func.func @others(%x: f32, %y: f64) -> (f32, f64) attributes {llsa.approximate_division} {
  %a = arith.divf %x, %x fastmath<afn> : f32
  %b = arith.divf %y, %y : f64
  return %a, %b : f32, f64
}

// CHECK-LABEL: func.func @exact(
// CHECK-NEXT:    arith.divf
func.func @exact(%x: f32, %y: f32) -> f32 {
  %z = arith.divf %x, %y : f32
  return %z : f32
}
