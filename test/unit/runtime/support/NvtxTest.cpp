//===- NvtxTest.cpp -------------------------------------------------------===//
#include "runtime/support/Nvtx.h"

#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>

using llsa::rt::NvtxRange;

namespace {

// The only test that makes ranges: a profiler is looked for once in a process.
TEST(Nvtx, AProfilerSeesNestedRanges) {
  setenv("NVTX_INJECTION64_PATH", LLSA_FAKE_PROFILER, 1);
  void *library = dlopen(LLSA_FAKE_PROFILER, RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  auto ranges =
      reinterpret_cast<const char *(*)()>(dlsym(library, "fakeProfilerRanges"));
  {
    NvtxRange outer("llsa");
    { NvtxRange inner("pool"); }
    NvtxRange inner("attend");
    EXPECT_STREQ(ranges(), "<llsa<pool><attend");
  }
  EXPECT_STREQ(ranges(), "<llsa<pool><attend>>");
}

} // namespace
