#include "compiler/driver/Compiler.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <gtest/gtest.h>
#include <thread>

using namespace llsa;

namespace {

const char *kVariant = R"mlir(
!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x)
    -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = ?, levels = ?, topk = ?> : !x, !x, !x
  return %o, %lse : !x, !r
}
)mlir";

KernelSpec specOf(llvm::StringRef text) {
  auto spec = KernelSpec::parse(text);
  EXPECT_TRUE(bool(spec)) << toString(spec.takeError());
  return *spec;
}

const char *kSpec = "B=1,H=2,Hkv=1,N=200,D=16,dtype=f32,levels=2,block=4";

llvm::Expected<CompileResult> compile(llvm::StringRef source,
                                      llvm::StringRef spec = kSpec,
                                      CompileOptions options = {}) {
  return Compiler().compile(source, "test.mlir", specOf(spec), options);
}

std::string messageOf(llvm::StringRef source, llvm::StringRef spec = kSpec,
                      CompileOptions options = {}) {
  auto result = compile(source, spec, options);
  return result ? "" : toString(result.takeError());
}

} // namespace

TEST(Compiler, MakesAProgram) {
  auto result = compile(kVariant);
  ASSERT_TRUE(bool(result)) << toString(result.takeError());
  const Program &program = result->program;
  EXPECT_EQ(program.variant, "test");
  EXPECT_EQ(program.spec.str(), specOf(kSpec).str());
  auto target = resolveTarget("cpu");
  ASSERT_TRUE(bool(target));
  EXPECT_EQ(program.target, *target);
  EXPECT_EQ(program.codeFormat, "elf");
  EXPECT_EQ(program.code.substr(1, 3), "ELF");
  EXPECT_TRUE(result->text.empty());
  size_t stages = 0;
  for (Stage stage : allStages())
    stages += isOnTheWay(stage, /*gpu=*/false);
  EXPECT_EQ(result->times.size(), stages);

  auto inputs = program.buffersOf(Buffer::Role::Input);
  auto outputs = program.buffersOf(Buffer::Role::Output);
  ASSERT_EQ(inputs.size(), 3u);
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(program.buffers[inputs[0]].name, "q");
  EXPECT_EQ(program.buffers[inputs[0]].shape,
            (std::vector<int64_t>{1, 2, 200, 16}));
  EXPECT_EQ(program.buffers[inputs[2]].shape,
            (std::vector<int64_t>{1, 1, 200, 16}));
  EXPECT_EQ(program.buffers[outputs[0]].name, "o");
  EXPECT_EQ(program.buffers[outputs[1]].name, "lse");
  EXPECT_GE(program.steps.size(), 3u); // pool, select, attend
  for (const Kernel &kernel : program.kernels) {
    EXPECT_GT(kernel.items, 0) << kernel.name;
    EXPECT_GT(kernel.flops, 0) << kernel.name;
    EXPECT_GT(kernel.bytes, 0) << kernel.name;
    EXPECT_GT(kernel.stackBytes, 0) << kernel.name;
  }
  EXPECT_GT(program.workspaceBytes, 0);
  EXPECT_NE(program.explain.find("attend"), std::string::npos);
  EXPECT_FALSE(bool(program.verify()));
  auto again = Program::fromJSON(program.toJSON());
  EXPECT_TRUE(bool(again)) << toString(again.takeError());
}

TEST(Compiler, SameInputSameCode) {
  auto a = compile(kVariant), b = compile(kVariant);
  ASSERT_TRUE(a && b);
  EXPECT_TRUE(a->program.code == b->program.code);
  EXPECT_EQ(a->program.toJSON(), b->program.toJSON());
}

