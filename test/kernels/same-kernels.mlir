// The written-out variants and the composite are one and the same after the llsa
// stage, for any spec that goes with both. The text must be equal to the letter.

// RUN: llsa-opt %variants/llsa.mlir --llsa-bind-shapes="spec={B=1,H=8,N=4000,D=64,dtype=bf16,levels=1}" --llsa-decompose --llsa-expose-indices --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.composite1
// RUN: llsa-opt %variants/llsa-l1.mlir --llsa-bind-shapes="spec={B=1,H=8,N=4000,D=64,dtype=bf16,levels=1}" --llsa-decompose --llsa-expose-indices --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.written1
// RUN: diff %t.composite1 %t.written1
// RUN: FileCheck %s --check-prefix=LEVEL1 --input-file=%t.written1
// LEVEL1: llsa.launch "pool"
// LEVEL1: llsa.launch "select_1"
// LEVEL1: dense({{.*}}) span 16 :

// RUN: llsa-opt %variants/llsa.mlir --llsa-bind-shapes="spec={B=2,H=8,Hkv=2,M=300,N=65536,D=64,dtype=f32,levels=2,block=16,topk=8:8,lse=0}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.composite2
// RUN: llsa-opt %variants/llsa-l2.mlir --llsa-bind-shapes="spec={B=2,H=8,Hkv=2,M=300,N=65536,D=64,dtype=f32,levels=2,block=16,topk=8:8,lse=0}" --llsa-decompose --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.written2
// RUN: diff %t.composite2 %t.written2
// RUN: FileCheck %s --check-prefix=LEVEL2 --input-file=%t.written2
// LEVEL2: llsa.launch "select_2"
// LEVEL2: llsa.launch "select_1"
// LEVEL2: dense({{.*}}) span 256 :

// At 65,536 tokens three levels are the composite's default.
// RUN: llsa-opt %variants/llsa.mlir --llsa-bind-shapes="spec={B=1,H=1,N=65536,D=64,dtype=f16,scale=0.25}" --llsa-decompose --llsa-expose-indices --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.composite3
// RUN: llsa-opt %variants/llsa-l3.mlir --llsa-bind-shapes="spec={B=1,H=1,N=65536,D=64,dtype=f16,scale=0.25}" --llsa-decompose --llsa-expose-indices --canonicalize --cse --llsa-fuse --llsa-assign-schedule --llsa-verify-kernel-contract -o %t.written3
// RUN: diff %t.composite3 %t.written3
// RUN: FileCheck %s --check-prefix=LEVEL3 --input-file=%t.written3
// LEVEL3: llsa.launch "select_3"
// LEVEL3: llsa.launch "select_2"
// LEVEL3: llsa.launch "select_1"
// LEVEL3: dense({{.*}}) span 4096 scale 0.25 :
