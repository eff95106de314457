//===- JitTest.cpp ----------------------------------------------*- C++ -*-===//
#include "runtime/jit/Jit.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"
#include <chrono>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

JitOptions options(const std::string &cacheDir = "") {
  JitOptions result;
  result.threads = 2;
  result.cache.dir = cacheDir;
  return result;
}

const KernelSpec kSpec = spec("B=1,H=2,N=50,D=8,dtype=f32");

TEST(Jit, CompilesOnceAndRuns) {
  Jit jit(options());
  Variant variant = Variant::fromSource("module {}", "mine");
  JitReport report;
  int before = compilations();
  Jit::KernelPtr kernel = get(jit.get(variant, kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Compiled);
  EXPECT_EQ(report.times.size(), 2u);
  EXPECT_GT(report.milliseconds, 0);
  EXPECT_EQ(kernel->program().variant, "mine");
  EXPECT_EQ(kernel->workspaceBytes(), kernel->program().workspaceBytes);
  EXPECT_EQ(get(jit.get(variant, kSpec, "cpu", &report)), kernel);
  EXPECT_EQ(report.origin, Origin::Memory);
  EXPECT_EQ(compilations(), before + 1);

  Floats q({1, 2, 50, 8}, 1), k({1, 2, 50, 8}, 2), v({1, 2, 50, 8});
  v.data.assign(v.data.size(), 3.f);
  Floats o({1, 2, 50, 8}), lse({1, 2, 50});
  Tensor in[] = {q.tensor(), k.tensor(), v.tensor()};
  Tensor out[] = {o.tensor(), lse.tensor()};
  EXPECT_EQ(message(kernel->run(in, out)), "");
  for (float value : o.data)
    EXPECT_NEAR(value, 3.f, 1e-5);
}

TEST(Jit, EveryFieldOfTheSpecCounts) {
  Jit jit(options());
  Variant variant = Variant::fromSource("module {}", "mine");
  const std::string base = "B=1,H=2,N=50,D=8,dtype=f32";
  std::vector<Jit::KernelPtr> kernels{get(jit.get(variant, spec(base)))};
  for (const char *more :
       {",Hkv=1", ",M=7", ",levels=1", ",block=8", ",topk=2", ",topk=2:2",
        ",scale=0.5", ",scale=0", ",lse=0", ",indices=1", ",pass=keep",
        ",pass=backward", ",pass=backward,dlse=1", ",tf32=1"}) {
    Jit::KernelPtr kernel = get(jit.get(variant, spec(base + more)));
    for (const Jit::KernelPtr &other : kernels)
      EXPECT_NE(kernel, other) << more;
    EXPECT_EQ(get(jit.get(variant, spec(base + more))), kernel);
    kernels.push_back(kernel);
  }
}

TEST(Jit, VariantsAreToldApartAndTextsMeet) {
  Jit jit(options());
  int before = compilations();
  Variant a = Variant::fromSource("module {}", "a");
  Variant b = Variant::fromSource("module { }", "a");
  Variant again = Variant::fromSource("module {}", "a");
  Variant renamed = Variant::fromSource("module {}", "c");
  Jit::KernelPtr kernel = get(jit.get(a, kSpec));
  EXPECT_NE(get(jit.get(b, kSpec)), kernel);
  EXPECT_EQ(get(jit.get(again, kSpec)), kernel);
  EXPECT_EQ(compilations(), before + 2);
  EXPECT_EQ(get(jit.get(renamed, kSpec))->program().variant, "c")
      << "messages have the name";
}

TEST(Jit, AMemoryHitTakesFarLessThanAMicrosecond) {
#if defined(__SANITIZE_ADDRESS__) || !defined(NDEBUG)
  GTEST_SKIP() << "only meaningful in an optimised build";
#endif
  Jit jit(options());
  Variant variant = Variant::fromSource(std::string(1 << 20, ' '), "big");
  KernelSpec s = spec("B=1,H=2,N=50,D=8,dtype=f32,levels=3,topk=8:8:4");
  (void)get(jit.get(variant, s));
  double best = 1e9; // of several, since the machine may be busy
  for (int repeat = 0; repeat < 20; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10000; ++i)
      (void)get(jit.get(variant, s));
    std::chrono::duration<double, std::nano> time =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / 10000);
  }
  RecordProperty("nanoseconds", int(best));
  EXPECT_LT(best, 500);
}

TEST(Jit, ThreadsCompileOnceAndShareTheKernel) {
  Jit jit(options());
  Variant variant = Variant::fromSource("sleep", "slow");
  int before = compilations();
  std::vector<Jit::KernelPtr> kernels(6);
  std::vector<std::thread> threads;
  for (Jit::KernelPtr &kernel : kernels)
    threads.emplace_back([&] { kernel = get(jit.get(variant, kSpec)); });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compilations(), before + 1);
  for (const Jit::KernelPtr &kernel : kernels)
    EXPECT_EQ(kernel, kernels[0]);
}

