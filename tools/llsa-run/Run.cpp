//===- Run.cpp - what llsa-run does, step by step -------------------------===//
#include "tools/llsa-run/Run.h"
#include "runtime/cuda/DeviceFunctions.h"
#include "tools/io/Files.h"
#include "tools/llsa-run/Gradients.h"
#include "tools/llsa-run/Outputs.h"
#include <algorithm>

using namespace llsa;
using namespace llsa::tools;

/// A comparison that would take longer (ms) is timed on some queries alone, as
/// many as take kSampleTime.
static constexpr double kLongestComparison = 60 * 1000, kSampleTime = 3000;

static void progress(const std::string &text) {
  fmt::print(stderr, "llsa-run: {}\n", text);
}

static llvm::Error checkDevice(llvm::StringRef device) {
  if (device == "cpu" || device.starts_with("cpu:") ||
      rt::CudaDevice::isDeviceText(device))
    return llvm::Error::success();
  if (rt::EmulatorExecutor::isDeviceText(device)) {
    auto target = rt::EmulatorExecutor::targetOf(device);
    return target ? llvm::Error::success() : target.takeError();
  }
  return makeError("--device={}: expected cpu, cuda, cuda:NUMBER, emulator or "
                   "emulator:TARGET",
                   device.str());
}

/// Bytes of inputs, outputs and workspace; with a check also of what the
/// reference keeps: inputs, pooled levels and results as doubles.
static double neededBytes(const Program &program, bool check) {
  double bytes = double(program.workspaceBytes);
  for (const Buffer &buffer : program.buffers)
    if (buffer.role != Buffer::Role::Workspace) {
      bytes += double(buffer.numBytes());
      if (check)
        bytes += 3.0 * 8 * double(buffer.numElements());
    }
  return bytes;
}

/// The same spec without what only a hierarchy has.
static KernelSpec withoutHierarchy(KernelSpec spec) {
  spec.levels.reset();
  spec.block.reset();
  spec.topk.clear();
  spec.indices = false;
  return spec;
}

/// The first rows of q (and of whatever else has M rows) for fewer queries.
static llvm::Expected<NamedTensors>
firstRows(const NamedTensors &inputs,
          const std::vector<reference::Port> &ports) {
  NamedTensors out;
  for (const reference::Port &port : ports) {
    auto found = inputs.find(port.name);
    if (found == inputs.end())
      return makeError("compare: there is no input '{}'", port.name);
    const HostTensor &from = found->second;
    llvm::Expected<HostTensor> tensor =
        HostTensor::create(port.type, port.shape);
    if (!tensor)
      return tensor.takeError();
    reference::Array values;
    if (from.shape() == port.shape) {
      values = from.toArray();
    } else {
      std::vector<int64_t> rows;
      for (int64_t row = 0; port.shape.size() > 2 && row < port.shape[2]; ++row)
        rows.push_back(row);
      values = from.toArray(rows);
    }
    if (values.shape != port.shape)
      return makeError("compare: input '{}' has shape {}, expected {}",
                       port.name, shapeText(from.shape()),
                       shapeText(port.shape));
    tensor->fill([&](int64_t e) { return values.data[size_t(e)]; });
    out.emplace(port.name, std::move(*tensor));
  }
  return out;
}

/// Compiles and times `variant` for `spec`.
static llvm::Expected<CompareReport>
timeVariant(rt::Jit &jit, const rt::Variant &variant, const KernelSpec &spec,
            const RunOptions &options, const NamedTensors &inputs) {
  rt::JitReport compiled;
  auto kernel = jit.get(variant, spec, options.device, &compiled);
  if (!kernel)
    return kernel.takeError();
  auto interpreter =
      makeInterpreter(variant, spec, (*kernel)->program().target);
  if (!interpreter)
    return interpreter.takeError();
  auto cut = firstRows(inputs, interpreter->inputs());
  if (!cut)
    return cut.takeError();
  auto outputs = makeOutputs((*kernel)->program());
  if (!outputs)
    return outputs.takeError();
  auto times = timeRuns(**kernel, *cut, *outputs, options.repeat);
  if (!times)
    return times.takeError();
  CompareReport out;
  out.variant = variant.name();
  out.compileMs = compiled.milliseconds;
  out.runMs = times->median;
  out.timedQueries = out.allQueries = spec.M;
  return out;
}

