//===- OraclesTest.cpp - generated kernels against plain CUDA kernels -----===//
//
// The generated kernel chooses the indices; oracle and CPU compute with the
// same ones, so that values can be compared without a tie in between.
//
//===----------------------------------------------------------------------===//
#include "kernels/oracles/Oracles.h"
#include "test/gpu/GpuTesting.h"
#include <cmath>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;
using llsa::tools::HostTensor;

namespace {

/// Greatest |a - b| relative to the greatest |b| and at least 1; infinity when
/// they differ in what is finite.
double difference(const reference::Array &a, const reference::Array &b) {
  EXPECT_EQ(a.data.size(), b.data.size());
  double most = 0, scale = 1;
  for (size_t i = 0; i < a.data.size(); ++i) {
    if (std::isfinite(a.data[i]) != std::isfinite(b.data[i]))
      return INFINITY;
    if (!std::isfinite(a.data[i]))
      continue;
    most = std::max(most, std::fabs(a.data[i] - b.data[i]));
    scale = std::max(scale, std::fabs(b.data[i]));
  }
  return most / scale;
}

/// Both are rounded to the type once; pooled tokens are, too.
double tolerance(ElementType type) {
  return type == ElementType::F32   ? 2e-5
         : type == ElementType::F16 ? 4e-3
                                    : 3e-2;
}

/// Contents of device memory as an array.
HostTensor fetch(const CudaMemory &memory, ElementType type,
                 std::vector<int64_t> shape) {
  HostTensor host = get(HostTensor::create(type, std::move(shape)));
  EXPECT_EQ(message(memory.copyTo(host.view().data)), "");
  return host;
}

CudaMemory put(const std::shared_ptr<const CudaDevice> &device,
               const HostTensor &host) {
  CudaMemory memory = get(CudaMemory::allocate(device, host.numBytes()));
  EXPECT_EQ(message(memory.copyFrom(host.data())), "");
  return memory;
}

struct OraclesTest : GpuTest {
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped())
      return;
    if (llvm::Error error =
            oracles::compileOracles(ElementType::F32, device->target())
                .takeError())
      GTEST_SKIP() << llvm::toString(std::move(error));
  }

  /// Runs llsa.mlir on the GPU and all of it once more by the oracles.
  void check(const std::string &specText);
};

void OraclesTest::check(const std::string &specText) {
  SCOPED_TRACE(specText);
  GpuRun run(shippedVariant("llsa.mlir"), specText + ",indices=1");
  run.finish();
  const KernelSpec &s = run.spec;
  ElementType type = run.outputs.at("o").type();
  oracles::Oracles oracle = get(oracles::Oracles::create(device, type));
  int64_t levels = *s.levels, block = *s.block;

  // Tokens of every level; [0] is what the caller gave.
  std::map<std::string, std::vector<CudaMemory>> tokens;
  std::map<std::string, std::vector<int64_t>> counts;
  for (const char *name : {"q", "k", "v"}) {
    const HostTensor &host = run.inputs.tensors.at(name);
    int64_t heads = host.shape()[0] * host.shape()[1], count = host.shape()[2];
    tokens[name].push_back(put(device, host));
    counts[name].push_back(count);
    for (int64_t l = 1; l <= levels; ++l) {
      int64_t pooled = (count + block - 1) / block;
      CudaMemory memory = get(
          CudaMemory::allocate(device, heads * pooled * s.D * byteSize(type)));
      ASSERT_EQ(message(oracle.pool(tokens[name].back().data(), memory.data(),
                                    heads, count, s.D, block)),
                "");
      tokens[name].push_back(std::move(memory));
      counts[name].push_back(count = pooled);
    }
  }
  oracles::Sizes sizes{s.B, s.H, s.Hkv, s.M, s.D};
  auto indexName = [](int64_t l) { return "i" + std::to_string(l); };
  std::vector<CudaMemory> indices(size_t(levels + 1));
  for (int64_t l = 1; l <= levels; ++l)
    indices[size_t(l)] = put(device, run.outputs.at(indexName(l)));

  // Selections, each within the run's own coarser one. Scores that differ by
  // their rounding alone may swap places, which is rare.
  for (int64_t l = levels; l >= 1; --l) {
    const HostTensor &actual = run.outputs.at(indexName(l));
    int64_t topk = actual.shape()[3];
    oracles::Within within;
    if (l < levels)
      within = {indices[size_t(l + 1)].data(), block,
                run.outputs.at(indexName(l + 1)).shape()[3]};
    CudaMemory chosen = get(CudaMemory::allocate(device, actual.numBytes()));
    oracles::Sizes at = sizes;
    at.queries = counts["q"][size_t(l)];
    ASSERT_EQ(message(oracle.select(at, tokens["q"][size_t(l)].data(),
                                    tokens["k"][size_t(l)].data(),
                                    counts["k"][size_t(l)], topk, within,
                                    chosen.data())),
              "");
    HostTensor expected = fetch(chosen, ElementType::I32, actual.shape());
    reference::IndexArray a = actual.toIndices(), e = expected.toIndices();
    size_t differ = 0;
    for (size_t i = 0; i < a.data.size(); ++i)
      differ += a.data[i] != e.data[i];
    EXPECT_LE(differ, a.data.size() / 100 + 2)
        << indexName(l) << ": of " << a.data.size();
  }

  std::vector<oracles::Source> sources;
  int64_t span = 1;
  for (int64_t l = 0; l <= levels; ++l, span *= block) {
    oracles::Source source;
    source.keys = tokens["k"][size_t(l)].data();
    source.values = tokens["v"][size_t(l)].data();
    source.numKeys = counts["k"][size_t(l)];
    source.span = l == 0 ? 0 : span;
    if (l < levels) {
      source.indices = indices[size_t(l + 1)].data();
      source.block = block;
      source.every = span * block;
      source.entries = run.outputs.at(indexName(l + 1)).shape()[3];
    }
    sources.push_back(source);
  }
  const HostTensor &o = run.outputs.at("o"), &lse = run.outputs.at("lse");
  CudaMemory oMemory = get(CudaMemory::allocate(device, o.numBytes()));
  CudaMemory lseMemory = get(CudaMemory::allocate(device, lse.numBytes()));
  ASSERT_EQ(message(oracle.attend(sizes, tokens["q"][0].data(), sources, s.N,
                                  float(s.scale.value_or(1 / std::sqrt(s.D))),
                                  oMemory.data(), lseMemory.data())),
            "");
  EXPECT_LE(difference(o.toArray(), fetch(oMemory, type, o.shape()).toArray()),
            tolerance(type));
  EXPECT_LE(
      difference(lse.toArray(),
                 fetch(lseMemory, ElementType::F32, lse.shape()).toArray()),
      type == ElementType::F32 ? 2e-5 : 1e-2);
}

