//===- LaneOrdersTest.cpp - orders that the lanes of a program allow ------===//
//
// What two lanes may do is one of the orders that Step::after leaves. The
// emulator runs steps one by one, so a program is run here in several such
// orders, with lane 1 as early and as late as it can be among them; all give
// the same bits, and those of a program with one lane. The emulator reports
// what is read before it is written. (That buffers which share bytes are never
// in use at the same time is what Program::verify checks of every program.)
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/EmulatorExecutor.h"
#include "runtime/host/ThreadPool.h"
#include "runtime/program/StepOrder.h"
#include "test/numerics/ReadVariant.h"
#include "test/numerics/RunCase.h"
#include "tools/io/Random.h"
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

namespace {

/// Which of the steps that may come next does.
using Choose = std::function<size_t(const std::vector<size_t> &)>;

/// The steps in an order that the lanes allow.
std::vector<size_t> orderOf(const Program &program, const Choose &choose) {
  StepOrder order(program.steps);
  size_t count = program.steps.size();
  std::vector<bool> done(count);
  std::vector<size_t> steps;
  while (steps.size() < count) {
    std::vector<size_t> next;
    for (size_t s = 0; s < count; ++s) {
      bool ready = !done[s];
      for (size_t a = 0; ready && a < count; ++a)
        ready = done[a] || !order.precedes(a, s);
      if (ready)
        next.push_back(s);
    }
    steps.push_back(choose(next));
    done[steps.back()] = true;
  }
  return steps;
}

/// Takes steps of `lane` as long as it can.
Choose first(const Program &program, int64_t lane) {
  return [&program, lane](const std::vector<size_t> &next) {
    for (size_t s : next)
      if (program.steps[s].lane == lane)
        return s;
    return next.front();
  };
}

/// `program` with its steps in this order, in one lane.
Program inOrder(const Program &program, const std::vector<size_t> &order) {
  Program out = program;
  out.steps.clear();
  for (size_t s : order) {
    out.steps.push_back(program.steps[s]);
    out.steps.back().lane = 0;
    out.steps.back().after.clear();
  }
  return out;
}

struct LaneOrders : testing::TestWithParam<const char *> {
  rt::ThreadPool threads{2};

  Program compile(const std::string &variant, const KernelSpec &spec,
                  SideLane sideLane) {
    CompileOptions options;
    options.target = GetParam();
    options.sideLane = sideLane;
    auto result = Compiler().compile(readVariant(variant.c_str()), variant,
                                     spec, options);
    if (!result) {
      ADD_FAILURE() << llvm::toString(result.takeError());
      return {};
    }
    return std::move(result->program);
  }

  static KernelSpec specOf(const char *text, Pass pass) {
    KernelSpec spec = llvm::cantFail(KernelSpec::parse(text));
    spec.pass = pass;
    spec.indices = true;
    return spec;
  }

  /// Runs `program` on `tensors`; its results are new ones. Returns the error.
  std::string run(const Program &program, const NamedTensors &tensors,
                  NamedTensors &results) {
    auto executor = rt::EmulatorExecutor::create(
        std::make_shared<const Program>(program), threads);
    if (!executor)
      return llvm::toString(executor.takeError());
    auto made = makeOutputs(program);
    if (!made)
      return llvm::toString(made.takeError());
    results = std::move(*made);
    std::vector<llsa::Tensor> inputs, outputs;
    for (int64_t b : program.buffersOf(Buffer::Role::Input))
      inputs.push_back(tensors.at(program.buffers[size_t(b)].name).view());
    for (int64_t b : program.buffersOf(Buffer::Role::Output))
      outputs.push_back(results.at(program.buffers[size_t(b)].name).view());
    return llvm::toString((*executor)->run(inputs, outputs));
  }