static llvm::Expected<CompareReport> compareWith(rt::Jit &jit,
                                                 const RunOptions &options,
                                                 const KernelSpec &spec,
                                                 const NamedTensors &inputs) {
  auto variant = rt::Variant::fromFile(options.compare);
  if (!variant)
    return variant.takeError();
  progress(fmt::format("time {} for comparison", variant->name()));
  KernelSpec full = withoutHierarchy(spec);
  auto timeQueries = [&](int64_t queries) -> llvm::Expected<CompareReport> {
    KernelSpec some = full;
    some.M = queries;
    auto report = timeVariant(jit, *variant, some, options, inputs);
    if (report && queries != spec.M) {
      report->runMs *= double(spec.M) / double(queries);
      report->allQueries = spec.M;
    }
    return report;
  };
  // A few queries first: they tell how long all will take.
  int64_t few = std::max<int64_t>(1024, 64 * int64_t(jit.numThreads()));
  if (few >= spec.M)
    return timeQueries(spec.M);
  auto estimate = timeQueries(few);
  if (!estimate)
    return estimate.takeError();
  progress(fmt::format("{} would take about {:.0f} ms", variant->name(),
                       estimate->runMs));
  if (estimate->runMs <= kLongestComparison)
    return timeQueries(spec.M);
  int64_t sample =
      int64_t(kSampleTime / estimate->runMs * double(spec.M)) / few * few;
  return sample > few ? timeQueries(sample) : std::move(estimate);
}

/// The number of queries that a check samples from.
static int64_t queriesOf(const reference::Interpreter &interpreter,
                         const KernelSpec &spec) {
  for (const reference::Port &port : interpreter.outputs())
    if (port.name == "o" && port.shape.size() == 4)
      return port.shape[2];
  return spec.M;
}

static llvm::Error writeFiles(const RunOptions &options, const Inputs &inputs,
                              const reference::Interpreter &interpreter,
                              const NamedTensors &outputs, Report &report) {
  if (!options.picture.empty()) {
    auto text = drawPicture(options.picture, *inputs.photograph,
                            interpreter.selections(), outputs);
    if (!text)
      return text.takeError();
    report.picture = options.picture;
    report.pictureText = *text;
  }
  if (options.output.empty())
    return llvm::Error::success();
  auto folder = parseOutput(options.output);
  if (!folder)
    return folder.takeError();
  auto written = writeOutputs(*folder, outputs);
  if (!written)
    return written.takeError();
  report.written = std::move(*written);
  return llvm::Error::success();
}

static llvm::Error checkOutputs(const RunOptions &options,
                                const reference::Interpreter &interpreter,
                                const KernelSpec &spec, const Inputs &inputs,
                                const NamedTensors &outputs, Report &report) {
  int64_t queries = queriesOf(interpreter, spec);
  std::vector<int64_t> rows =
      sampleRows(queries, options.samples, options.seed);
  bool all = static_cast<int64_t>(rows.size()) == queries;
  progress(fmt::format("check {} of {} queries per head with the float64 "
                       "reference",
                       rows.size(), queries));
  auto check =
      checkRun(interpreter, inputs.tensors, outputs, all ? nullptr : &rows);
  if (!check)
    return check.takeError();
  check->sampledRows = static_cast<int64_t>(rows.size());
  check->allRows = queries;
  report.check = std::move(*check);
  return llvm::Error::success();
}

static llvm::Expected<rt::Variant> loadVariant(const RunOptions &options) {
  auto variant = rt::Variant::fromFile(options.file);
  if (!variant)
    return variant.takeError();
  std::vector<rt::CudaSource> sources;
  for (const std::string &file : options.deviceFunctions) {
    auto source = rt::readCudaSource(file);
    if (!source)
      return source.takeError();
    sources.push_back(std::move(*source));
  }
  return variant->withDeviceFunctions(std::move(sources));
}

