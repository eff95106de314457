//===- Peak.h - this machine's multiply-add ceiling -------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_BENCH_PEAK_H
#define LLSA_TOOLS_LLSA_BENCH_PEAK_H

namespace llsa::bench {

/// Measured float32 flops per second (a multiply-add counts two) of `threads`
/// threads that do nothing but independent multiply-adds on the widest vectors
/// that this CPU has: the ceiling that a kernel's rate is compared with.
double measurePeakFlops(unsigned threads);

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_PEAK_H
