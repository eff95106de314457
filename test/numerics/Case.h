//===- Case.h - one random case: a variant, a spec, inputs ------*- C++ -*-===//
//
// A case is plain data. Its variant's text and its spec follow from it, so that
// it can be printed, repeated, and made smaller field by field.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TEST_NUMERICS_CASE_H
#define LLSA_TEST_NUMERICS_CASE_H

#include "runtime/program/KernelSpec.h"
#include "tools/llsa-run/HostTensor.h"
#include <string>
#include <vector>

namespace llsa::numerics {

enum class ScoreKind { None, SoftCap, Alibi, Table };
enum class MaskKind { None, Causal, Local, Stripes, Documents, Nothing };

/// What q, k and v hold.
enum class DataKind {
  Random,     ///< independent numbers
  Structured, ///< as tools/io/Tokens.h says
  AlikeKeys,  ///< all keys of a head are its first: every score is a tie
  Peaked      ///< queries eight times as long: few keys have all the weight
};

/// One source of a written-out attend. Level l's keys are pooled l times.
struct SourceCase {
  enum class Kind { Dense, Window, Selected, Brought };
  Kind kind = Kind::Dense;
  int64_t level = 0; ///< dense, window: of the keys; selected: of the children
  bool span = false; ///< say how many tokens a key stands for
  bool unweighted = false; ///< a span that does not weigh
  double weight = 1;
  int64_t before = 0, after = 0;  ///< window
  int64_t topk = 4;               ///< selected; brought: entries of a row
  bool perQuery = false;          ///< selected: one row per query
  int64_t block = 16, every = 16; ///< brought: indices that are an argument
};

struct Case {
  enum class Form { Hierarchy, Sources, Linear };
  Form form = Form::Hierarchy;
  uint64_t seed = 1;   ///< of the inputs
  uint64_t kernel = 1; ///< cases of one number share a variant and a spec
  int64_t B = 1, H = 1, Hkv = 1, M = 16, N = 16, D = 8;
  DType dtype = DType::F32;
  bool tf32 = false; ///< f32 alone
  bool lse = true;
  DataKind data = DataKind::Random;
  bool quietRows = false; ///< results' gradients are 0 in half of the rows
  double scale = 0;       ///< 0: the default
  tools::Layout layout = tools::Layout::Contiguous;
  ScoreKind score = ScoreKind::None;
  MaskKind mask = MaskKind::None;

  // Form::Hierarchy
  int64_t block = 16, levels = 1;
  std::vector<int64_t> topk = {8};
  bool enrichment = true, reweighting = true;
  bool open = false; ///< the spec closes the hierarchy, not the text

  // Form::Sources
  int64_t pool1 = 4, pool2 = 4; ///< blocks of the two pooled levels
  std::vector<SourceCase> sources;
  bool invert = false; ///< also return a selection turned around
  bool within = false; ///< level-1 selections within level-2 ones

  // Form::Linear
  int64_t phi = 0; ///< 0 softmax, 1 elu1, 2 relu

  // Sources and Linear: o is multiplied by a gate and added to another result.
  bool gate = false;
};

/// Compiling takes far longer than running: by default, this many cases with
/// consecutive numbers share a variant and spec, and have inputs of their own.
inline constexpr uint64_t kCasesPerKernel = 3;

/// Do tensors that a score region reads have gradients? In every other kernel.
bool readsHaveGradients(const Case &c);

/// The case of this number; equal numbers give equal cases.
Case randomCase(uint64_t seed, uint64_t casesPerKernel = kCasesPerKernel);

/// A hierarchy of few blocks and many tokens, likewise: all keys of a level and
/// few of the finest, so that what warps share is a long stream and what each
/// gathers is a short one. Random cases have few tokens.
Case fewBlocksCase(uint64_t seed);

/// The variant, ready to be written to a .mlir file.
std::string variantText(const Case &c);
KernelSpec specOf(const Case &c);
/// The variant and the spec with everything that is needed to repeat the case.
std::string describe(const Case &c);

/// Cases that are a little simpler, the boldest first.
std::vector<Case> smallerCases(const Case &c);

} // namespace llsa::numerics

#endif // LLSA_TEST_NUMERICS_CASE_H
