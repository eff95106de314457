// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16,levels=2}" | FileCheck %s
// RUN: llsa-opt %s --llsa-bind-shapes="spec=B=1;H=8;N=4096;D=64;dtype=bf16;levels=2" | FileCheck %s
// RUN: llsa-opt %s --pass-pipeline="builtin.module(llsa-bind-shapes{spec={B=1,H=8,N=4096,D=64,dtype=bf16,levels=2}})" | FileCheck %s

// CHECK-LABEL: func.func @llsa
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x4096x64xbf16> {llsa.name = "q"}, %[[K:.*]]: tensor<1x8x4096x64xbf16> {llsa.name = "k"}, %[[V:.*]]: tensor<1x8x4096x64xbf16> {llsa.name = "v"}) -> (tensor<1x8x4096x64xbf16> {llsa.name = "o"})
// CHECK-NEXT: %[[O:.*]], %{{.*}} = llsa.attention %[[Q]], %[[K]], %[[V]] hierarchy <block = 16, levels = 2, topk = 8> : tensor<1x8x4096x64xbf16>
// CHECK-NEXT: return %[[O]] : tensor<1x8x4096x64xbf16>
func.func @llsa(%q: tensor<?x?x?x?x!llsa.float>, %k: tensor<?x?x?x?x!llsa.float>,
                %v: tensor<?x?x?x?x!llsa.float>) -> tensor<?x?x?x?x!llsa.float> {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = ?, topk = ?>
      : tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>
  return %o : tensor<?x?x?x?x!llsa.float>
}
