//===- Tokens.h - inputs to run a variant on --------------------*- C++ -*-===//
//
// q, k and v from a photograph, from random numbers, or from smooth clustered
// data. Everything is a function of the seed alone.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_IO_TOKENS_H
#define LLSA_TOOLS_IO_TOKENS_H

#include "tools/io/Image.h"
#include "tools/io/TokenOrder.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace llsa::tools {

/// Sizes, named as in a KernelSpec.
struct TokenShape {
  int64_t B = 1, H = 1, Hkv = 1;
  int64_t M = 0, N = 0; ///< queries, keys
  int64_t D = 0;

  int64_t numQueryElements() const { return B * H * M * D; }
  int64_t numKeyElements() const { return B * Hkv * N * D; }
};

/// Contiguous float32: q is [B, H, M, D], k and v are [B, Hkv, N, D].
struct Tokens {
  TokenShape shape;
  std::vector<float> q, k, v;
};

/// Independent, nearly normal numbers of variance 1.
Tokens randomTokens(const TokenShape &shape, uint64_t seed);

/// Smooth clustered data: tokens that are near in order are alike, far runs of
/// tokens share one of a few cluster centres, and q follows k, so that queries
/// have clear favourites and neighbouring query blocks select the same blocks.
Tokens structuredTokens(const TokenShape &shape, uint64_t seed);

/// Tokens of a picture, one per pixel, in the given order:
///   * features of a pixel: its colour, the blurred colour around it, gradients
///     of the brightness, local contrast, and a constant;
///   * q, k and v are fixed random projections of them, k's and q's alike in
///     part, so that like sees like;
///   * q and k: RMS norm over D, then RoPE: the first half of D turns with x,
///   the
///     second with y.
/// An error when the order, or M and N, are not those of the picture.
llvm::Expected<Tokens> imageTokens(const Image &image, const TokenOrder &order,
                                   const TokenShape &shape, uint64_t seed);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_TOKENS_H