  /// Adds what `program` reads and nobody has made: normal numbers.
  void addInputs(const Program &program, NamedTensors &tensors) {
    for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
      const Buffer &buffer = program.buffers[size_t(b)];
      if (tensors.count(buffer.name))
        continue;
      auto tensor = HostTensor::create(buffer.type, buffer.shape);
      ASSERT_TRUE(bool(tensor)) << llvm::toString(tensor.takeError());
      Random random(/*seed=*/7, tensors.size());
      tensor->fill([&](int64_t e) { return random.normal(uint64_t(e)); });
      tensors.emplace(buffer.name, std::move(*tensor));
    }
  }

  static void expectSameBits(const NamedTensors &a, const NamedTensors &b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto &[name, tensor] : a) {
      const HostTensor &other = b.at(name);
      ASSERT_EQ(tensor.numBytes(), other.numBytes());
      EXPECT_EQ(
          std::memcmp(tensor.data(), other.data(), size_t(tensor.numBytes())),
          0)
          << name;
    }
  }

  /// Runs one pass in several orders; its results go to `tensors`. Returns how
  /// many orders there were.
  size_t check(const std::string &variant, const KernelSpec &spec,
               NamedTensors &tensors) {
    Program oneLane = compile(variant, spec, SideLane::Never),
            program = compile(variant, spec, SideLane::Always);
    addInputs(program, tensors);
    NamedTensors expected, results;
    EXPECT_EQ(run(oneLane, tensors, expected), "");
    std::mt19937 random(5);
    Choose any = [&](const std::vector<size_t> &next) {
      return next[random() % next.size()];
    };
    std::set<std::vector<size_t>> orders;
    for (const Choose &choose : {first(program, 1), first(program, 0), any})
      orders.insert(orderOf(program, choose));
    for (const std::vector<size_t> &order : orders) {
      EXPECT_EQ(run(inOrder(program, order), tensors, results), "");
      expectSameBits(results, expected);
    }
    tensors.merge(expected);
    return orders.size();
  }
};

TEST_P(LaneOrders, GiveTheSameBits) {
  struct {
    const char *variant, *spec;
  } cases[] = {
      {"llsa.mlir", "B=1,H=2,N=160,D=16,dtype=bf16,levels=2,block=8,topk=4"},
      {"llsa.mlir",
       "B=1,H=2,Hkv=1,N=200,D=16,dtype=f32,levels=3,block=6,topk=3"},
      {"alibi.mlir", "B=1,H=2,N=144,D=16,dtype=f16"}};
  for (auto [variant, text] : cases) {
    NamedTensors tensors;
    for (Pass pass : {Pass::Keep, Pass::Backward}) {
      SCOPED_TRACE(testing::Message() << variant << ", " << text << ", pass "
                                      << toString(pass).str());
      // The steps of a forward form a chain; it makes the backward's inputs.
      EXPECT_EQ(check(variant, specOf(text, pass), tensors) > 1,
                pass == Pass::Backward);
    }
  }
}

// An order that the lanes do not allow is found.
TEST_P(LaneOrders, AnotherOrderIsFound) {
  const char *text = "B=1,H=2,N=160,D=16,dtype=bf16,levels=2,block=8,topk=4";
  NamedTensors tensors, results;
  check("llsa.mlir", specOf(text, Pass::Keep), tensors);
  Program program =
      compile("llsa.mlir", specOf(text, Pass::Backward), SideLane::Always);
  addInputs(program, tensors);
  std::vector<size_t> order = orderOf(program, first(program, 0));
  EXPECT_EQ(run(inOrder(program, order), tensors, results), "");
  // A step of lane 1 behind those that read what it writes.
  size_t aside = 0;
  while (program.steps[aside].lane == 0)
    ASSERT_LT(++aside, program.steps.size());
  order.erase(llvm::find(order, aside));
  order.push_back(aside);
  std::string error = run(inOrder(program, order), tensors, results);
  EXPECT_NE(error.find("was never written"), std::string::npos) << error;
}

INSTANTIATE_TEST_SUITE_P(Targets, LaneOrders,
                         testing::Values("sm_80", "sm_90a"));

} // namespace