TEST_F(OraclesTest, AgreeWithGeneratedKernels) {
  for (const char *spec :
       {"B=2,H=2,N=4096,D=64,dtype=bf16,levels=2,block=16,topk=8",
        "B=1,H=4,Hkv=2,N=1000,D=64,dtype=f16,levels=1,block=16,topk=8",
        "B=1,H=2,N=3001,D=128,dtype=bf16,levels=2,block=12,topk=5",
        "B=1,H=1,N=5000,D=32,dtype=f32,levels=3,block=8,topk=4",
        "B=1,H=2,M=777,N=2050,D=24,dtype=bf16,levels=1,block=32,topk=3",
        "B=1,H=2,N=512,D=256,dtype=f16,levels=0,block=16,topk=8",
        "B=1,H=1,N=8192,D=16,dtype=bf16,levels=1,block=128,topk=2"})
    check(spec);
}

TEST_F(OraclesTest, TheCpuAgreesOnTheSameIndices) {
  // The indices are an argument, so both targets use the same ones.
  Variant variant = Variant::fromSource(R"(
!x = tensor<?x?x?x?x!llsa.float>
!i = tensor<?x?x?x8xi32>
!r = tensor<?x?x?xf32>
func.func @given(%q: !x, %k: !x, %v: !x,
                 %i: !i {llsa.name = "i", llsa.shape = ["B", "H", "M/16", 8]})
    -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %k1 = llsa.pool %k block 16 : !x
  %v1 = llsa.pool %v block 16 : !x
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i) block 16 every 16,
                                 dense(%k1, %v1) span 16 : !x, !x, !x, !i, !x, !x
  return %o, %lse : !x, !r
}
)",
                                        "given");
  for (const char *spec :
       {"B=1,H=2,N=1000,D=64,dtype=bf16", "B=2,H=2,N=600,D=40,dtype=f32",
        "B=1,H=4,Hkv=1,N=2048,D=128,dtype=f16"}) {
    SCOPED_TRACE(spec);
    GpuRun run(variant, spec);
    run.finish();
    Jit::KernelPtr onCpu = get(run.jit.get(variant, run.spec, "cpu"));
    tools::NamedTensors outputs = get(tools::makeOutputs(onCpu->program()));
    ASSERT_EQ(message(tools::runOnce(*onCpu, run.inputs.tensors, outputs)), "");
    ElementType type = outputs.at("o").type();
    EXPECT_LE(
        difference(run.outputs.at("o").toArray(), outputs.at("o").toArray()),
        tolerance(type));
    EXPECT_LE(difference(run.outputs.at("lse").toArray(),
                         outputs.at("lse").toArray()),
              type == ElementType::F32 ? 2e-5 : 1e-2);
  }
}

} // namespace
