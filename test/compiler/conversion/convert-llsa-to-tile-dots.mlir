// RUN: llsa-opt %s --convert-llsa-to-tile | FileCheck %s --check-prefix=WIDE
// RUN: llsa-opt %s --convert-llsa-to-tile=widen-dots=false | FileCheck %s --check-prefix=NARROW

// Where dots take the input type, the weights are rounded to it.

// WIDE:       %[[Q:.*]] = arith.extf %{{.*}} : tensor<16x64xbf16> to tensor<16x64xf32>
// WIDE:       %[[K:.*]] = arith.extf
// WIDE:       tile.dot %[[Q]], %[[K]], %{{.*}} transpose_b : tensor<16x64xf32>, tensor<32x64xf32>
// WIDE:       %[[P:.*]] = math.exp2 %{{.*}} : tensor<16x32xf32>
// WIDE:       tile.dot %[[P]], %{{.*}}, %{{.*}} : tensor<16x32xf32>, tensor<32x64xf32>
// WIDE:       arith.truncf %{{.*}} : tensor<16x64xf32> to tensor<16x64xbf16>

// NARROW-NOT: arith.extf
// NARROW:     tile.dot %{{.*}} transpose_b : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
// NARROW:     %[[P:.*]] = math.exp2 %{{.*}} : tensor<16x32xf32>
// NARROW:     tile.reduce add %[[P]] over cols
// NARROW:     %[[ROUNDED:.*]] = arith.truncf %[[P]] : tensor<16x32xf32> to tensor<16x32xbf16>
// NARROW:     tile.dot %[[ROUNDED]], %{{.*}} : tensor<16x32xbf16>, tensor<32x64xbf16> -> tensor<16x64xf32>
func.func @llsa(%q: tensor<1x1x64x64xbf16>, %k: tensor<1x1x64x64xbf16>, %v: tensor<1x1x64x64xbf16>) -> tensor<1x1x64x64xbf16> {
  %0 = llsa.launch "attend" schedule #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1> {
    %o, %lse = llsa.attend %q from dense(%k, %v)
        : tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>, tensor<1x1x64x64xbf16>
    llsa.yield %o : tensor<1x1x64x64xbf16>
  } : tensor<1x1x64x64xbf16>
  return %0 : tensor<1x1x64x64xbf16>
}
