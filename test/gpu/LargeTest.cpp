//===- LargeTest.cpp - tensors of more than 2^31 elements -----------------===//
//
// All heads at once give what the last head gives alone, on a view of the same
// memory (dk and dv but for rounding): then no address has wrapped on the way
// there. 24 heads of 1,048,576 tokens of 128 are 3 * 2^30 elements a tensor.
//
//===----------------------------------------------------------------------===//
#include "test/gpu/GpuTesting.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include <cmath>
#include <map>
#include <random>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

constexpr int64_t kHeads = 24;

using Memory = std::map<std::string, CudaMemory>;

struct GpuLargeTest : GpuTest {
  Jit jit{jitOptions()};
  Variant variant = shippedVariant("llsa.mlir");

  Jit::KernelPtr kernel(int64_t heads, const char *pass) {
    std::string spec = "B=1,H=" + std::to_string(heads) +
                       ",N=1048576,D=128,dtype=bf16,levels=3,pass=" + pass;
    return get(jit.get(variant, get(KernelSpec::parse(spec))));
  }

  /// Bytes that the kernels' tensors and workspaces take, each tensor once.
  static int64_t bytesOf(std::initializer_list<Jit::KernelPtr> kernels) {
    std::map<std::string, int64_t> bytes;
    int64_t all = 0;
    for (const Jit::KernelPtr &kernel : kernels) {
      all += kernel->workspaceBytes();
      for (const Buffer &buffer : kernel->program().buffers)
        if (buffer.role != Buffer::Role::Workspace)
          bytes[buffer.name] = std::max(bytes[buffer.name], buffer.numBytes());
    }
    for (const auto &[name, count] : bytes)
      all += count;
    return all;
  }

  /// Why there is no place for `bytes`, and a margin; "" if there is.
  std::string tooLittleMemory(int64_t bytes) const {
    CudaDevice::Scope scope(*device);
    size_t available = 0, total = 0;
    EXPECT_EQ(device->driver().MemGetInfo(&available, &total), 0);
    int64_t wanted = bytes + (int64_t(4) << 30);
    if (int64_t(available) >= wanted)
      return "";
    return "the card has " + std::to_string(available >> 30) +
           " GiB of free memory, this takes " + std::to_string(wanted >> 30);
  }

  void allocate(const Jit::KernelPtr &kernel, Memory &memory) const {
    for (const Buffer &buffer : kernel->program().buffers)
      if (buffer.role != Buffer::Role::Workspace &&
          memory.find(buffer.name) == memory.end())
        memory[buffer.name] =
            get(CudaMemory::allocate(device, buffer.numBytes()));
  }

  /// Normal values, a few million, again and again: their number is prime, so
  /// that no two heads are alike. On the device but for the first ones.
  void fill(const CudaMemory &memory, unsigned seed) const {
    constexpr int64_t kPeriod = 4000037 * 2; // bytes
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<uint16_t> values(kPeriod / 2);
    for (uint16_t &value : values) {
      float x = normal(random);
      uint32_t bits;
      std::memcpy(&bits, &x, sizeof bits);
      value = uint16_t(bits >> 16);
    }
    CudaDevice::Scope scope(*device);
    const CudaDriver &cu = device->driver();
    auto start = CUdeviceptr(reinterpret_cast<uintptr_t>(memory.data()));
    ASSERT_EQ(cu.MemcpyHtoD(start, values.data(), kPeriod), 0);
    for (int64_t done = kPeriod; done < memory.size(); done *= 2)
      ASSERT_EQ(cu.MemcpyDtoDAsync(start + CUdeviceptr(done), start,
                                   size_t(std::min(done, memory.size() - done)),
                                   nullptr),
                0);
    ASSERT_EQ(cu.StreamSynchronize(nullptr), 0);
  }

  /// Runs on what `own` has, else on the last head of what `all` has.
  void run(const Jit::KernelPtr &kernel, const Memory &all,
           const Memory *own = nullptr) const {
    std::vector<Tensor> tensors[2];
    for (const Buffer &buffer : kernel->program().buffers) {
      if (buffer.role == Buffer::Role::Workspace)
        continue;
      char *data = nullptr;
      if (own && own->count(buffer.name)) {
        data = static_cast<char *>(own->at(buffer.name).data());
      } else {
        const CudaMemory &memory = all.at(buffer.name);
        data = static_cast<char *>(memory.data()) +
               (memory.size() - buffer.numBytes());
      }
      tensors[buffer.role == Buffer::Role::Output].push_back(
          {data, buffer.type, buffer.shape, {}});
    }
    ASSERT_EQ(message(kernel->run(tensors[0], tensors[1])), "");
    CudaDevice::Scope scope(*device);
    ASSERT_EQ(device->driver().StreamSynchronize(nullptr), 0);
  }

