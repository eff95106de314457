//===- Generator.cpp - variants and specs, most of them wrong -------------===//
#include "test/fuzz/Generator.h"
#include "test/numerics/Case.h"
#include "tools/io/Random.h"
#include <algorithm>
#include <cctype>

using namespace llsa;
using namespace llsa::fuzz;

namespace {
class Dice {
public:
  explicit Dice(uint64_t seed) : random(seed, /*stream=*/9) {}
  size_t below(size_t count) { return random.bits(counter++) % count; }
  bool chance(int percent) { return below(100) < size_t(percent); }
  template <typename T> const T &oneOf(const std::vector<T> &choices) {
    return choices[below(choices.size())];
  }

private:
  tools::Random random;
  uint64_t counter = 0;
};

/// Words of the language, so that a changed variant often still parses.
const std::vector<std::string> kOps = {"llsa.pool",
                                       "llsa.select",
                                       "llsa.attend",
                                       "llsa.attention",
                                       "llsa.linear_attend",
                                       "llsa.launch",
                                       "llsa.yield",
                                       "llsa.invert_indices",
                                       "arith.addf",
                                       "arith.mulf",
                                       "arith.addi",
                                       "arith.subi",
                                       "arith.remui",
                                       "arith.cmpi",
                                       "arith.cmpf",
                                       "arith.select",
                                       "math.exp",
                                       "math.tanh",
                                       "math.absf",
                                       "tensor.extract",
                                       "tensor.splat",
                                       "tensor.dim",
                                       "arith.constant",
                                       "func.return",
                                       "scf.for",
                                       "foo.bar",
                                       "tile.load",
                                       "memref.load",
                                       "arith.sitofp",
                                       "arith.index_cast"};
const std::vector<std::string> kWords = {"dense",      "gathered",
                                         "window",     "block",
                                         "topk",       "within",
                                         "every",      "span",
                                         "weight",     "before",
                                         "after",      "scale",
                                         "score",      "mask",
                                         "hierarchy",  "levels",
                                         "by",         "from",
                                         "f32",        "bf16",
                                         "f16",        "i32",
                                         "index",      "i1",
                                         "true",       "false",
                                         "?",          "x",
                                         "ule",        "sgt",
                                         "enrichment", "reweighting",
                                         "phi",        "softmax",
                                         "relu",       "elu1",
                                         "tensor",     "memref",
                                         "vector",     "!llsa.float",
                                         "!x",         "!r",
                                         "!i",         "none",
                                         "f64",        "i64",
                                         "\"H\"",      "\"N/0\"",
                                         "{",          "}",
                                         "(",          ")",
                                         "<",          ">",
                                         "[",          "]",
                                         ",",          ":",
                                         "=",          "->",
                                         "-",          "#llsa.hierarchy",
                                         "attributes", "private"};
const std::vector<std::string> kNumbers = {"0",
                                           "1",
                                           "2",
                                           "3",
                                           "4",
                                           "5",
                                           "7",
                                           "8",
                                           "15",
                                           "16",
                                           "17",
                                           "31",
                                           "32",
                                           "64",
                                           "127",
                                           "128",
                                           "129",
                                           "255",
                                           "1000",
                                           "65536",
                                           "1000000000",
                                           "2147483647",
                                           "2147483648",
                                           "4294967296",
                                           "9223372036854775807",
                                           "99999999999999999999",
                                           "-1",
                                           "-16",
                                           "0.0",
                                           "1.0",
                                           "-1.0",
                                           "1e30",
                                           "1e300",
                                           "0x7FC00000",
                                           "1.0e-40"};

/// A variant as words, numbers, spaces and single signs.
std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> out;
  auto kindOf = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
                   c == '.' || c == '%' || c == '!' || c == '#' || c == '@'
               ? 1
           : std::isspace(static_cast<unsigned char>(c)) ? 2
                                                         : 0;
  };
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    int kind = kindOf(text[i]);
    while (kind != 0 && end < text.size() && kindOf(text[end]) == kind)
      ++end;
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

bool isNumber(const std::string &word) {
  return std::isdigit(static_cast<unsigned char>(word[0]));
}
bool isSpace(const std::string &word) {
  return std::isspace(static_cast<unsigned char>(word[0]));
}

