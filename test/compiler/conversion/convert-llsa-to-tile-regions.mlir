// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s

// A score region on tiles: what depends on the head alone is looked up once per
// row, the key's token is `id * span`, and a key that does not exist looks like
// the last one and is taken out after the region, whatever that made of it.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-SAME:  %[[SLOPES:[^:]*]]: memref<4xf32>
// CHECK-DAG:   %[[SCALE:.*]] = arith.constant dense<1.250000e-01> : tensor<16x16xf32>
// CHECK-DAG:   %[[LOG2E:.*]] = arith.constant dense<1.44269502> : tensor<16x16xf32>
// CHECK-DAG:   %[[NONE:.*]] = arith.constant dense<0xFF800000> : tensor<16x16xf32>
// CHECK-DAG:   %[[SPAN:.*]] = arith.constant dense<16> : tensor<1x16xi32>
// CHECK-DAG:   %[[LAST:.*]] = arith.constant dense<3> : tensor<1x16xi32>
// CHECK-DAG:   %[[LOG2SPAN:.*]] = arith.constant dense<4.000000e+00> : tensor<16x16xf32>
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[ID:.*]] = tile.range %{{.*}} step 1 : tensor<1x16xi32>
// CHECK:       %[[S:.*]] = tile.dot
// CHECK:       %[[NATURAL:.*]] = arith.mulf %[[S]], %[[SCALE]]
// CHECK-DAG:   %[[QUERY:.*]] = tile.range %{{.*}} step 1 : tensor<16x1xi32>
// CHECK-DAG:   %[[HEAD:.*]] = tile.range %[[ITEM]]#1 step 0 : tensor<16x1xi32>
// CHECK-DAG:   %[[KEY:.*]] = arith.minsi %[[ID]], %[[LAST]] : tensor<1x16xi32>
// CHECK-DAG:   %[[TOKEN:.*]] = arith.muli %[[KEY]], %[[SPAN]] : tensor<1x16xi32>
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

// -----

// An index that may leave 32 bits has 64, and comes back where it fits again.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-DAG:   %[[FACTOR:.*]] = arith.constant dense<1073741824> : tensor<16x1xi64>
// CHECK-DAG:   %[[SHIFT:.*]] = arith.constant dense<30> : tensor<16x1xi64>
// CHECK:       %[[QUERY:.*]] = tile.range %{{.*}} step 1 : tensor<16x1xi32>
// CHECK:       %[[WIDE:.*]] = arith.extsi %[[QUERY]] : tensor<16x1xi32> to tensor<16x1xi64>
// CHECK:       %[[PRODUCT:.*]] = arith.muli %[[WIDE]], %[[FACTOR]] : tensor<16x1xi64>
// CHECK:       %[[BACK:.*]] = arith.shrui %[[PRODUCT]], %[[SHIFT]] : tensor<16x1xi64>
// CHECK:       %[[NARROW:.*]] = arith.trunci %[[BACK]] : tensor<16x1xi64> to tensor<16x1xi32>
// CHECK:       tile.lookup %{{.*}}[%[[NARROW]]]
// CHECK:       arith.cmpi ult, %{{.*}}, %{{.*}} : tensor<16x32xi64>
func.func @llsa(%q: tensor<1x1x64x64xf32>, %table: tensor<64xi32> {llsa.name = "table"}) -> tensor<1x1x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        mask(%s, %b, %h, %i, %j, %n) {
          %factor = arith.constant 1073741824 : index
          %shift = arith.constant 30 : index
          %product = arith.muli %i, %factor : index
          %same = arith.shrui %product, %shift : index
          %end = tensor.extract %table[%same] : tensor<64xi32>
          %wide = arith.index_castui %end : i32 to index
          %seen = arith.cmpi ult, %j, %wide : index
          llsa.yield %seen : i1
        }
        : tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>
    llsa.yield %o : tensor<1x1x64x64xf32>
  } : tensor<1x1x64x64xf32>
  return %0 : tensor<1x1x64x64xf32>
}

// -----

// A division that the processor would trap on divides by 1.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-DAG:   %[[ZERO:.*]] = arith.constant dense<0> : tensor<16x1xi32>
// CHECK-DAG:   %[[ONE:.*]] = arith.constant dense<1> : tensor<16x1xi32>
// CHECK-DAG:   %[[SEVEN:.*]] = arith.constant dense<7> : tensor<1x32xi32>
// CHECK:       %[[KEYS:.*]] = tile.range %{{.*}} step 1 : tensor<1x32xi32>
// CHECK:       %[[QUERIES:.*]] = tile.range %{{.*}} step 1 : tensor<16x1xi32>
// CHECK:       arith.remui %[[KEYS]], %[[SEVEN]] : tensor<1x32xi32>
// CHECK:       %[[IS:.*]] = arith.cmpi eq, %[[QUERIES]], %[[ZERO]]
// CHECK:       %[[SAFE:.*]] = arith.select %[[IS]], %[[ONE]], %[[QUERIES]]
// CHECK:       arith.remui %{{.*}}, %[[SAFE]] : tensor<16x1xi32>
func.func @llsa(%q: tensor<1x1x64x64xf32>) -> tensor<1x1x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        mask(%s, %b, %h, %i, %j, %n) {
          %c7 = arith.constant 7 : index
          %c9 = arith.constant 9 : index
          %x = arith.remui %j, %c7 : index
          %y = arith.remui %c9, %i : index
          %seen = arith.cmpi sle, %x, %y : index
          llsa.yield %seen : i1
        }
        : tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>
    llsa.yield %o : tensor<1x1x64x64xf32>
  } : tensor<1x1x64x64xf32>
  return %0 : tensor<1x1x64x64xf32>
}

// -----

// A device function takes its tiles at one size, and an index as i64; one that
// depends on the key alone is called for one row.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: func.func private @bias(f32, index, i32) -> f32 attributes {llsa.device_function}
// CHECK:       tile.kernel @attend(
// CHECK-DAG:   %[[TWO:.*]] = arith.constant dense<2> : tensor<16x32xi32>
// CHECK:       %[[KEYS:.*]] = tile.range %{{.*}} step 1 : tensor<1x32xi32>
// CHECK:       %[[WIDE:.*]] = arith.extsi %[[KEYS]] : tensor<1x32xi32> to tensor<1x32xi64>
// CHECK:       %[[PART:.*]] = tile.call @part(%[[WIDE]]) : (tensor<1x32xi64>) -> tensor<1x32xi64>
// CHECK:       %[[ALL:.*]] = tile.broadcast %[[PART]] : tensor<1x32xi64> -> tensor<16x32xi64>
// CHECK:       tile.call @bias(%{{.*}}, %[[ALL]], %[[TWO]]) : (tensor<16x32xf32>, tensor<16x32xi64>, tensor<16x32xi32>) -> tensor<16x32xf32>
func.func private @bias(f32, index, i32) -> f32 attributes {llsa.device_function}
func.func private @part(index) -> index attributes {llsa.device_function}
func.func @llsa(%q: tensor<1x1x64x64xf32>) -> tensor<1x1x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%q, %q)
        score(%s, %b, %h, %i, %j, %n) {
          %c2 = arith.constant 2 : i32
          %x = func.call @part(%j) : (index) -> index
          %y = func.call @bias(%s, %x, %c2) : (f32, index, i32) -> f32
          llsa.yield %y : f32
        }
        : tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>
    llsa.yield %o : tensor<1x1x64x64xf32>
  } : tensor<1x1x64x64xf32>
  return %0 : tensor<1x1x64x64xf32>
}
