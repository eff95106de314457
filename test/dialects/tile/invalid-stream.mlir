// One case per rule of streams, named by the rule's label.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

tile.kernel @stream_c1_rule(%k: memref<64x64xbf16>) items [1] {
  // expected-error @+1 {{'tile.stream' op count must be at least 1, got 0}}
  %s = tile.stream count 0 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  tile.return
}

// -----

tile.kernel @stream_c2_argument(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'tile.stream' op region must take one index}}
  %s = tile.stream count 4 {
    %t = tile.load %k[%c0, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  tile.return
}

// -----

tile.kernel @stream_c2_yield(%k: memref<64x64xbf16>) items [1] {
  // expected-error @+1 {{'tile.stream' op region must yield the stream's tiles, '!tile.stream<tensor<32x64xbf16>>'}}
  %s = tile.stream count 4 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  tile.return
}

// -----

tile.kernel @stream_c3_rule(%k: memref<64x64xbf16>) items [1] {
  %s = tile.stream count 4 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    // expected-error @+1 {{'tile.store' op has no place in a tile.stream, which holds loads, gathers, block_rows, scf.if, memref.load and pure ops alone}}
    tile.store %t, %k[%i, %i] : tensor<16x64xbf16>, memref<64x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  tile.return
}

// -----

tile.kernel @stream_c4_none(%k: memref<64x64xbf16>) items [1] {
  // expected-error @+1 {{'tile.stream' op held must be from 1 to count, which is 4, got 0}}
  %s = tile.stream count 4 held 0 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  tile.return
}

// -----

tile.kernel @stream_c4_more(%k: memref<64x64xbf16>) items [1] {
  // expected-error @+1 {{'tile.stream' op held must be from 1 to count, which is 1, got 2}}
  %s = tile.stream count 1 held 2 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  tile.return
}

// -----

tile.kernel @next_c1_rule(%k: memref<64x64xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %s = tile.stream count 4 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %i] : memref<64x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  // expected-error @+1 {{'tile.next' op results must be the tiles of '!tile.stream<tensor<16x64xbf16>>'}}
  %n = tile.next %s[%c0] : !tile.stream<tensor<16x64xbf16>> -> tensor<32x64xbf16>
  tile.return
}
