//===- Peak.cpp - this machine's multiply-add ceiling ---------------------===//

#include "tools/llsa-bench/Peak.h"
#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

namespace {

typedef float Vector4 __attribute__((vector_size(16)));
typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/// `Chains` independent accumulators: enough to hide the latency of a
/// multiply-add at two per cycle. Inlined into functions of several targets.
template <typename Vector, int Chains>
inline __attribute__((always_inline)) float multiplyAdd(long rounds,
                                                        float seed) {
  Vector sum[Chains], x = Vector{} + seed, y = Vector{} + 1e-9f * seed;
#pragma GCC unroll 16
  for (int c = 0; c < Chains; ++c)
    sum[c] = x * float(c);
  for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
    for (int c = 0; c < Chains; ++c) {
      sum[c] = sum[c] * y + x;
      asm volatile("" : "+x"(sum[c])); // keeps each chain in its register
    }
  }
  Vector total = sum[0];
#pragma GCC unroll 16
  for (int c = 1; c < Chains; ++c)
    total += sum[c];
  return total[0];
}

#if defined(__x86_64__)
__attribute__((target("avx512f,fma"), optimize("fp-contract=fast"))) float
wide(long rounds, float seed) {
  return multiplyAdd<Vector16, 14>(rounds, seed);
}
__attribute__((target("avx2,fma"), optimize("fp-contract=fast"))) float
medium(long rounds, float seed) {
  return multiplyAdd<Vector8, 12>(rounds, seed);
}
#endif
float narrow(long rounds, float seed) {
  return multiplyAdd<Vector4, 12>(rounds, seed);
}

struct Choice {
  float (*run)(long, float);
  double flopsPerRound;
};

Choice choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {wide, 2.0 * 16 * 14};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {medium, 2.0 * 8 * 12};
#endif
  return {narrow, 2.0 * 4 * 12};
}

} // namespace

double llsa::bench::measurePeakFlops(unsigned threads) {
  using Clock = std::chrono::steady_clock;
  Choice choice = choose();
  constexpr long rounds = 50'000'000;
  double best = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    std::vector<std::thread> workers;
    std::vector<float> sink(threads);
    Clock::time_point start = Clock::now();
    for (unsigned t = 0; t < threads; ++t)
      workers.emplace_back(
          [&, t] { sink[t] = choice.run(rounds, 1.0f + float(t)); });
    for (std::thread &worker : workers)
      worker.join();
    double seconds =
        std::chrono::duration<double>(Clock::now() - start).count();
    volatile float keep = 0;
    for (float value : sink)
      keep = keep + value;
    best = std::max(best, choice.flopsPerRound * rounds * threads / seconds);
  }
  return best;
}