TEST(Compiler, ManyThreadsCompileAtOnce) {
  auto alone = compile(kVariant);
  ASSERT_TRUE(bool(alone)) << toString(alone.takeError());
  std::vector<std::string> codes(4);
  std::vector<std::thread> threads;
  for (std::string &code : codes)
    threads.emplace_back([&code] {
      if (auto result = compile(kVariant))
        code = result->program.code;
      else
        code = toString(result.takeError());
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &code : codes)
    EXPECT_TRUE(code == alone->program.code);
}

TEST(Compiler, ThreadsDoNotChangeAGpusCode) {
  std::string codes[2], texts[2];
  for (unsigned threads : {1, 3}) {
    CompileOptions options;
    options.target = "sm_90a";
    options.threads = threads;
    auto result = compile(kVariant, kSpec, options);
    ASSERT_TRUE(bool(result)) << toString(result.takeError());
    codes[threads / 3] = result->program.code;
    auto text = Compiler().compileTo(Stage::LLVMIR, kVariant, "test.mlir",
                                     specOf(kSpec), options);
    ASSERT_TRUE(bool(text)) << toString(text.takeError());
    texts[threads / 3] = text->text;
  }
  EXPECT_TRUE(codes[0] == codes[1]);
  EXPECT_TRUE(texts[0] == texts[1]);
}

// Every kernel says what is wrong with it, in their order.
TEST(Compiler, ThreadsDoNotChangeAGpusErrors) {
  CompileOptions options;
  options.target = "sm_90a";
  auto staged = Compiler().compileTo(Stage::Staged, kVariant, "test.mlir",
                                     specOf(kSpec), options);
  ASSERT_TRUE(bool(staged)) << toString(staged.takeError());
  size_t kernels = 0;
  std::string text;
  for (llvm::StringRef line : llvm::split(staged->text, '\n')) {
    text += (line + "\n").str();
    if (!line.ltrim().starts_with("tile.kernel @"))
      continue;
    text += "%bad = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>\n";
    ++kernels;
  }
  ASSERT_GT(kernels, 2u);

  options.startFrom = Stage::Staged;
  std::string messages[2];
  for (unsigned threads : {1, 3}) {
    options.threads = threads;
    messages[threads / 3] = messageOf(text, kSpec, options);
  }
  EXPECT_EQ(messages[0], messages[1]);
  size_t errors = 0;
  for (llvm::StringRef line : llvm::split(messages[0], '\n')) {
    EXPECT_TRUE(line.ends_with(": error: 'arith.constant' op must repeat one "
                               "element to become a tile on a GPU"))
        << line.str();
    ++errors;
  }
  EXPECT_EQ(errors, kernels);
}

TEST(Compiler, SpecDecidesLSEAndIndices) {
  auto result = compile(
      kVariant, "B=1,H=1,N=64,D=8,dtype=bf16,levels=1,block=4,lse=0,indices=1");
  ASSERT_TRUE(bool(result)) << toString(result.takeError());
  std::vector<std::string> names;
  for (int64_t i : result->program.buffersOf(Buffer::Role::Output))
    names.push_back(result->program.buffers[i].name);
  EXPECT_EQ(names, (std::vector<std::string>{"o", "i1"}));
}

TEST(Compiler, ErrorsHaveTheirPlace) {
  std::string message = messageOf("func.func @f(%q: tensor<?xf32>) {\n  x\n}");
  EXPECT_EQ(message.rfind("test.mlir:2:3: error: ", 0), 0u) << message;
  EXPECT_EQ(messageOf("").rfind("test.mlir", 0), 0u);
  // The parser's stack would not hold it.
  EXPECT_EQ(messageOf("module attributes {\n  func.x = " +
                      std::string(1000000, '[')),
            "test.mlir:2:267: error: expected brackets and operators within "
            "each other at most 256 deep, got more");
}

TEST(Compiler, UnknownTargetListsTargets) {
  CompileOptions options;
  options.target = "sm_10";
  std::string message = messageOf(kVariant, kSpec, options);
  EXPECT_EQ(message.rfind("test.mlir: error: unknown target 'sm_10'; targets "
                          "are:\n  cpu ",
                          0),
            0u)
      << message;
}

TEST(Compiler, StopsAfterAStageAndGoesOnFromIt) {
  Compiler compiler;
  auto whole = compile(kVariant);
  ASSERT_TRUE(bool(whole)) << toString(whole.takeError());
  for (Stage stage : {Stage::Bind, Stage::LLSA, Stage::Tile, Stage::Vector,
                      Stage::LLVM, Stage::LLVMIR}) {
    auto part = compiler.compileTo(stage, kVariant, "test.mlir", specOf(kSpec),
                                   CompileOptions());
    ASSERT_TRUE(bool(part)) << toString(part.takeError());
    CompileOptions options;
    options.startFrom = stage;
    auto rest =
        compiler.compile(part->text, "other.mlir", KernelSpec(), options);
    ASSERT_TRUE(bool(rest))
        << stageName(stage).str() << ": " << toString(rest.takeError());
    EXPECT_EQ(rest->program.explain, whole->program.explain);
    EXPECT_EQ(rest->program.code.substr(1, 3), "ELF");
    EXPECT_EQ(rest->program.toJSON(), whole->program.toJSON())
        << stageName(stage).str();
    EXPECT_TRUE(rest->program.code == whole->program.code)
        << stageName(stage).str();
  }
}

TEST(Compiler, DumpFolderThatCannotBeMadeIsAnError) {
  CompileOptions options;
  options.dumpDir = "/dev/null/dump";
  std::string message = messageOf(kVariant, kSpec, options);
  EXPECT_EQ(message, "test.mlir: error: cannot make the dump folder "
                     "'/dev/null/dump': Not a directory");
}

TEST(Compiler, BuildIdIsAHash) {
  EXPECT_EQ(buildId().size(), 32u);
  EXPECT_EQ(buildId().find_first_not_of("0123456789abcdef"),
            llvm::StringRef::npos);
}
