//===- CapiTest.cpp ---------------------------------------------*- C++ -*-===//
#include "runtime/capi/llsa.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <thread>

using namespace llsa::test;

namespace {

/// "code: message" of an error, which is freed; "" for success.
std::string take(LlsaError *error) {
  if (!error)
    return "";
  std::string text =
      std::to_string(llsaErrorCode(error)) + ": " + llsaErrorMessage(error);
  llsaErrorFree(error);
  return text;
}

DLTensor view(Floats &floats) {
  DLTensor tensor{};
  tensor.data = floats.data.data();
  tensor.device.device_type = kDLCPU;
  tensor.dtype = {kDLFloat, 32, 1};
  tensor.ndim = int(floats.shape.size());
  tensor.shape = floats.shape.data();
  return tensor;
}

struct Capi : testing::Test {
  LlsaContext *context = nullptr;
  LlsaVariant *variant = nullptr;
  LlsaKernel *kernel = nullptr;
  Floats q{{1, 2, 5, 8}, 1}, k{{1, 2, 5, 8}, 2}, v{{1, 2, 5, 8}, 3};
  Floats o{{1, 2, 5, 8}}, lse{{1, 2, 5}};
  DLTensor tensors[5] = {view(q), view(k), view(v), view(o), view(lse)};
  DLTensor *in[3] = {&tensors[0], &tensors[1], &tensors[2]};
  DLTensor *out[2] = {&tensors[3], &tensors[4]};

