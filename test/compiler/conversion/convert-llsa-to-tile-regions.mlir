// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s

// A score region on tiles: what depends on the head alone is looked up once per
// row, the key's token is `id * span`, and a key that does not exist is taken
// out after the region, whatever that made of it.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-SAME:  %[[SLOPES:[^:]*]]: memref<4xf32>
// CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<1.250000e-01> : tensor<16x16xf32>
// CHECK-DAG:   %[[LOG2E:.*]] = arith.constant dense<1.44269502> : tensor<16x16xf32>
// CHECK-DAG:   %[[NONE:.*]] = arith.constant dense<0xFF800000> : tensor<16x16xf32>
// CHECK-DAG:   %[[SPAN:.*]] = arith.constant dense<16> : tensor<1x16xi32>
// CHECK-DAG:   %[[LOG2SPAN:.*]] = arith.constant dense<4.000000e+00> : tensor<16x16xf32>
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[ID:.*]] = tile.range %{{.*}} step 1 : tensor<1x16xi32>
// CHECK:       %[[S:.*]] = tile.dot
// CHECK:       %[[NATURAL:.*]] = arith.mulf %[[S]], %[[SCALE]]
// CHECK-DAG:   %[[HEAD:.*]] = tile.range %[[ITEM]]#1 step 0 : tensor<16x1xi32>
// CHECK-DAG:   %[[QUERY:.*]] = tile.range %{{.*}} step 1 : tensor<16x1xi32>
// CHECK-DAG:   %[[TOKEN:.*]] = arith.muli %[[ID]], %[[SPAN]] : tensor<1x16xi32>
// CHECK:       %[[SLOPE:.*]] = tile.lookup %[[SLOPES]][%[[HEAD]]] : memref<4xf32>, tensor<16x1xi32> -> tensor<16x1xf32>
// CHECK-DAG:   %[[QUERIES:.*]] = tile.broadcast %[[QUERY]]
// CHECK-DAG:   %[[TOKENS:.*]] = tile.broadcast %[[TOKEN]]
// CHECK:       %[[DISTANCE:.*]] = arith.subi %[[QUERIES]], %[[TOKENS]] : tensor<16x16xi32>
// CHECK:       %[[FLOAT:.*]] = arith.sitofp %[[DISTANCE]]
// CHECK:       %[[SLOPES_:.*]] = tile.broadcast %[[SLOPE]]
// CHECK:       %[[BIAS:.*]] = arith.mulf %[[SLOPES_]], %[[FLOAT]]
// CHECK:       %[[SCORE:.*]] = arith.subf %[[NATURAL]], %[[BIAS]]
// CHECK:       %[[EXISTS:.*]] = arith.cmpi slt, %{{.*}} : tensor<16x16xi32>
// CHECK:       %[[T:.*]] = math.fma %[[SCORE]], %[[LOG2E]], %[[LOG2SPAN]]
// CHECK:       arith.select %[[EXISTS]], %[[T]], %[[NONE]]
func.func @llsa(%q: tensor<1x4x64x64xf32>, %k: tensor<1x4x4x64xf32>, %v: tensor<1x4x4x64xf32>,
                %slopes: tensor<4xf32> {llsa.name = "slopes"}) -> tensor<1x4x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%k, %v) span 16
        score(%s, %b, %h, %i, %j, %n) {
          %slope = tensor.extract %slopes[%h] : tensor<4xf32>
          %d = arith.subi %i, %j : index
          %d32 = arith.index_cast %d : index to i32
          %f = arith.sitofp %d32 : i32 to f32
          %bias = arith.mulf %slope, %f : f32
          %r = arith.subf %s, %bias : f32
          llsa.yield %r : f32
        }
        : tensor<1x4x64x64xf32>, tensor<1x4x4x64xf32>, tensor<1x4x4x64xf32>
    llsa.yield %o : tensor<1x4x64x64xf32>
  } : tensor<1x4x64x64xf32>
  return %0 : tensor<1x4x64x64xf32>
}

// -----

// A mask region is given the scaled score, before the score region.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK:       %[[NATURAL:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<16x32xf32>
// CHECK:       %[[SCORE:.*]] = math.tanh %[[NATURAL]]
// CHECK:       %[[POSITIVE:.*]] = arith.cmpf ogt, %[[NATURAL]]
// CHECK:       %[[CAUSAL:.*]] = arith.cmpi sle, %{{.*}} : tensor<16x32xi32>
// CHECK:       %[[SEEN:.*]] = arith.andi %[[POSITIVE]], %[[CAUSAL]] : tensor<16x32xi1>
// CHECK:       %[[T:.*]] = arith.mulf %[[SCORE]]
// CHECK:       arith.select %[[SEEN]], %[[T]]
func.func @llsa(%q: tensor<1x1x64x64xf32>, %k: tensor<1x1x64x64xf32>, %v: tensor<1x1x64x64xf32>) -> tensor<1x1x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%k, %v)
        score(%s, %b, %h, %i, %j, %n) {
          %t = math.tanh %s : f32
          llsa.yield %t : f32
        }
        mask(%s, %b, %h, %i, %j, %n) {
          %zero = arith.constant 0.0 : f32
          %positive = arith.cmpf ogt, %s, %zero : f32
          %causal = arith.cmpi sle, %j, %i : index
          %seen = arith.andi %positive, %causal : i1
          llsa.yield %seen : i1
        }
        : tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>
    llsa.yield %o : tensor<1x1x64x64xf32>
  } : tensor<1x1x64x64xf32>
  return %0 : tensor<1x1x64x64xf32>
}