llvm::Expected<Report> llsa::tools::runVariant(const RunOptions &options) {
  // Everything that can be refused without work is refused first.
  auto spec =
      KernelSpec::parse(options.spec + (options.grad ? ",pass=keep" : ""));
  if (!spec)
    return makeError("--spec={}: {}", options.spec,
                     llvm::toString(spec.takeError()));
  if (llvm::Error error = checkDevice(options.device))
    return error;
  auto source = InputSource::parse(options.input, options.seed);
  if (!source)
    return source.takeError();
  if (!options.output.empty())
    if (auto folder = parseOutput(options.output); !folder)
      return folder.takeError();
  if (!options.picture.empty() && source->kind != InputSource::Kind::Image)
    return makeError("--picture={}: expected --input=image:PATH, got "
                     "--input={}",
                     options.picture, options.input);
  if (!options.grad && spec->pass != Pass::Forward)
    return makeError("--spec={}: a pass is compiled by llsac; --grad runs the "
                     "passes keep and backward",
                     options.spec);
  if (options.grad && (!options.compare.empty() || !options.picture.empty()))
    return makeError("--grad cannot be given with --compare or --picture, "
                     "which are of the forward");
  if (options.check && !options.deviceFunctions.empty())
    return makeError("--check cannot be given with --device-functions: the "
                     "reference does not know what they compute");
  auto variant = loadVariant(options);
  if (!variant)
    return variant.takeError();
  if (options.grad)
    return runGradients(options, *spec, *source, *variant);

  Report report;
  report.variant = variant->name();
  report.file = options.file;
  report.spec = spec->str();
  report.device = options.device;
  report.keys = spec->N;
  bool needIndices =
      options.check || !options.picture.empty() || !options.output.empty();
  KernelSpec compiled = *spec;
  compiled.indices |= needIndices;

  progress(fmt::format("compile {}", variant->name()));
  rt::JitOptions jitOptions = rt::JitOptions::fromEnvironment();
  if (options.threads)
    jitOptions.threads = options.threads;
  rt::Jit jit(jitOptions);
  auto kernel = jit.get(*variant, compiled, options.device, &report.compile);
  if (!kernel)
    return kernel.takeError();
  const Program &program = (*kernel)->program();
  report.target = program.target;
  report.threads = jit.numThreads();
  if (const rt::CudaExecutor *executor = (*kernel)->cuda())
    report.gpu = executor->device()->name();
  report.workspaceBytes = program.workspaceBytes;
  auto interpreter = makeInterpreter(*variant, *spec, program.target);
  if (!interpreter)
    return interpreter.takeError();
  if (llvm::Error error =
          checkMemory(neededBytes(program, options.check), variant->name()))
    return error;

  auto inputs = makeInputs(*source, *spec, interpreter->inputs());
  if (!inputs)
    return inputs.takeError();
  report.input = inputs->description;
  auto outputs = makeOutputs(program);
  if (!outputs)
    return outputs.takeError();

  progress("run");
  auto times = timeRuns(**kernel, inputs->tensors, *outputs, options.repeat);
  if (!times)
    return times.takeError();
  report.run = *times;
  if (options.profile) {
    auto launches = profileSteps(**kernel, inputs->tensors, *outputs);
    if (!launches)
      return launches.takeError();
    report.profile = std::move(*launches);
  }

  if (options.check)
    if (llvm::Error error = checkOutputs(options, *interpreter, *spec, *inputs,
                                         *outputs, report))
      return error;
  if (!options.compare.empty()) {
    auto compare = compareWith(jit, options, *spec, inputs->tensors);
    if (!compare)
      return compare.takeError();
    report.compare = *compare;
  }
  if (llvm::Error error =
          writeFiles(options, *inputs, *interpreter, *outputs, report))
    return error;
  return report;
}
