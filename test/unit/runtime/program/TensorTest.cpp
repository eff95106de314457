//===- TensorTest.cpp -------------------------------------------*- C++ -*-===//
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"

using namespace llsa;
using namespace llsa::test;

namespace {

/// Good arguments for a small program; each test spoils one.
struct TensorCheck : testing::Test {
  Program program = fakeProgram(spec("B=1,H=2,N=3,D=8,dtype=f32"));
  Floats q{{1, 2, 3, 8}}, k{{1, 2, 3, 8}}, v{{1, 2, 3, 8}};
  Floats o{{1, 2, 3, 8}}, lse{{1, 2, 3}};
  std::vector<Tensor> in{q.tensor(), k.tensor(), v.tensor()};
  std::vector<Tensor> out{o.tensor(), lse.tensor()};
  std::vector<int64_t> shape, strides;

  std::string check() { return message(checkTensors(program, in, out)); }
};

TEST_F(TensorCheck, GoodOnesPass) { EXPECT_EQ(check(), ""); }

TEST_F(TensorCheck, Count) {
  in.pop_back();
  EXPECT_EQ(check(), "expected 3 input tensors (q, k, v), got 2");
  in.push_back(v.tensor());
  out.push_back(o.tensor());
  EXPECT_EQ(check(), "expected 2 output tensors (o, lse), got 3");
}

TEST_F(TensorCheck, Type) {
  in[1].type = ElementType::BF16;
  EXPECT_EQ(check(), "input 'k': expected elements of type f32, got bf16");
}

TEST_F(TensorCheck, RankAndShape) {
  out[1] = o.tensor();
  EXPECT_EQ(check(), "output 'lse': expected rank 3 [1, 2, 3], got rank 4 "
                     "[1, 2, 3, 8]");
  out[1] = lse.tensor();
  shape = {1, 3, 2, 8};
  in[0].shape = shape;
  EXPECT_EQ(check(),
            "input 'q': expected shape [1, 2, 3, 8], got [1, 3, 2, 8]");
}

TEST_F(TensorCheck, Pointers) {
  in[2].data = nullptr;
  EXPECT_EQ(check(), "input 'v': expected a pointer to data, got null");
  in[2].data = reinterpret_cast<char *>(v.data.data()) + 2;
  EXPECT_NE(check().find("input 'v': expected data aligned to 4 bytes, got "
                         "address 0x"),
            std::string::npos);
}

TEST_F(TensorCheck, Strides) {
  strides = {48, 24, 8};
  in[0].strides = strides;
  EXPECT_EQ(check(), "input 'q': expected 4 strides, got 3");
  strides = {48, 1, 2, 6};
  in[0].strides = strides;
  EXPECT_EQ(check(), "input 'q': expected the last dimension to be contiguous "
                     "(stride 1), got stride 6");
  strides = {48, -24, 8, 1};
  in[0].strides = strides;
  EXPECT_EQ(check(), "input 'q': expected strides of at least 0, got -24 in "
                     "dimension 1");
  strides = {48, int64_t(1) << 62, int64_t(1) << 62, 1};
  in[0].strides = strides;
  EXPECT_EQ(check(),
            "input 'q': stride 4611686018427387904 in dimension 2 reaches "
            "beyond 63 bits");
  strides = {48, 24, int64_t(1) << 60, 1};
  in[0].strides = strides;
  EXPECT_EQ(check(), "input 'q': its strides reach beyond the address space");
}

TEST_F(TensorCheck, StridesThatAreFine) {
  strides = {-7, 8, 16, 1}; // [B, N, H, D]; the batch is one, never walked
  in[0].strides = out[0].strides = strides;
  EXPECT_EQ(check(), "");
  std::vector<int64_t> expanded{0, 0, 8, 1};
  in[1].strides = expanded; // an input may repeat memory
  EXPECT_EQ(check(), "");
}

TEST_F(TensorCheck, OutputsDoNotOverlap) {
  strides = {48, 0, 8, 1};
  out[0].strides = strides;
  EXPECT_EQ(check(), "output 'o': expected strides without overlap, got [48, "
                     "0, 8, 1] for shape [1, 2, 3, 8]");
  strides = {48, 24, 4, 1};
  EXPECT_NE(check().find("expected strides without overlap"),
            std::string::npos);
  out[0] = o.tensor();
  out[1].data = o.data.data() + 40;
  EXPECT_EQ(check(), "output 'lse': expected memory of its own, but it "
                     "overlaps 'o'");
  out[1] = lse.tensor();
  out[0].data = v.data.data();
  EXPECT_EQ(check(), "output 'o': expected memory of its own, but it overlaps "
                     "'v'");
}

TEST_F(TensorCheck, WorkspaceIsApart) {
  auto checkWith = [&](const void *workspace) {
    return toString(checkTensors(program, in, out, workspace));
  };
  program.workspaceBytes = 8; // not more, or it may reach the next tensor
  EXPECT_EQ(checkWith(q.data.data() + 40),
            "workspace: expected memory of its own, but it overlaps 'q'");
  EXPECT_EQ(checkWith(lse.data.data()),
            "workspace: expected memory of its own, but it overlaps 'lse'");
  EXPECT_EQ(checkWith(std::vector<char>(8).data()), "");
  program.workspaceBytes = 0; // nothing of it is used
  EXPECT_EQ(checkWith(q.data.data() + 8), "");
}

TEST(AlignedForGpu, WhereKernelsAccess16Bytes) {
  using Role = Buffer::Role;
  auto *data = reinterpret_cast<char *>(uintptr_t(4096));
  auto check = [&](ElementType type, std::vector<int64_t> shape,
                   std::vector<int64_t> strides, int offset = 0) {
    return isAlignedForGpu({"x", Role::Input, type, shape, 0}, data + offset,
                           strides.data());
  };
  EXPECT_TRUE(check(ElementType::F32, {4, 8}, {8, 1}));
  EXPECT_TRUE(check(ElementType::F32, {4, 8}, {12, 1}, 16));
  EXPECT_FALSE(check(ElementType::F32, {4, 8}, {8, 1}, 4));
  EXPECT_FALSE(check(ElementType::F32, {4, 8}, {9, 1}));
  EXPECT_FALSE(check(ElementType::BF16, {4, 8}, {12, 1}));
  EXPECT_TRUE(check(ElementType::F32, {1, 8}, {9, 1})) << "never walked";
  EXPECT_TRUE(check(ElementType::F32, {4, 6}, {7, 1}, 4)) << "not wide";
  EXPECT_TRUE(check(ElementType::F32, {8}, {1}, 4)) << "not wide";
}

} // namespace
