// What each key of the spec does to one variant.

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=2,H=8,Hkv=2,M=50,N=100,D=40,dtype=f16}" | FileCheck %s --check-prefix=SIZES
// SIZES: (%{{.*}}: tensor<2x8x50x40xf16> {llsa.name = "q"}, %{{.*}}: tensor<2x2x100x40xf16> {llsa.name = "k"}, %{{.*}}: tensor<2x2x100x40xf16> {llsa.name = "v"}) -> (tensor<2x8x50x40xf16> {llsa.name = "o"}, tensor<2x8x50xf32> {llsa.name = "lse"})
// SIZES: hierarchy <block = 16, levels = 1, topk = 8> : tensor<2x8x50x40xf16>, tensor<2x2x100x40xf16>, tensor<2x2x100x40xf16>

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=100,D=8,dtype=f32,lse=0}" | FileCheck %s --check-prefix=NOLSE
// NOLSE: -> (tensor<1x1x100x8xf32> {llsa.name = "o"}) {
// NOLSE: return %{{.*}} : tensor<1x1x100x8xf32>

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=100,D=8,dtype=f32,scale=0.5}" | FileCheck %s --check-prefix=SCALE
// SCALE: hierarchy <block = 16, levels = 1, topk = 8> scale 0.5

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=100,D=8,dtype=f32,block=20,levels=3,topk=8:4:2}" | FileCheck %s --check-prefix=GIVEN
// GIVEN: hierarchy <block = 20, levels = 3, topk = [8, 4, 2]>

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=100,D=8,dtype=f32,levels=0}" | FileCheck %s --check-prefix=DENSE
// DENSE: hierarchy <block = 16, levels = 0, topk = 8>

// The paper's rule, at its borders and for another block.
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=1,D=8,dtype=f32}" | FileCheck %s --check-prefix=L1
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=4095,D=8,dtype=f32}" | FileCheck %s --check-prefix=L1
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=4096,D=8,dtype=f32}" | FileCheck %s --check-prefix=L2
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=65535,D=8,dtype=f32}" | FileCheck %s --check-prefix=L2
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=65536,D=8,dtype=f32}" | FileCheck %s --check-prefix=L3
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=1048576,D=8,dtype=f32}" | FileCheck %s --check-prefix=L4
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=1048576,D=8,dtype=f32,block=4}" | FileCheck %s --check-prefix=L5
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,M=7,N=4096,D=8,dtype=f32}" | FileCheck %s --check-prefix=L2
// L1: levels = 1,
// L2: levels = 2,
// L3: levels = 3,
// L4: levels = 4,
// L5: levels = 5,

// A spec that cannot be read.
// RUN: not llsa-opt %s --llsa-bind-shapes 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: spec misses B
// RUN: not llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=0,D=64,dtype=bf16}" 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: N = 0: expected at least 1
// RUN: not llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=1,D=12,dtype=bf16}" 2>&1 | FileCheck %s --check-prefix=DEPTH
// DEPTH: error: D = 12: expected a multiple of 8 between 8 and 256
// RUN: not llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=1,D=8,dtype=bf16,tokens=3}" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: spec key 'tokens' is unknown; expected one of B, H, Hkv, M, N, D, dtype, levels, block, topk, scale, lse, indices, pass, dlse, tf32

!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x, !r) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?> : !x, !x, !x
  return %o, %lse : !x, !r
}
