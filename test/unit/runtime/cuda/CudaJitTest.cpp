//===- CudaJitTest.cpp - from a variant to a GPU, through cache and C -----===//
#include "runtime/capi/llsa.h"
#include "runtime/jit/Jit.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/cuda/CudaTesting.h"

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

const KernelSpec kSpec = spec("B=1,H=2,N=5,D=8,dtype=f32");

JitOptions options(const std::string &cacheDir) {
  JitOptions result;
  result.threads = 1;
  result.target = "cuda";
  result.cache.dir = cacheDir;
  return result;
}

const std::string kTwoCubins = get(
    packCubins({{"fake_mean", "fake cubin"}, {"fake_spread", "fake cubin"}}));

struct CudaJitTest : CudaTest {
  Variant variant = Variant::fromSource("module {}", "mine");
};

TEST_F(CudaJitTest, TheDiskKeepsMachineCode) {
  TemporaryFolder folder;
  JitReport report;
  Jit::KernelPtr kernel =
      get(Jit(options(folder.path)).get(variant, kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Compiled);
  EXPECT_EQ(report.times.back().stage, Stage::Cubin);
  EXPECT_EQ(kernel->program().code, kTwoCubins);
  EXPECT_EQ(fake().links, 2) << "one for each kernel";

  int before = compilations();
  kernel = get(Jit(options(folder.path)).get(variant, kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Disk);
  EXPECT_EQ(kernel->program().codeFormat, "cubin");
  EXPECT_FALSE(kernel->program().kernels[0].dependentLaunch);
  EXPECT_TRUE(kernel->program().kernels[1].dependentLaunch);
  EXPECT_EQ(kernel->program().code, kTwoCubins);
  EXPECT_EQ(fake().links, 2);
  EXPECT_EQ(compilations(), before);
  EXPECT_EQ(kernel->cuda()->device()->ordinal(), 0);
}

TEST_F(CudaJitTest, AnotherAssemblerIsAnotherEntry) {
  TemporaryFolder folder;
  (void)get(Jit(options(folder.path)).get(variant, kSpec));
  Setting other("LLSA_PTXAS", "/no/such/ptxas");
  (void)get(Jit(options(folder.path)).get(variant, kSpec));
  EXPECT_EQ(fake().links, 4);
}

TEST_F(CudaJitTest, AnotherSourceOfDeviceFunctionsIsAnotherEntry) {
  TemporaryFolder folder;
  Variant calling = Variant::fromSource("twice", "mine");
  auto with = [&](const char *body) {
    return calling.withDeviceFunctions(
        {{"twice.ptx", std::string(".visible .func (.param .b32 r) "
                                   "twice(.param .b32 x) ") +
                           body}});
  };
  Jit jit(options(folder.path));
  int before = compilations();
  Jit::KernelPtr first = get(jit.get(with("{ ret; }"), kSpec));
  EXPECT_NE(get(jit.get(with("{ exit; }"), kSpec)), first);
  EXPECT_EQ(compilations(), before + 2);
  JitReport report;
  (void)get(
      Jit(options(folder.path)).get(with("{ ret; }"), kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Disk);
  EXPECT_EQ(message(jit.get(calling, kSpec)),
            "variant 'mine': it calls the device function twice: expected the "
            "CUDA C++ source, got none");
}

TEST_F(CudaJitTest, ARefusalIsAnErrorAndNothingIsKept) {
  TemporaryFolder folder;
  Jit jit(options(folder.path));
  fake().linkResult = 218;
  fake().linkErrors = "ptxas application ptx input, line 3; error : no\n";
  EXPECT_EQ(message(jit.get(variant, kSpec)),
            "kernel 'mine': the driver's compiler refuses the code for sm_90a: "
            "ptxas application ptx input, line 3; error : no: "
            "CUDA_ERROR_INVALID_PTX (218, a fake's text)");
  fake().linkResult = 0;
  JitReport report;
  (void)get(jit.get(variant, kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Compiled);
}

TEST_F(CudaJitTest, NoAssemblerAtAll) {
  fake().linkResult = 221;
  EXPECT_EQ(
      message(Jit(options("")).get(variant, kSpec)),
      "kernel 'mine': there is nothing to assemble PTX with: expected "
      "libnvJitLink.so.13 or .12 (LLSA_NVJITLINK), ptxas (LLSA_PTXAS) or a "
      "GPU's driver, of CUDA 12.9 or newer\n"
      "  nvJitLink: switched off by LLSA_NVJITLINK\n"
      "  ptxas: switched off by LLSA_PTXAS\n"
      "  the driver's compiler is not there: CUDA_ERROR_JIT_COMPILER_NOT_FOUND "
      "(221, a fake's text)");
}

TEST_F(CudaJitTest, DeviceNumbers) {
  Jit jit(options(""));
  EXPECT_EQ(get(jit.get(variant, kSpec, "cuda:1"))->cuda()->device()->ordinal(),
            1);
  EXPECT_EQ(message(jit.get(variant, kSpec, "cuda:5")),
            "there is no GPU number 5: expected 0 to 1");
}

//===----------------------------------------------------------------------===//
// The C interface
//===----------------------------------------------------------------------===//

/// "code: message" of an error, which is freed; "" for success.
std::string take(LlsaError *error) {
  if (!error)
    return "";
  std::string text =
      std::to_string(llsaErrorCode(error)) + ": " + llsaErrorMessage(error);
  llsaErrorFree(error);
  return text;
}

std::string create(const char *target, LlsaContext **context) {
  LlsaContextOptions options{};
  options.structSize = sizeof options;
  options.target = target;
  options.cacheDir = "off";
  options.numThreads = 1;
  return take(llsaContextCreate(&options, context));
}

struct CudaCapiTest : CudaTest {
  DeviceFloats q{{1, 2, 5, 8}, 1}, k{{1, 2, 5, 8}, 2}, v{{1, 2, 5, 8}, 3};
  DeviceFloats o{{1, 2, 5, 8}, 0}, lse{{1, 2, 5}, 0};
  DLTensor tensors[5] = {view(q), view(k), view(v), view(o), view(lse)};
  DLTensor *in[3] = {&tensors[0], &tensors[1], &tensors[2]};
  DLTensor *out[2] = {&tensors[3], &tensors[4]};
  LlsaContext *context = nullptr;
  LlsaVariant *variant = nullptr;
  LlsaKernel *kernel = nullptr;

  static DLTensor view(DeviceFloats &floats) {
    DLTensor tensor{};
    tensor.data = floats.memory.data();
    tensor.device = {kDLCUDA, 0};
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.ndim = int(floats.host.shape.size());
    tensor.shape = floats.host.shape.data();
    return tensor;
  }
  void SetUp() override {
    ASSERT_EQ(create("cuda", &context), "");
    ASSERT_EQ(take(llsaVariantCreate("module {}", 9, "mine", &variant)), "");
    ASSERT_EQ(take(llsaKernelGet(context, variant, "B=1,H=2,N=5,D=8,dtype=f32",
                                 &kernel)),
              "");
  }
  void TearDown() override {
    llsaVariantDestroy(variant);
    llsaContextDestroy(context);
  }
  std::string launch(void *stream = nullptr) {
    return take(llsaKernelLaunch(kernel, in, 3, out, 2, nullptr, 0, stream));
  }
};

TEST_F(CudaCapiTest, RunsOnAnyStream) {
  EXPECT_EQ(launch(reinterpret_cast<void *>(uintptr_t(1001))),
            "1: kernel 'mine': expected a stream of GPU 0, got one of GPU 1");
  void *stream = reinterpret_cast<void *>(uintptr_t(12));
  EXPECT_EQ(launch(stream), "");
  EXPECT_EQ(fake().numLaunches, 2);
  EXPECT_EQ(fake().launches[0].stream, stream);
  EXPECT_EQ(fake().attributes, 0) << "DLPack says where tensors are";
  EXPECT_STREQ(llsaKernelTarget(kernel), "sm_90a");
  EXPECT_EQ(llsaKernelDevice(kernel).device_type, kDLCUDA);
}

TEST_F(CudaCapiTest, TensorsElsewhere) {
  tensors[1].device = {kDLCPU, 0};
  EXPECT_EQ(launch(),
            "1: llsaKernelLaunch: input 'k': expected a tensor on GPU "
            "0, got one in the CPU's memory");
  tensors[1].device = {kDLCUDA, 1};
  EXPECT_EQ(launch(),
            "1: llsaKernelLaunch: input 'k': expected a tensor on GPU "
            "0, got one on GPU 1");
  tensors[1].device = {kDLCUDA, 0};
  tensors[4].device = {kDLROCM, 0};
  EXPECT_EQ(launch(), "1: llsaKernelLaunch: output 'lse': expected a tensor on "
                      "GPU 0, got DLPack device type 10");
  tensors[4].device = {kDLCUDAManaged, 0};
  EXPECT_EQ(launch(), "");
}

// Between a forward and its backward, and in the middle of the backward.
TEST_F(CudaCapiTest, OutOfMemoryInABackward) {
  const char *spec = "B=1,H=2,N=5,D=8,dtype=f32";
  LlsaKernel *forward = kernel;
  void *stream = reinterpret_cast<void *>(uintptr_t(12));
  ASSERT_EQ(launch(stream), "");
  ASSERT_EQ(take(llsaKernelGet(context, variant,
                               (spec + std::string(",pass=backward")).c_str(),
                               &kernel)),
            "");
  LlsaKernel *backward = kernel;
  ASSERT_NE(backward, forward);
  fake().allocationsLeft = 0;
  EXPECT_EQ(launch(stream),
            "4: kernel 'mine': cannot allocate 128 bytes on GPU 0: "
            "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  kernel = forward;
  EXPECT_EQ(launch(stream), "") << "it has its workspace";
  kernel = backward;
  fake().allocationsLeft = -1;
  fake().launchesLeft = 1;
  EXPECT_EQ(launch(stream), "4: kernel 'mine': cannot launch 'fake_spread': "
                            "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  fake().launchesLeft = -1;
  EXPECT_EQ(launch(stream), "");

  // The cache has both, and takes more.
  int before = compilations();
  LlsaKernel *again = nullptr;
  ASSERT_EQ(take(llsaKernelGet(context, variant, spec, &again)), "");
  EXPECT_EQ(again, forward);
  EXPECT_EQ(compilations(), before);
  ASSERT_EQ(take(llsaKernelGet(context, variant, "B=1,H=2,N=7,D=8,dtype=f32",
                               &again)),
            "");
}

TEST_F(CudaCapiTest, Codes) {
  fake().allocateResult = kCudaOutOfMemory;
  EXPECT_EQ(launch(), "4: kernel 'mine': cannot allocate 128 bytes on GPU 0: "
                      "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  LlsaContext *other = nullptr;
  EXPECT_EQ(create("cuda:7", &other),
            "5: there is no GPU number 7: expected 0 to 1");
  EXPECT_EQ(other, nullptr);
}

} // namespace
