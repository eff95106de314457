// Every shipped variant reaches the border to tiles, for ragged sizes too.

// RUN: llsa-opt %variants/alibi.mlir --llsa-bind-shapes="spec={B=1,H=8,N=1000,D=40,dtype=bf16}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=ALIBI
// ALIBI: func.func @alibi
// ALIBI-SAME: %[[SLOPES:[a-z0-9]+]]: tensor<8xf32> {llsa.name = "slopes", llsa.no_gradient}
// ALIBI: llsa.launch "attend"
// ALIBI: dense({{.*}}) span 16
// ALIBI-NEXT: score(%{{.*}}, %{{.*}}, %[[H:[a-z0-9]+]], %{{.*}}, %{{.*}}, %{{.*}}) {
// ALIBI: tensor.extract %[[SLOPES]][%[[H]]] : tensor<8xf32>

// RUN: llsa-opt %variants/softcap.mlir --llsa-bind-shapes="spec={B=1,H=8,N=1000,D=40,dtype=bf16}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=SOFTCAP
// SOFTCAP: func.func @softcap
// SOFTCAP: llsa.launch "attend"
// SOFTCAP: math.tanh

// RUN: llsa-opt %variants/dense.mlir --llsa-bind-shapes="spec={B=1,H=8,N=1000,D=40,dtype=bf16}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=DENSE
// RUN: llsa-opt %variants/llsa.mlir --llsa-bind-shapes="spec={B=1,H=8,N=1000,D=40,dtype=bf16,levels=0}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=DENSE
// DENSE: func.func @
// DENSE-NEXT: llsa.launch "attend"
// DENSE-NEXT: llsa.attend %{{.*}} from
// DENSE-NEXT: dense(%{{.*}}, %{{.*}}) :

// RUN: llsa-opt %variants/window.mlir --llsa-bind-shapes="spec={B=1,H=8,N=1000,D=40,dtype=bf16}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=WINDOW
// WINDOW: func.func @window
// WINDOW: window(%{{.*}}, %{{.*}}) before 256 after 256 :

// RUN: llsa-opt %variants/topk.mlir --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=40,dtype=bf16}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract | FileCheck %s --check-prefix=TOPK
// TOPK: func.func @topk
// TOPK: llsa.launch "select_2"
// TOPK: llsa.launch "select_1"
// TOPK: gathered(%{{.*}}, %{{.*}} by %{{.*}}) block 16 every 16 :
