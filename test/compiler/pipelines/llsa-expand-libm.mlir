// RUN: llsa-opt %s --llsa-expand-libm | FileCheck %s

// Whole vectors, no library call.
// CHECK-LABEL: func.func @tanh(
// CHECK-NOT:     math.tanh
// CHECK:         math.fma %{{.*}} : vector<8xf32>
// CHECK:         return %{{.*}} : vector<8xf32>
func.func @tanh(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.tanh %x : vector<8xf32>
  return %y : vector<8xf32>
}

// Of float32, to its last place: a polynomial near 0, a quotient elsewhere.
// CHECK-LABEL: func.func @exact_tanh(
// CHECK:         %[[NEAR:.*]] = math.fma %arg0
// CHECK:         %[[E:.*]] = math.exp2
// CHECK:         %[[SUM:.*]] = arith.addf %[[E]]
// CHECK:         arith.divf %{{.*}}, %[[SUM]]
// CHECK:         %[[FAR:.*]] = math.copysign
// CHECK:         arith.select %{{.*}}, %[[NEAR]], %[[FAR]]
func.func @exact_tanh(%x: f32) -> f32 {
  %y = math.tanh %x : f32
  return %y : f32
}

// Beside 16-bit products, upstream's approximation.
// CHECK-LABEL: func.func @approximate_tanh(
// CHECK-NOT:     math.exp2
// CHECK:         arith.divf
// CHECK-NOT:     math.exp2
// CHECK:         return
func.func @approximate_tanh(%x: f32) -> f32 attributes {llsa.approximate_division} {
  %y = math.tanh %x : f32
  return %y : f32
}

// A square needs no power.
// CHECK-LABEL: func.func @square(
// CHECK:         arith.mulf %{{.*}} : vector<8xf32>
func.func @square(%x: vector<8xf32>) -> vector<8xf32> {
  %c = arith.constant dense<2.0> : vector<8xf32>
  %y = math.powf %x, %c : vector<8xf32>
  return %y : vector<8xf32>
}

// libm is slow but right for large arguments.
// CHECK-LABEL: func.func @sin(
// CHECK:         math.sin %{{.*}} : vector<8xf32>
func.func @sin(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.sin %x : vector<8xf32>
  return %y : vector<8xf32>
}

// The CPU has an instruction.
// CHECK-LABEL: func.func @sqrt(
// CHECK:         math.sqrt %{{.*}} : vector<8xf32>
func.func @sqrt(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.sqrt %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @log10(
// CHECK-NOT:     math.log10
// CHECK:         arith.mulf
func.func @log10(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.log10 %x : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func.func @rsqrt(
// CHECK:         %[[S:.*]] = math.sqrt
// CHECK:         arith.divf %{{.*}}, %[[S]]
func.func @rsqrt(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.rsqrt %x : vector<8xf32>
  return %y : vector<8xf32>
}

// Half precision is computed in float32.
// CHECK-LABEL: func.func @erf(
// CHECK-NOT:     math.erf
// CHECK:         arith.truncf %{{.*}} : vector<8xf32> to vector<8xf16>
func.func @erf(%x: vector<8xf16>) -> vector<8xf16> {
  %y = math.erf %x : vector<8xf16>
  return %y : vector<8xf16>
}

// Upstream has conversions for isnan and isfinite alone.
// CHECK-LABEL: func.func @isinf(
// CHECK:         math.absf
// CHECK:         arith.cmpf oeq, %{{.*}} : vector<8xf32>
func.func @isinf(%x: vector<8xf32>) -> vector<8xi1> {
  %y = math.isinf %x : vector<8xf32>
  return %y : vector<8xi1>
}

// CHECK-LABEL: func.func @isnormal(
// CHECK-DAG:     arith.cmpf oge, %{{.*}} : f32
// CHECK-DAG:     arith.cmpf olt, %{{.*}} : f32
// CHECK:         arith.andi
func.func @isnormal(%x: f32) -> i1 {
  %y = math.isnormal %x : f32
  return %y : i1
}

// CHECK-LABEL: func.func @clamp(
// CHECK:         arith.maximumf
// CHECK-NEXT:    arith.minimumf
func.func @clamp(%x: f32, %a: f32, %b: f32) -> f32 {
  %y = math.clampf %x to [%a, %b] : f32
  return %y : f32
}

// CHECK-LABEL: func.func @ipowi(
// CHECK-NOT:     math.ipowi
// CHECK:         arith.muli %{{.*}} : i8
// CHECK:         return
func.func @ipowi(%x: i8, %n: i8) -> i8 {
  %y = math.ipowi %x, %n : i8
  return %y : i8
}