  void SetUp() override {
    LlsaContextOptions options{};
    options.structSize = sizeof options;
    options.cacheDir = "off";
    options.numThreads = 2;
    ASSERT_EQ(take(llsaContextCreate(&options, &context)), "");
    ASSERT_EQ(
        take(llsaVariantCreate("module {} and more", 9, "mine", &variant)), "");
    ASSERT_EQ(take(llsaKernelGet(context, variant, "B=1,H=2,N=5,D=8,dtype=f32",
                                 &kernel)),
              "");
  }
  void TearDown() override {
    llsaVariantDestroy(variant);
    llsaContextDestroy(context);
  }
  std::string launch() {
    return take(llsaKernelLaunch(kernel, in, 3, out, 2, nullptr, 0, nullptr));
  }
};

TEST_F(Capi, Launches) {
  EXPECT_EQ(launch(), "");
  for (int h = 0; h < 2; ++h)
    for (int d = 0; d < 8; ++d) {
      double mean = 0;
      for (int n = 0; n < 5; ++n)
        mean += v.data[size_t((h * 5 + n) * 8 + d)] / 5;
      for (int n = 0; n < 5; ++n)
        EXPECT_NEAR(o.data[size_t((h * 5 + n) * 8 + d)], mean, 1e-6);
    }
}

TEST_F(Capi, ByteOffsetsAndStrides) {
  EXPECT_EQ(launch(), "");
  std::vector<float> expected = o.data;
  Floats padded({1, 2, 5, 9});
  for (size_t row = 0; row < 10; ++row)
    for (size_t d = 0; d < 8; ++d)
      padded.data[row * 9 + d + 1] = v.data[row * 8 + d];
  int64_t strides[] = {90, 45, 9, 1};
  tensors[2].data = padded.data.data();
  tensors[2].byte_offset = 4;
  tensors[2].strides = strides;
  o.data.assign(o.data.size(), 0.f);
  EXPECT_EQ(launch(), "");
  EXPECT_EQ(o.data, expected);
}

TEST_F(Capi, OwnWorkspace) {
  alignas(64) char memory[1024];
  EXPECT_EQ(llsaKernelWorkspaceBytes(kernel), 128u);
  EXPECT_EQ(take(llsaKernelLaunch(kernel, in, 3, out, 2, memory, 128, nullptr)),
            "");
  EXPECT_EQ(take(llsaKernelLaunch(kernel, in, 3, out, 2, memory, 127, nullptr)),
            "1: kernel 'mine': expected a workspace of at least 128 bytes, got "
            "127");
  EXPECT_EQ(
      take(llsaKernelLaunch(kernel, in, 3, out, 2, memory, SIZE_MAX, nullptr)),
      "1: llsaKernelLaunch: workspaceBytes is 18446744073709551615: "
      "expected at most 9223372036854775807");
}

TEST_F(Capi, KernelsTellWhatTheyAre) {
  EXPECT_EQ(llsaKernelNumInputs(kernel), 3u);
  EXPECT_EQ(llsaKernelNumOutputs(kernel), 2u);
  LlsaTensorInfo info;
  EXPECT_EQ(take(llsaKernelInput(kernel, 1, &info)), "");
  EXPECT_STREQ(info.name, "k");
  EXPECT_EQ(info.ndim, 4);
  EXPECT_EQ(info.shape[2], 5);
  EXPECT_EQ(info.dtype.code, kDLFloat);
  EXPECT_EQ(info.dtype.bits, 32);
  EXPECT_EQ(take(llsaKernelOutput(kernel, 1, &info)), "");
  EXPECT_STREQ(info.name, "lse");
  EXPECT_EQ(take(llsaKernelOutput(kernel, 2, &info)),
            "1: llsaKernelOutput: index 2: the kernel has 2");
  EXPECT_STREQ(llsaKernelExplain(kernel), "the mean of v, \"everywhere\"\n");
  EXPECT_STREQ(llsaKernelTarget(kernel), kFakeTarget);
  EXPECT_EQ(message(llsa::Program::fromJSON(llsaKernelProgramJSON(kernel))),
            "");
  EXPECT_STREQ(llsaVersion(), "0.1.0");
  EXPECT_STREQ(llsaBuildId(), "fake-build");
}

TEST_F(Capi, EqualCallsGiveOneKernel) {
  LlsaKernel *again = nullptr, *other = nullptr;
  EXPECT_EQ(take(llsaKernelGet(context, variant, "H=2,B=1,N=5,D=8,dtype=f32",
                               &again)),
            "");
  EXPECT_EQ(again, kernel);
  EXPECT_EQ(take(llsaKernelGet(context, variant, "H=2,B=1,N=6,D=8,dtype=f32",
                               &other)),
            "");
  EXPECT_NE(other, kernel);
  // Loaded anew, as a server may do for each request.
  LlsaVariant *loaded = nullptr;
  EXPECT_EQ(take(llsaVariantCreate("module {}", 9, "mine", &loaded)), "");
  EXPECT_EQ(
      take(llsaKernelGet(context, loaded, "B=1,H=2,N=5,D=8,dtype=f32", &again)),
      "");
  EXPECT_EQ(again, kernel);
  llsaVariantDestroy(loaded);
}

TEST_F(Capi, KernelsOutliveTheirVariant) {
  llsaVariantDestroy(variant);
  variant = nullptr;
  EXPECT_EQ(launch(), "");
}

TEST_F(Capi, ThreadsShareAContext) {
  EXPECT_EQ(launch(), "");
  std::vector<float> expected = o.data;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        LlsaKernel *mine = nullptr;
        EXPECT_EQ(take(llsaKernelGet(context, variant,
                                     "B=1,H=2,N=5,D=8,dtype=f32", &mine)),
                  "");
        Floats result({1, 2, 5, 8}), sums({1, 2, 5});
        DLTensor a = view(result), b = view(sums);
        DLTensor *results[] = {&a, &b};
        EXPECT_EQ(take(llsaKernelLaunch(mine, in, 3, results, 2, nullptr, 0,
                                        nullptr)),
                  "");
        EXPECT_EQ(result.data, expected);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(Capi, ThreadsShareAVariant) {
  constexpr int kThreads = 4, kSources = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kSources; ++i) {
        EXPECT_EQ(take(llsaVariantAddDeviceFunctions(variant, "", 0, "f.cu")),
                  "");
        LlsaKernel *mine = nullptr; // it calls none of them
        EXPECT_NE(take(llsaKernelGet(context, variant,
                                     "B=1,H=2,N=5,D=8,dtype=f32", &mine)),
                  "");
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  // All have come: the message lists them.
  LlsaKernel *none = nullptr;
  std::string text =
      take(llsaKernelGet(context, variant, "B=1,H=2,N=5,D=8,dtype=f32", &none));
  int count = 0;
  for (size_t at = 0; (at = text.find("'f.cu'", at)) != std::string::npos; ++at)
    ++count;
  EXPECT_EQ(count, kThreads * kSources);
}

TEST_F(Capi, TensorsThatAreRefused) {
  const DLTensor goodK = tensors[1];
  auto with = [&](auto change) {
    tensors[1] = goodK;
    change(tensors[1]);
    std::string text = launch();
    tensors[1] = goodK;
    return text;
  };
  EXPECT_EQ(with([](DLTensor &t) { t.device.device_type = kDLCUDA; }),
            "1: llsaKernelLaunch: input 'k': expected a tensor in the CPU's "
            "memory, got DLPack device type 2");
  EXPECT_EQ(with([](DLTensor &t) { t.dtype.bits = 64; }),
            "1: llsaKernelLaunch: input 'k': expected elements of float32, "
            "float16, bfloat16 or int32, got float64");
  EXPECT_EQ(with([](DLTensor &t) { t.dtype.lanes = 4; }),
            "1: llsaKernelLaunch: input 'k': expected elements of float32, "
            "float16, bfloat16 or int32, got float32x4");
  EXPECT_EQ(with([](DLTensor &t) {
              t.dtype = {77, 8, 1};
            }),
            "1: llsaKernelLaunch: input 'k': expected elements of float32, "
            "float16, bfloat16 or int32, got 8 bits of DLPack's type code 77");
  EXPECT_EQ(with([](DLTensor &t) {
              t.dtype = {kDLBfloat, 16, 1};
            }),
            "1: kernel 'mine': input 'k': expected elements of type f32, got "
            "bf16");
  EXPECT_EQ(with([](DLTensor &t) { t.data = nullptr; }),
            "1: kernel 'mine': input 'k': expected a pointer to data, got "
            "null");
  EXPECT_EQ(with([](DLTensor &t) { t.byte_offset = UINT64_MAX - 3; }),
            "1: llsaKernelLaunch: input 'k': byte_offset 18446744073709551612 "
            "reaches beyond the address space");
  EXPECT_EQ(with([](DLTensor &t) { t.ndim = -1; }),
            "1: llsaKernelLaunch: input 'k': expected a rank of at least 0 and "
            "a shape");
  EXPECT_EQ(with([](DLTensor &t) { t.shape = nullptr; }),
            "1: llsaKernelLaunch: input 'k': expected a rank of at least 0 and "
            "a shape");
  in[2] = nullptr;
  EXPECT_EQ(launch(), "1: llsaKernelLaunch: input 'v': the tensor is null");
  in[2] = &tensors[2];
  EXPECT_EQ(take(llsaKernelLaunch(kernel, in, 2, out, 2, nullptr, 0, nullptr)),
            "1: kernel 'mine': expected 3 input tensors (q, k, v), got 2");
  EXPECT_EQ(
      take(llsaKernelLaunch(kernel, in, 3, nullptr, 2, nullptr, 0, nullptr)),
      "1: llsaKernelLaunch: the array of outputs is null");
  EXPECT_EQ(take(llsaKernelLaunch(kernel, in, 3, out, 2, nullptr, 0, this)),
            "1: llsaKernelLaunch: stream must be null on the CPU");
}

TEST_F(Capi, LengthsThatNoTextHasAreRefused) {
  LlsaVariant *none = variant;
  for (size_t length : {SIZE_MAX, size_t(1) << 46, (size_t(64) << 20) + 1}) {
    std::string what =
        "length is " + std::to_string(length) + ": expected at most 67108864";
    EXPECT_EQ(take(llsaVariantCreate("text", length, "long", &none)),
              "1: llsaVariantCreate: " + what);
    EXPECT_EQ(none, nullptr);
    EXPECT_EQ(
        take(llsaVariantAddDeviceFunctions(variant, "text", length, "a.cu")),
        "1: llsaVariantAddDeviceFunctions: " + what);
  }
  TemporaryFolder folder;
  std::string path = folder.path + "/long.mlir";
  overwrite(path, "module {}");
  ASSERT_EQ(truncate(path.c_str(), (off_t(64) << 20) + 1), 0);
  EXPECT_EQ(take(llsaVariantLoad(path.c_str(), &none)),
            "3: read " + path + ": expected at most 67108864 bytes, got more");
}

TEST_F(Capi, ExceptionsOfTheCompilerAreErrors) {
  auto compile = [&](const char *text) {
    LlsaVariant *other = nullptr;
    EXPECT_EQ(take(llsaVariantCreate(text, strlen(text), "big", &other)), "");
    LlsaKernel *none = kernel;
    std::string message =
        take(llsaKernelGet(context, other, "B=1,H=2,N=5,D=8,dtype=f32", &none));
    EXPECT_EQ(none, nullptr);
    llsaVariantDestroy(other);
    return message;
  };
  // In a process of its own, since it compiles nothing any more.
  auto expectOnce = [&](const char *text, const std::string &expected) {
    std::vector<std::thread> threads;
    std::string messages[4];
    for (std::string &message : messages)
      threads.emplace_back([&] { message = compile(text); });
    for (std::thread &thread : threads)
      thread.join(); // none waits for ever
    EXPECT_TRUE(llvm::is_contained(messages, expected));
    EXPECT_FALSE(llvm::is_contained(messages, ""));
    EXPECT_EQ(compile("module { }"),
              "4: variant 'big': this process compiles nothing any more, "
              "because memory ran out in a compilation before; start it anew");
    EXPECT_EQ(launch(), "");
    fflush(stdout);
    _exit(HasFailure());
  };
  using testing::ExitedWithCode;
  EXPECT_EXIT(expectOnce("sleep, memory", "4: variant 'big': out of memory"),
              ExitedWithCode(0), "");
  EXPECT_EXIT(expectOnce("sleep, throw", "2: variant 'big': much too long"),
              ExitedWithCode(0), "");
}

#ifndef __SANITIZE_ADDRESS__ // which needs more addresses than the limit
TEST_F(Capi, NoMemoryOutsideOfCompilations) {
  std::string text(size_t(64) << 20, ' ');
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit old, low;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &old), 0);
  low = old;
  low.rlim_cur = rlim_t(pages * getpagesize() + (16 << 20));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &low), 0);
  LlsaVariant *copy = nullptr;
  std::string error =
      take(llsaVariantCreate(text.data(), text.size(), "large", &copy));
  ASSERT_EQ(setrlimit(RLIMIT_AS, &old), 0);
  EXPECT_EQ(error, "4: out of memory");
  EXPECT_EQ(copy, nullptr);
  EXPECT_EQ(launch(), "");
}
#endif

