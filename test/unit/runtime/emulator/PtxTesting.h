//===- PtxTesting.h - kernels written by hand, for tests --------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_EMULATOR_PTXTESTING_H
#define LLSA_TEST_UNIT_RUNTIME_EMULATOR_PTXTESTING_H

#include "runtime/emulator/Launch.h"
#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace llsa::test {

/// What surrounds the body of a test's kernel: registers, %rd1 = out, %rd2 =
/// in, %r0 = %tid.x, %rd3 = out + 4 * %tid.x, %rd4 = in + 4 * %tid.x.
inline std::string kernelText(const std::string &body,
                              const std::string &declarations = "") {
  return ".version 8.8 .target sm_90a .address_size 64 " + declarations +
         " .visible .entry test(.param .u64 out, .param .u64 in) { "
         ".reg .pred %p<16>; .reg .b16 %h<32>; .reg .b32 %r<256>; "
         ".reg .b32 %f<256>; .reg .b64 %rd<64>; .reg .f64 %d<16>; "
         "ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [in]; "
         "mov.u32 %r0, %tid.x; mad.wide.u32 %rd3, %r0, 4, %rd1; "
         "mad.wide.u32 %rd4, %r0, 4, %rd2;\n" +
         body + "\nret; }";
}
/// The line of a body's first line in an error.
constexpr int kFirstLine = 2;

/// How a test's kernel is launched.
struct LaunchSetting {
  unsigned warps = 1;
  unsigned ctas = 1;
  unsigned sharedBytes = 0;
  std::string declarations = {}; ///< of the module
  uint64_t mostInstructions = 1 << 20;
};

/// A CTA with dynamic shared memory, which the module calls `shared`.
inline LaunchSetting withShared(unsigned bytes, unsigned warps = 1) {
  LaunchSetting setting;
  setting.warps = warps;
  setting.sharedBytes = bytes;
  setting.declarations = ".extern .shared .align 1024 .b8 shared[];";
  return setting;
}

/// Runs a body over `in`, for it to fill `out`, whose elements need not be
/// written. Returns the error, "" if there is none.
template <typename In, typename Out>
std::string runBody(const std::string &body, const std::vector<In> &in,
                    std::vector<Out> &out, const LaunchSetting &setting = {}) {
  ptx::GlobalMemory memory;
  std::vector<In> input = in;
  llvm::Expected<uint64_t> outAt =
      memory.add("out", out.data(), out.size() * sizeof(Out));
  llvm::Expected<uint64_t> inAt =
      memory.add("in", input.data(), input.size() * sizeof(In),
                 ptx::GlobalMemory::Access::ReadOnly);
  if (!outAt || !inAt)
    return "no memory";
  ptx::Arguments arguments;
  arguments.add(*outAt).add(*inAt);
  ptx::LaunchOptions options;
  options.mostInstructions = setting.mostInstructions;
  return llvm::toString(
      ptx::runPtxKernel(kernelText(body, setting.declarations), "test",
                        {setting.ctas, 1, 1}, {setting.warps * 32, 1, 1},
                        setting.sharedBytes, arguments, memory, options));
}

/// The same for bodies that neither read nor write global memory.
inline std::string runBody(const std::string &body,
                           const LaunchSetting &setting = {}) {
  std::vector<uint32_t> in(64, 0), out(64, 0);
  return runBody(body, in, out, setting);
}

/// `count` words, one per thread, that a body stores to [%rd3].
inline std::vector<uint32_t> words(const std::string &body,
                                   const LaunchSetting &setting = {}) {
  std::vector<uint32_t> in(32 * setting.warps, 0), out(in.size(), 0xcdcdcdcd);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = uint32_t(i);
  EXPECT_EQ(runBody(body, in, out, setting), "");
  return out;
}

/// What an instruction of up to three operands gives, for each row of operands:
/// `text` reads %a, %b and %c and writes %d, all of type B bits.
template <typename T>
std::vector<T> evaluate(const std::string &text,
                        const std::vector<std::array<T, 3>> &rows) {
  constexpr unsigned bits = 8 * sizeof(T);
  size_t lanes = (rows.size() + 31) / 32 * 32;
  std::vector<T> in(3 * lanes, T()), out(lanes, T());
  for (size_t r = 0; r < rows.size(); ++r)
    for (size_t k = 0; k < 3; ++k)
      in[k * lanes + r] = rows[r][k];
  std::string body =
      fmt::format(".reg .b{0} %a, %b, %c, %d, %e; .reg .pred %q; "
                  "mad.wide.u32 %rd5, %r0, {1}, %rd1; "
                  "mad.wide.u32 %rd6, %r0, {1}, %rd2; "
                  "ld.global.b{0} %a, [%rd6]; ld.global.b{0} %b, [%rd6+{2}]; "
                  "ld.global.b{0} %c, [%rd6+{3}];\n",
                  bits, sizeof(T), sizeof(T) * lanes, 2 * sizeof(T) * lanes) +
      text + fmt::format("\nst.global.b{} [%rd5], %d;", bits);
  LaunchSetting setting;
  setting.warps = unsigned(lanes / 32);
  EXPECT_EQ(runBody(body, in, out, setting), "") << text;
  out.resize(rows.size());
  return out;
}

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_EMULATOR_PTXTESTING_H