/// Changes one thing.
void mutate(std::vector<std::string> &words, Dice &dice) {
  if (words.empty())
    return;
  size_t at = dice.below(words.size());
  for (int tries = 0; tries < 20 && isSpace(words[at]); ++tries)
    at = dice.below(words.size());
  std::string &word = words[at];
  /// A word elsewhere that begins alike (another value, another op, ...).
  auto alike = [&](char first) -> std::string {
    std::vector<std::string> found;
    for (const std::string &other : words)
      if (other[0] == first)
        found.push_back(other);
    return found.empty() ? std::string(1, first) : dice.oneOf(found);
  };
  switch (dice.below(12)) {
  case 0:
    word.clear();
    break;
  case 1:
    word += " " + word;
    break;
  case 2:
    std::swap(word, words[dice.below(words.size())]);
    break;
  case 3:
    word = dice.oneOf(kWords);
    break;
  case 4:
    word = dice.oneOf(kOps);
    break;
  case 5: // any number
    for (int tries = 0; tries < 50 && !isNumber(words[at]); ++tries)
      at = dice.below(words.size());
    words[at] = dice.oneOf(kNumbers);
    break;
  case 6:
    word = isNumber(word) ? dice.oneOf(kNumbers) : alike(word[0]);
    break;
  case 7: { // a whole line, away or twice
    size_t first = at, last = at;
    while (first > 0 && words[first - 1].find('\n') == std::string::npos)
      --first;
    while (last < words.size() && words[last].find('\n') == std::string::npos)
      ++last;
    std::vector<std::string> line(words.begin() + first, words.begin() + last);
    if (dice.chance(50)) {
      words.erase(words.begin() + first, words.begin() + last);
    } else {
      line.push_back("\n");
      words.insert(words.begin() + first, line.begin(), line.end());
    }
    break;
  }
  case 8: // some other character
    word.insert(dice.below(word.size() + 1), 1,
                static_cast<char>(1 + dice.below(255)));
    break;
  case 9:
    if (dice.chance(20)) // the end is missing
      words.resize(at);
    else
      word = alike('%');
    break;
  default:
    word = alike(word[0]);
    break;
  }
  words.erase(std::remove(words.begin(), words.end(), std::string()),
              words.end());
}

std::string join(const std::vector<std::string> &words) {
  std::string out;
  for (const std::string &word : words)
    out += word;
  return out;
}

/// A spec of small sizes that most variants take.
std::string smallSpec(Dice &dice) {
  numerics::Case sizes = numerics::randomCase(dice.below(1000000));
  KernelSpec spec = numerics::specOf(sizes);
  spec.scale.reset();
  spec.block.reset();
  spec.levels.reset();
  spec.topk.clear();
  spec.N = std::min<int64_t>(spec.N, 300);
  spec.M = std::min<int64_t>(spec.M, 300);
  if (dice.chance(50))
    spec.block = int64_t(4 + dice.below(20));
  if (dice.chance(50))
    spec.levels = int64_t(dice.below(4));
  if (dice.chance(50))
    spec.topk = {int64_t(1 + dice.below(12))};
  return spec.str();
}

std::string brokenSpec(std::string spec, Dice &dice) {
  static const std::vector<std::string> kKeys = {
      "B",      "H",     "Hkv",  "M",     "N",   "D",       "dtype",
      "levels", "block", "topk", "scale", "lse", "indices", "x"};
  std::vector<std::string> words = split(spec);
  for (size_t n = 1 + dice.below(2); n > 0; --n)
    switch (dice.below(3)) {
    case 0:
      words.push_back("," + dice.oneOf(kKeys) + "=" + dice.oneOf(kNumbers));
      break;
    case 1:
      if (!words.empty()) // the last change may have left nothing
        words[dice.below(words.size())] = dice.oneOf(kNumbers);
      break;
    default:
      mutate(words, dice);
      break;
    }
  return join(words);
}
} // namespace

FuzzInput llsa::fuzz::makeInput(const std::vector<std::string> &corpus,
                                uint64_t seed) {
  Dice dice(seed);
  FuzzInput out;
  if (corpus.empty() || dice.chance(50)) {
    numerics::Case c = numerics::randomCase(seed);
    c.N = std::min<int64_t>(c.N, 300);
    c.M = std::min<int64_t>(c.M, 300);
    out.variant = numerics::variantText(c);
    out.spec = numerics::specOf(c).str();
  } else {
    out.variant = dice.oneOf(corpus);
    out.spec = smallSpec(dice);
  }
  if (dice.chance(80)) {
    std::vector<std::string> words = split(out.variant);
    size_t changes = dice.chance(70) ? 1 : 1 + dice.below(6);
    for (size_t n = 0; n < changes; ++n)
      mutate(words, dice);
    out.variant = join(words);
  }
  if (dice.chance(25))
    out.spec = brokenSpec(out.spec, dice);
  return out;
}
