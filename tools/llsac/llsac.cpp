//===- llsac.cpp - compile a variant, to any stage --------------*- C++ -*-===//
#include "compiler/driver/Compiler.h"
#include "compiler/driver/WriteText.h"
#include "compiler/target/host/HostTarget.h"
#include "runtime/cuda/AssembleProgram.h"
#include "runtime/cuda/DeviceFunctions.h"
#include "runtime/support/Env.h"
#include "runtime/support/OutOfMemory.h"
#include "tools/io/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>

using namespace llvm;
using namespace llsa;

namespace {

struct Options {
  std::string file, specText, target = "cpu", stopAfter, startFrom,
                              output = "-";
  std::string dumpDir, reproducer;
  std::vector<std::string> deviceFunctions;
  unsigned threads = rt::env::numThreads();
  bool grad = false, explain = false, timing = false, listStages = false,
       listTargets = false;
};

std::string stageList() {
  std::string text;
  for (Stage stage : allStages())
    text += fmt::format("  {:<8} {}\n", stageName(stage).str(),
                        stageDescription(stage).str());
  return text;
}

Error fail(const std::string &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Expected<Stage> readStage(StringRef option, StringRef name) {
  if (std::optional<Stage> stage = parseStage(name))
    return *stage;
  return fail(fmt::format("--{}={}: unknown stage; stages are:\n{}",
                          option.str(), name.str(),
                          StringRef(stageList()).rtrim().str()));
}

void printTimes(const CompileResult &result) {
  double total = 0;
  for (const StageTime &time : result.times) {
    errs() << fmt::format("{:<8} {:9.2f} ms\n", stageName(time.stage).str(),
                          time.milliseconds);
    total += time.milliseconds;
  }
  errs() << fmt::format("{:<8} {:9.2f} ms\n", "total", total);
}

/// Puts the device functions of these files into the program's code.
Error link(const std::vector<std::string> &files, Program &program) {
  std::vector<rt::CudaSource> sources;
  for (const std::string &file : files) {
    Expected<rt::CudaSource> source = rt::readCudaSource(file);
    if (!source)
      return source.takeError();
    sources.push_back(std::move(*source));
  }
  return rt::linkDeviceFunctions(program, sources);
}

/// Goes on behind the compiler's last stage, to `last` (cubin or sass).
Error assemble(const std::string &file, Stage last, unsigned threads,
               CompileResult &result) {
  if (result.program.codeFormat != "ptx")
    return fail(fmt::format("{}: error: the stage '{}' is not on the way to {}",
                            file, stageName(last).str(),
                            result.program.target));
  auto start = std::chrono::steady_clock::now();
  auto assembler = rt::Assembler::find(result.program.target);
  if (!assembler)
    return assembler.takeError();
  if (Error error = rt::assembleProgram(result.program, **assembler, threads))
    return error;
  std::chrono::duration<double, std::milli> time =
      std::chrono::steady_clock::now() - start;
  result.times.push_back({Stage::Cubin, time.count()});
  result.text = result.program.code;
  if (last == Stage::Cubin)
    return Error::success();
  Expected<std::string> text = rt::disassemble(result.program.code);
  if (!text)
    return text.takeError();
  result.text = std::move(*text);
  return Error::success();
}

/// Adds what only an assembler knows to the explanation; without one, why not.
Error explainMachineCode(CompileResult &result, unsigned threads) {
  auto assembler = rt::Assembler::find(result.program.target);
  if (assembler)
    return rt::assembleProgram(result.program, **assembler, threads);
  result.program.explain +=
      "assembled  no, so registers and spills are not known: " +
      toString(assembler.takeError()) + "\n";
  return Error::success();
}

Error run(const Options &o) {
  if (o.listStages || o.listTargets)
    return writeText(o.output,
                     (o.listStages ? stageList() : "") +
                         (o.listTargets ? describeTargets() + "\n" : ""));
  if (o.file.empty())
    return fail("expected a FILE to compile, or - for stdin; see llsac --help");

  CompileOptions options;
  options.target = o.target;
  options.dumpDir = o.dumpDir;
  options.reproducerPath = o.reproducer;
  options.threads = o.threads;
  if (!o.startFrom.empty()) {
    Expected<Stage> stage = readStage("start-from", o.startFrom);
    if (!stage)
      return stage.takeError();
    options.startFrom = *stage;
  }
  if (o.explain && !o.stopAfter.empty())
    return fail("--explain and --stop-after cannot be given together");
  // A CPU's kernels are explained before they are compiled.
  bool explainCode = o.explain && StringRef(o.target).starts_with("sm_");
  Stage last = o.explain && !explainCode ? Stage::Tile : Stage::Program;
  if (!o.stopAfter.empty()) {
    Expected<Stage> stage = readStage("stop-after", o.stopAfter);
    if (!stage)
      return stage.takeError();
    last = *stage;
  }
  if (options.startFrom && o.grad && o.specText.empty())
    return fail("--grad beside --start-from needs --spec: without one the "
                "text's spec says which pass is compiled");
  KernelSpec spec;
  if (!options.startFrom || !o.specText.empty()) {
    Expected<KernelSpec> parsed = KernelSpec::parse(o.specText);
    if (!parsed)
      return fail("--spec: " + toString(parsed.takeError()));
    spec = std::move(*parsed);
    if (o.grad)
      spec.pass = Pass::Backward;
  }

  auto source = MemoryBuffer::getFileOrSTDIN(o.file, /*IsText=*/true);
  if (!source)
    return fail(fmt::format("cannot read '{}': {}", o.file,
                            source.getError().message()));
  auto result =
      Compiler().compileTo(std::min(last, Stage::Program),
                           (*source)->getBuffer(), o.file, spec, options);
  if (!result)
    return result.takeError();
  // A compilation that was stopped before has no code.
  bool hasCode = last >= Stage::Program && result->program.codeFormat == "ptx";
  if (hasCode && (last > Stage::Program || !o.deviceFunctions.empty()))
    if (Error error = link(o.deviceFunctions, result->program))
      return error;
  if (last > Stage::Program)
    if (Error error = assemble(o.file, last, o.threads, *result))
      return error;
  if (explainCode)
    if (Error error = explainMachineCode(*result, o.threads))
      return error;
  if (o.timing)
    printTimes(*result);
  return writeText(o.output,
                   o.explain ? result->program.explain : result->text);
}

} // namespace

int main(int argc, char **argv) {
  rt::exitWhenOutOfMemory("llsac");
  Options o;
  CLI::App app(
      "llsac: compiles an attention variant (.mlir) for one spec and target",
      "llsac");
  app.add_option("FILE", o.file, "the variant; - for stdin");
  app.add_option("--spec", o.specText,
                 "sizes, dtype and hierarchy: B=1,H=8,N=65536,D=64,dtype=bf16; "
                 "optional: Hkv, M, "
                 "levels, block, topk (8 or 8:8:4), scale, lse, indices, pass "
                 "(forward, keep, backward), dlse, tf32");
  app.add_option("--target", o.target, "what to compile for (--list-targets)");
  app.add_option("--stop-after", o.stopAfter,
                 "print that stage as text (--list-stages); default: program");
  app.add_option(
      "--start-from", o.startFrom,
      "FILE is text that --stop-after=STAGE printed; its spec comes with it");
  app.add_option("-o", o.output, "where to write; default: stdout");
  app.add_option("--device-functions", o.deviceFunctions,
                 "CUDA C++ (or .ptx) with the functions that score and mask "
                 "regions call; for --explain and the stages cubin and sass");
  app.add_flag("--grad", o.grad,
               "compile the backward: short for pass=backward in the spec");
  app.add_flag("--explain", o.explain, "print what was decided and why");
  app.add_option("--dump-dir", o.dumpDir,
                 "write every stage there: 01-bind.mlir, ...");
  app.add_option("--reproducer", o.reproducer,
                 "where a failing pass leaves its input, for llsa-opt "
                 "--run-reproducer; default: "
                 "in the dump folder");
  app.add_option("--threads", o.threads,
                 "for a GPU: how many kernels are compiled at the same time; "
                 "default: LLSA_NUM_THREADS, or one for each CPU")
      ->check(tools::integerOf(0, rt::env::kMostThreads));
  app.add_flag("--timing", o.timing, "print the time of each stage to stderr");
  app.add_flag("--list-stages", o.listStages, "print the stages");
  app.add_flag("--list-targets", o.listTargets, "print the targets");
  return tools::runTool(app, argc, argv, [&] {
    if (Error error = run(o)) {
      errs() << "llsac: " << toString(std::move(error)) << '\n';
      return 1;
    }
    return 0;
  });
}
