// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-allocate-shared{limit=4096}))' --verify-diagnostics

// expected-error @+1 {{'tile.kernel' op needs 8192 bytes of shared memory, but a CTA may have 4096}}
tile.kernel @large(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  // expected-note @+1 {{a ring of 8192 bytes in all: 'memref<1x64x64xbf16, 3>', scope cta}}
  %a = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.return
}
