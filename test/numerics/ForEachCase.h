//===- ForEachCase.h - random cases on all cores ----------------*- C++ -*-===//
#ifndef LLSA_TEST_NUMERICS_FOREACHCASE_H
#define LLSA_TEST_NUMERICS_FOREACHCASE_H

#include "test/numerics/Case.h"
#include "test/numerics/Options.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include <vector>

namespace llsa::numerics {

/// Calls `body(runner, case)` for the cases that `options` name, on all cores:
/// a thread has a Runner of its own, and takes the cases of one kernel. Returns
/// the seconds that it took.
template <typename Runner, typename Body>
double forEachCase(const Options &options, Body body) {
  auto start = std::chrono::steady_clock::now();
  const uint64_t share = options.casesPerKernel,
                 end = options.first + options.cases;
  std::atomic<uint64_t> nextKernel{options.first / share};
  auto work = [&] {
    Runner runner;
    for (uint64_t first; (first = nextKernel++ * share) < end;)
      for (uint64_t seed = std::max(first, options.first);
           seed < std::min(first + share, end); ++seed) {
        if (options.verbose) // the last one before a crash is the culprit
          fmt::print(stderr, "case {}:\n{}", seed,
                     describe(randomCase(seed, share)));
        body(runner, randomCase(seed, share));
      }
  };
  std::vector<std::thread> threads;
  for (unsigned n = std::max(1u, std::thread::hardware_concurrency()); n > 0;
       --n)
    threads.emplace_back(work);
  for (std::thread &thread : threads)
    thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

} // namespace llsa::numerics

#endif // LLSA_TEST_NUMERICS_FOREACHCASE_H
