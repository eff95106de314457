//===- Options.h - what llsa-run is asked to do -----------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_OPTIONS_H
#define LLSA_TOOLS_LLSA_RUN_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace llsa::tools {

/// The command line.
struct RunOptions {
  std::string file;                         ///< the variant
  std::string spec;                         ///< text of a KernelSpec
  std::vector<std::string> deviceFunctions; ///< files of CUDA C++ or PTX
  std::string device =
      "cpu"; ///< "cpu", "cpu:MARCH", "cuda", "cuda:N", "emulator", ...
  std::string input = "random"; ///< see InputSource
  std::string output;           ///< "npy:DIR", or nothing
  std::string compare;          ///< a variant to be timed on the same inputs
  std::string picture;          ///< where to draw what a query attends to
  bool grad = false;            ///< run the backward, too
  bool check = false;
  bool profile = false; ///< the time of each launch
  bool json = false;
  uint64_t seed = 1;
  int64_t samples = 128; ///< queries per head that are checked; 0: all
  int64_t repeat = 0;    ///< timed runs; 0: as many as a second holds
  unsigned threads = 0;  ///< 0: all
};

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_OPTIONS_H
