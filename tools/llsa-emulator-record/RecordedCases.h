//===- RecordedCases.h - single instructions, on a GPU and here -*- C++ -*-===//
//
// What says that the emulator computes what a GPU does: kernels of one
// instruction over many inputs. llsa-emulator-record runs them on a GPU and
// writes down what comes out; a test runs them on the emulator and compares.
//
// Inputs are pseudo-random and follow from the case alone, so a recording holds
// outputs, and a key that changes when a kernel or its inputs do.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_LLSA_EMULATOR_RECORD_RECORDEDCASES_H
#define LLSA_TOOLS_LLSA_EMULATOR_RECORD_RECORDEDCASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace llsa::tools {

/// What a 32-bit input holds.
enum class Word { F32, BF16Pair, F16Pair, S32 };

/// How well the emulator must agree.
enum class Agreement {
  Bits,     ///< to the bit, but for the payload of a NaN
  Relative, ///< of f32: within `bound` of the value, as PTX documents it
  Absolute, ///< of f32: within `bound`, or of the value where that is more
  Product,  ///< of f32: within `bound` of the sum of the terms' magnitudes
};

/// A kernel in which each thread reads some words, does one instruction and
/// writes some words.
struct RecordedCase {
  std::string name;   ///< of the entry, too
  std::string target; ///< the oldest that has it
  std::vector<Word> inputs;
  unsigned outputs = 1;
  unsigned threads = 128, ctas = 16;
  unsigned sharedBytes = 0;
  /// PTX from %a0, %a1, ... to %d0, ...; %h0 ... %h3 are 16-bit registers.
  std::string body;
  Agreement agreement = Agreement::Bits;
  double bound = 0;

  unsigned allThreads() const { return threads * ctas; }
};

/// All of them.
const std::vector<RecordedCase> &recordedCases();

/// The kernel; its parameters are the addresses of inputs and outputs.
std::string ptxOf(const RecordedCase &recorded);
/// Words of all threads, thread by thread.
std::vector<uint32_t> inputsOf(const RecordedCase &recorded);
/// Changes when anything does that outputs depend on.
std::string keyOf(const RecordedCase &recorded);

/// What is wrong with `here`, the outputs of the emulator; "" if nothing is.
/// `magnitudes`: the outputs for the inputs' absolute values, for products.
std::string compareOutputs(const RecordedCase &recorded,
                           llvm::ArrayRef<uint32_t> onGpu,
                           llvm::ArrayRef<uint32_t> here,
                           llvm::ArrayRef<uint32_t> magnitudes);
/// The inputs without their signs.
std::vector<uint32_t> absoluteInputs(const RecordedCase &recorded);

/// What a GPU has computed.
struct Recording {
  std::string gpu; ///< and its driver, for the reader
  struct Outputs {
    std::string key;
    std::vector<uint32_t> words;
  };
  std::map<std::string, Outputs> cases; ///< by name
};

std::string toJSON(const Recording &recording);
llvm::Expected<Recording> readRecording(llvm::StringRef text);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_EMULATOR_RECORD_RECORDEDCASES_H
