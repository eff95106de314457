// RUN: llsa-opt %s --llsa-decompose | FileCheck %s

// CHECK-LABEL: func.func @llsa
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x4096x64xf32>, %[[K:.*]]: tensor<1x8x4096x64xf32>, %[[V:.*]]: tensor<1x8x4096x64xf32>)
// CHECK-NEXT: %[[Q1:.*]] = llsa.pool %[[Q]] block 16
// CHECK-NEXT: %[[K1:.*]] = llsa.pool %[[K]] block 16
// CHECK-NEXT: %[[V1:.*]] = llsa.pool %[[V]] block 16
// CHECK-NEXT: %[[I1:.*]] = llsa.select %[[Q1]], %[[K1]] topk 8
// CHECK-NEXT: %[[O:.*]], %{{.*}} = llsa.attend %[[Q]] from
// CHECK-NEXT: gathered(%[[K]], %[[V]] by %[[I1]]) block 16 every 16,
// CHECK-NEXT: dense(%[[K1]], %[[V1]]) span 16 :
// CHECK-NEXT: return %[[O]]
func.func @llsa(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                %v: tensor<1x8x4096x64xf32>) -> tensor<1x8x4096x64xf32> {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = 1, topk = 8>
      : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
  return %o : tensor<1x8x4096x64xf32>
}

// Coarse to fine, a top-k per level, cross attention of grouped heads with
// ragged ends.
// CHECK-LABEL: func.func @three_levels
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x50x64xf32>, %[[K:.*]]: tensor<1x2x1000x64xf32>, %[[V:.*]]: tensor<1x2x1000x64xf32>)
// CHECK-NEXT: %[[Q1:.*]] = llsa.pool %[[Q]] block 8
// CHECK-NEXT: %[[K1:.*]] = llsa.pool %[[K]] block 8
// CHECK-NEXT: %[[V1:.*]] = llsa.pool %[[V]] block 8
// CHECK-NEXT: %[[Q2:.*]] = llsa.pool %[[Q1]] block 8
// CHECK-NEXT: %[[K2:.*]] = llsa.pool %[[K1]] block 8
// CHECK-NEXT: %[[V2:.*]] = llsa.pool %[[V1]] block 8
// CHECK-NEXT: %[[Q3:.*]] = llsa.pool %[[Q2]] block 8 : tensor<1x8x1x64xf32>
// CHECK-NEXT: %[[K3:.*]] = llsa.pool %[[K2]] block 8
// CHECK-NEXT: %[[V3:.*]] = llsa.pool %[[V2]] block 8
// CHECK-NEXT: %[[I3:.*]] = llsa.select %[[Q3]], %[[K3]] topk 2 :
// CHECK-NEXT: %[[I2:.*]] = llsa.select %[[Q2]], %[[K2]] topk 4 within %[[I3]] block 8
// CHECK-NEXT: %[[I1:.*]] = llsa.select %[[Q1]], %[[K1]] topk 6 within %[[I2]] block 8
// CHECK-NEXT: %[[O:.*]], %[[LSE:.*]] = llsa.attend %[[Q]] from
// CHECK-NEXT: gathered(%[[K]], %[[V]] by %[[I1]]) block 8 every 8,
// CHECK-NEXT: gathered(%[[K1]], %[[V1]] by %[[I2]]) block 8 every 64 span 8,
// CHECK-NEXT: gathered(%[[K2]], %[[V2]] by %[[I3]]) block 8 every 512 span 64,
// CHECK-NEXT: dense(%[[K3]], %[[V3]]) span 512 scale 0.25 :
// CHECK-SAME: tensor<1x8x50x64xf32>, tensor<1x2x1000x64xf32>, tensor<1x2x1000x64xf32>, tensor<1x8x7x6xi32>
// CHECK-NEXT: return %[[O]], %[[LSE]]
func.func @three_levels(%q: tensor<1x8x50x64xf32>, %k: tensor<1x2x1000x64xf32>,
                        %v: tensor<1x2x1000x64xf32>)
    -> (tensor<1x8x50x64xf32>, tensor<1x8x50xf32>) {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = 8, levels = 3, topk = [6, 4, 2]> scale 0.25
      : tensor<1x8x50x64xf32>, tensor<1x2x1000x64xf32>, tensor<1x2x1000x64xf32>
  return %o, %lse : tensor<1x8x50x64xf32>, tensor<1x8x50xf32>
}

// CHECK-LABEL: func.func @no_levels
// CHECK-NEXT: llsa.attend %{{.*}} from
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) :
// CHECK-NEXT: return
func.func @no_levels(%q: tensor<1x1x100x8xf32>) -> tensor<1x1x100x8xf32> {
  %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16, levels = 0, topk = 8>
      : tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>
  return %o : tensor<1x1x100x8xf32>
}

// Without enrichment values are not pooled, and one source stays.
// CHECK-LABEL: func.func @no_enrichment
// CHECK-SAME: (%[[Q:.*]]: tensor<1x1x100x8xf32>, %[[K:.*]]: tensor<1x1x100x8xf32>, %[[V:.*]]: tensor<1x1x100x8xf32>)
// CHECK-NOT: llsa.pool %[[V]]
// CHECK: %[[I2:.*]] = llsa.select
// CHECK-NEXT: %[[I1:.*]] = llsa.select
// CHECK-NEXT: llsa.attend %[[Q]] from
// CHECK-NEXT: gathered(%[[K]], %[[V]] by %[[I1]]) block 4 every 4 :
func.func @no_enrichment(%q: tensor<1x1x100x8xf32>, %k: tensor<1x1x100x8xf32>,
                         %v: tensor<1x1x100x8xf32>) -> tensor<1x1x100x8xf32> {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = 4, levels = 2, topk = 8, enrichment = false>
      : tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>
  return %o : tensor<1x1x100x8xf32>
}

// Regions and attributes move along.
// CHECK-LABEL: func.func @regions
// CHECK: llsa.attend
// CHECK: score(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK-NEXT: math.tanh %[[S]] : f32
// CHECK: mask(%{{.*}}, %{{.*}}, %{{.*}}, %[[I:.*]], %[[J:.*]], %{{.*}}) {
// CHECK-NEXT: arith.cmpi ule, %[[J]], %[[I]] : index
// CHECK: {note = "kept"} :
func.func @regions(%q: tensor<1x1x100x8xf32>) -> tensor<1x1x100x8xf32> {
  %o, %lse = llsa.attention %q, %q, %q hierarchy <block = 16, levels = 1, topk = 2>
      score(%s, %b, %h, %i, %j, %n) {
        %t = math.tanh %s : f32
        llsa.yield %t : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      } {note = "kept"}
      : tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>
  return %o : tensor<1x1x100x8xf32>
}