TEST(Jit, TheDiskIsSharedBetweenJits) {
  TemporaryFolder folder;
  Variant variant = Variant::fromSource("module {}", "mine");
  (void)get(Jit(options(folder.path)).get(variant, kSpec));
  int before = compilations();
  JitReport report;
  (void)get(Jit(options(folder.path)).get(variant, kSpec, "", &report));
  EXPECT_EQ(compilations(), before);
  EXPECT_EQ(report.origin, Origin::Disk);
  EXPECT_TRUE(report.times.empty());
}

TEST(Jit, DumpingSkipsTheDisk) {
  TemporaryFolder folder;
  Variant variant = Variant::fromSource("module {}", "mine");
  (void)get(Jit(options(folder.path)).get(variant, kSpec));
  JitOptions dumping = options(folder.path);
  dumping.dumpDir = folder.path + "/dump";
  JitReport report;
  (void)get(Jit(dumping).get(variant, kSpec, "", &report));
  EXPECT_EQ(report.origin, Origin::Compiled);
}

TEST(Jit, KernelsOutliveTheJit) {
  Jit::KernelPtr kernel;
  {
    Jit jit(options());
    kernel = get(jit.get(Variant::fromSource("module {}", "mine"), kSpec));
  }
  Floats x({1, 2, 50, 8}, 1), o({1, 2, 50, 8}), lse({1, 2, 50});
  Tensor in[] = {x.tensor(), x.tensor(), x.tensor()};
  Tensor out[] = {o.tensor(), lse.tensor()};
  EXPECT_EQ(message(kernel->run(in, out)), "");
}

TEST(Jit, TheEmulatorIsToldOfTheWorkspace) {
  Jit jit(options());
  Jit::KernelPtr kernel =
      get(jit.get(Variant::fromSource("module {}", "mine"), kSpec, "emulator"));
  Floats x({1, 2, 50, 8}, 1), o({1, 2, 50, 8}), lse({1, 2, 50});
  Tensor in[] = {x.tensor(), x.tensor(), x.tensor()};
  Tensor out[] = {o.tensor(), lse.tensor()};
  alignas(64) char memory[64];
  EXPECT_EQ(message(kernel->run(in, out, memory, 64)),
            "variant 'mine': expected a workspace of at least 128 bytes, got "
            "64");
}

TEST(Jit, ErrorsSayWhatIsWrong) {
  Jit jit(options());
  Variant good = Variant::fromSource("module {}", "good");
  EXPECT_EQ(message(jit.get(Variant::fromSource("refuse", "bad"), kSpec)),
            "bad:1:1: refused");
  for (const char *text : {"gpu", "sm_90a", "cpus"})
    EXPECT_EQ(message(jit.get(good, kSpec, text)),
              "device '" + std::string(text) +
                  "': expected cpu, cpu:MARCH, cuda, cuda:NUMBER, emulator or "
                  "emulator:TARGET, such as emulator:sm_90a");
  EXPECT_EQ(message(jit.get(good, kSpec, "cpu:pdp11")),
            "target 'cpu:pdp11' is unknown; expected cpu or sm_90a");
  EXPECT_EQ(message(jit.get(good, kSpec, "emulator:sm_75")),
            "device 'emulator:sm_75': expected emulator, or emulator: and one "
            "of sm_80, sm_89, sm_90a, sm_100a, sm_120a");
  KernelSpec wrong = kSpec;
  wrong.D = 12;
  EXPECT_EQ(message(jit.get(good, wrong)),
            "D = 12: expected a multiple of 8 between 8 and 256");
  EXPECT_EQ(message(jit.get(Variant::fromSource("ptx", "gpu"), kSpec)),
            "cannot load the code of kernel 'gpu': expected a relocatable ELF "
            "object, got 12 bytes of 'elf'");
}

TEST(Variant, IsWhatItHolds) {
  auto identity = [](const char *text, const char *name,
                     std::vector<CudaSource> functions = {}) {
    return Variant::fromSource(text, name)
        .withDeviceFunctions(std::move(functions))
        .identity();
  };
  std::string plain = identity("module {}", "a");
  EXPECT_EQ(identity("module {}", "a"), plain);
  EXPECT_EQ(Variant::fromSource("module {}", "a").identity(), plain);
  EXPECT_NE(identity("module {}", "b"), plain);
  EXPECT_NE(identity("module { }", "a"), plain);
  std::string calling = identity("module {}", "a", {{"f.cu", "x"}});
  EXPECT_EQ(identity("module {}", "a", {{"f.cu", "x"}}), calling);
  for (const std::string &other :
       {plain, identity("module {}", "a", {{"g.cu", "x"}}),
        identity("module {}", "a", {{"f.cu", "y"}}),
        identity("module {}", "a", {{"f.cu", "x"}, {"g.cu", ""}})})
    EXPECT_NE(other, calling);
}

TEST(Variant, FromFile) {
  TemporaryFolder folder;
  std::string path = folder.path + "/some.mlir";
  overwrite(path, "module {}");
  Variant variant = get(Variant::fromFile(path));
  EXPECT_EQ(variant.name(), "some");
  EXPECT_EQ(variant.text(), "module {}");
  EXPECT_EQ(variant.hash(), Variant::fromSource("module {}", "other").hash());
  EXPECT_EQ(message(Variant::fromFile(path + "x")),
            "open " + path + "x: No such file or directory");
}

} // namespace