TEST_F(Capi, MistakesAreErrorsNotCrashes) {
  LlsaKernel *none = kernel;
  EXPECT_EQ(
      take(llsaKernelGet(context, variant, "B=1,H=2,N=5,dtype=f32", &none)),
      "1: spec misses D");
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(take(llsaKernelGet(nullptr, variant, "", &none)),
            "1: llsaKernelGet: context, variant or spec is null");
  EXPECT_EQ(take(llsaKernelGet(context, variant, "", nullptr)),
            "1: llsaKernelGet: kernel is null");
  LlsaVariant *bad = nullptr;
  EXPECT_EQ(take(llsaVariantCreate("refuse", 6, "bad", &bad)), "");
  EXPECT_EQ(
      take(llsaKernelGet(context, bad, "B=1,H=2,N=5,D=8,dtype=f32", &none)),
      "2: bad:1:1: refused");
  llsaVariantDestroy(bad);
  EXPECT_EQ(take(llsaVariantAddDeviceFunctions(nullptr, "", 0, "a.cu")),
            "1: llsaVariantAddDeviceFunctions: variant, text or name is null");
  EXPECT_EQ(take(llsaVariantAddDeviceFunctions(variant, "text", 4, "a.cu")),
            "");
  EXPECT_EQ(
      take(llsaKernelGet(context, variant, "B=1,H=2,N=5,D=8,dtype=f32", &none)),
      "2: variant 'mine': it calls no device function, but is given 'a.cu'");
  EXPECT_EQ(take(llsaVariantLoad("/no/such/file.mlir", &bad)),
            "3: open /no/such/file.mlir: No such file or directory");
  EXPECT_EQ(bad, nullptr);
  EXPECT_EQ(take(llsaVariantLoad(nullptr, &bad)),
            "1: llsaVariantLoad: path is null");
  LlsaContextOptions options{};
  LlsaContext *other = nullptr;
  EXPECT_EQ(take(llsaContextCreate(&options, &other)),
            "1: llsaContextCreate: options->structSize is 0: expected 32");
  options.structSize = sizeof options;
  options.numThreads = 4097;
  EXPECT_EQ(take(llsaContextCreate(&options, &other)),
            "1: llsaContextCreate: numThreads is 4097: expected at most 4096");
  options.numThreads = 0;
  for (const char *target : {"gpu", "sm_90a"}) {
    options.target = target;
    EXPECT_EQ(take(llsaContextCreate(&options, &other)),
              "1: device '" + std::string(target) +
                  "': expected cpu, cpu:MARCH, cuda, cuda:NUMBER, emulator or "
                  "emulator:TARGET, such as emulator:sm_90a");
    EXPECT_EQ(other, nullptr);
  }
  EXPECT_EQ(take(llsaKernelLaunch(nullptr, in, 3, out, 2, nullptr, 0, nullptr)),
            "1: llsaKernelLaunch: kernel is null");
  llsaContextDestroy(nullptr);
  llsaVariantDestroy(nullptr);
  llsaErrorFree(nullptr);
}

} // namespace
