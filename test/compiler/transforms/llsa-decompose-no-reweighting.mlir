// RUN: llsa-opt %s --llsa-decompose | FileCheck %s

// Without reweighting spans say where coarse keys lie, and weigh nothing.
// CHECK-LABEL: func.func @no_reweighting
// CHECK: llsa.attend
// CHECK-NEXT: gathered({{.*}}) block 4 every 4,
// CHECK-NEXT: gathered({{.*}}) block 4 every 16 span 4 unweighted,
// CHECK-NEXT: dense({{.*}}) span 16 unweighted :
func.func @no_reweighting(%q: tensor<1x1x100x8xf32>) -> tensor<1x1x100x8xf32> {
  %o, %lse = llsa.attention %q, %q, %q
      hierarchy <block = 4, levels = 2, topk = 8, reweighting = false>
      : tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>, tensor<1x1x100x8xf32>
  return %o : tensor<1x1x100x8xf32>
}