  /// The last `bytes` of it.
  std::string tail(const CudaMemory &memory, int64_t bytes) const {
    std::string text(size_t(bytes), '\0');
    CudaDevice::Scope scope(*device);
    EXPECT_EQ(device->driver().MemcpyDtoH(
                  text.data(),
                  CUdeviceptr(reinterpret_cast<uintptr_t>(memory.data())) +
                      CUdeviceptr(memory.size() - bytes),
                  size_t(bytes)),
              0);
    return text;
  }

  void compare(const char *name, const Memory &all, const Memory &own) const {
    const CudaMemory &alone = own.at(name);
    EXPECT_TRUE(tail(all.at(name), alone.size()) == tail(alone, alone.size()))
        << name << " of the last head";
  }

  /// Sums over queries are cut into as many pieces as the card has room for,
  /// which depends on the heads: they are equal but for how they round.
  void compareSums(const char *name, const Memory &all,
                   const Memory &own) const {
    std::vector<float> x = floats(tail(all.at(name), own.at(name).size())),
                       y = floats(tail(own.at(name), own.at(name).size()));
    float greatest = 0, difference = 0;
    for (auto [a, b] : llvm::zip_equal(x, y)) {
      ASSERT_TRUE(std::isfinite(a) && std::isfinite(b)) << name;
      greatest = std::max(greatest, std::abs(a));
      difference = std::max(difference, std::abs(a - b));
    }
    EXPECT_GT(greatest, 0) << name;
    EXPECT_LE(difference, greatest * 0x1p-7f) << name << " of the last head";
  }

  /// Numbers of type bf16.
  static std::vector<float> floats(llvm::StringRef bytes) {
    std::vector<float> values;
    for (size_t i = 0; i + 1 < bytes.size(); i += 2)
      values.push_back(llvm::bit_cast<float>(
          uint32_t(llvm::support::endian::read16le(bytes.data() + i)) << 16));
    return values;
  }
};

TEST_F(GpuLargeTest, TheLastHeadIsWhatItIsAlone) {
  Jit::KernelPtr every = kernel(kHeads, "forward"), one = kernel(1, "forward");
  if (std::string why = tooLittleMemory(bytesOf({every, one})); !why.empty())
    GTEST_SKIP() << why;
  Memory all, own;
  allocate(every, all);
  for (const char *name : {"q", "k", "v"})
    fill(all.at(name), unsigned(name[0]));
  for (const char *name : {"o", "lse"})
    own[name] = get(CudaMemory::allocate(device, all.at(name).size() / kHeads));
  run(every, all);
  run(one, all, &own);
  compare("o", all, own);
  compare("lse", all, own);
}

TEST_F(GpuLargeTest, SoAreItsGradients) {
  Jit::KernelPtr keep = kernel(kHeads, "keep"),
                 backward = kernel(kHeads, "backward"),
                 keepOne = kernel(1, "keep"),
                 backwardOne = kernel(1, "backward");
  if (std::string why =
          tooLittleMemory(bytesOf({keep, backward, keepOne, backwardOne}));
      !why.empty())
    GTEST_SKIP() << why;
  Memory all, own;
  allocate(keep, all);
  allocate(backward, all);
  for (const char *name : {"q", "k", "v", "do"})
    fill(all.at(name), unsigned(name[0]));
  for (const Jit::KernelPtr &each : {keepOne, backwardOne})
    for (const Buffer &buffer : each->program().buffers)
      if (buffer.role == Buffer::Role::Output)
        own[buffer.name] = get(CudaMemory::allocate(device, buffer.numBytes()));
  run(keep, all);
  run(backward, all);
  run(keepOne, all, &own);
  run(backwardOne, all, &own);
  for (const char *name : {"o", "lse", "dq"})
    compare(name, all, own);
  for (const char *name : {"dk", "dv"})
    compareSums(name, all, own);
}

} // namespace
