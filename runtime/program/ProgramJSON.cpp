//===- ProgramJSON.cpp - the JSON form of a Program -------------*- C++ -*-===//
//
// A step names its buffers, so that the plan reads by itself; all other fields
// stand as they are in Program.h. Reading is strict: every field must be there
// with its type, because a plan that is half understood would be launched.
//
//===----------------------------------------------------------------------===//
#include "runtime/program/Program.h"

#include "llvm/ADT/StringMap.h"
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

using namespace llvm;
using nlohmann::ordered_json;

namespace llsa {

namespace {

const char *roleName(Buffer::Role role) {
  switch (role) {
  case Buffer::Role::Input:
    return "input";
  case Buffer::Role::Output:
    return "output";
  case Buffer::Role::Workspace:
    return "workspace";
  }
  llvm_unreachable("all roles are listed");
}

/// Reads typed fields of one JSON object; the first problem is kept.
class Reader {
public:
  Reader(const ordered_json &object, std::string path, std::string &problem)
      : object(object), path(std::move(path)), problem(problem) {
    if (!object.is_object())
      report("expected an object");
  }

  std::string text(const char *key) {
    const ordered_json *value = find(key);
    if (!value)
      return "";
    if (!value->is_string())
      return report(fmt::format("'{}': expected a string", key)), "";
    return *value->get_ptr<const std::string *>();
  }

  int64_t integer(const char *key) {
    const ordered_json *value = find(key);
    return value ? asInteger(*value, key) : 0;
  }

  double number(const char *key) {
    const ordered_json *value = find(key);
    if (!value)
      return 0;
    if (!value->is_number())
      return report(fmt::format("'{}': expected a number", key)), 0;
    return value->get<double>();
  }

  bool flag(const char *key) {
    const ordered_json *value = find(key);
    if (!value)
      return false;
    if (!value->is_boolean())
      return report(fmt::format("'{}': expected true or false", key)), false;
    return value->get<bool>();
  }

  std::vector<int64_t> integers(const char *key) {
    std::vector<int64_t> values;
    for (const ordered_json &value : array(key))
      values.push_back(asInteger(value, key));
    return values;
  }

  std::vector<std::string> texts(const char *key) {
    std::vector<std::string> values;
    for (const ordered_json &value : array(key)) {
      if (!value.is_string())
        report(fmt::format("'{}': expected strings", key));
      else
        values.push_back(*value.get_ptr<const std::string *>());
    }
    return values;
  }

  /// The elements of an array; empty when it is not there.
  const ordered_json &array(const char *key) {
    static const ordered_json kEmpty = ordered_json::array();
    const ordered_json *value = find(key);
    if (!value)
      return kEmpty;
    if (!value->is_array())
      return report(fmt::format("'{}': expected an array", key)), kEmpty;
    return *value;
  }

  void report(const std::string &message) {
    if (problem.empty())
      problem = fmt::format("{}: {}", path, message);
  }

private:
  const ordered_json *find(const char *key) {
    if (!object.is_object())
      return nullptr;
    auto it = object.find(key);
    if (it == object.end())
      return report(fmt::format("'{}' is missing", key)), nullptr;
    return &*it;
  }

  int64_t asInteger(const ordered_json &value, const char *key) {
    bool fits = value.is_number_integer() &&
                (!value.is_number_unsigned() ||
                 value.get<uint64_t>() <=
                     uint64_t(std::numeric_limits<int64_t>::max()));
    if (!fits)
      return report(fmt::format("'{}': expected an integer of 63 bits", key)),
             0;
    return value.get<int64_t>();
  }

  const ordered_json &object;
  std::string path;
  std::string &problem;
};

/// The value whose name is `text`, by its printer; the first one otherwise.
template <typename T, typename Printer>
T parseName(Reader &reader, const char *key, std::initializer_list<T> values,
            Printer print) {
  std::string text = reader.text(key);
  std::string names;
  for (T value : values) {
    if (text == StringRef(print(value)))
      return value;
    names += (names.empty() ? "" : ", ") + StringRef(print(value)).str();
  }
  reader.report(
      fmt::format("'{}' is '{}': expected one of {}", key, text, names));
  return *values.begin();
}

Buffer readBuffer(const ordered_json &json, size_t i, std::string &problem) {
  Reader reader(json, fmt::format("program.buffers[{}]", i), problem);
  Buffer buffer;
  buffer.name = reader.text("name");
  buffer.role = parseName(
      reader, "role",
      {Buffer::Role::Input, Buffer::Role::Output, Buffer::Role::Workspace},
      roleName);
  buffer.type = parseName(reader, "type", kElementTypes,
                          [](ElementType type) { return toString(type); });
  buffer.shape = reader.integers("shape");
  buffer.offset = reader.integer("offset");
  return buffer;
}

Kernel readKernel(const ordered_json &json, size_t i, std::string &problem) {
  Reader reader(json, fmt::format("program.kernels[{}]", i), problem);
  Kernel kernel;
  kernel.name = reader.text("name");
  kernel.items = reader.integer("items");
  kernel.warps = reader.integer("warps");
  kernel.ctas = reader.integer("ctas");
  kernel.sharedBytes = reader.integer("sharedBytes");
  for (const ordered_json &view : reader.array("views")) {
    Reader fields(view, fmt::format("program.kernels[{}].views", i), problem);
    kernel.views.push_back({fields.integer("arg"), fields.integer("rows"),
                            fields.integer("cols")});
  }
  kernel.writes = reader.integers("writes");
  kernel.stackBytes = reader.integer("stackBytes");
  kernel.dependentLaunch = reader.flag("dependentLaunch");
  kernel.persistent = reader.flag("persistent");
  kernel.flops = reader.number("flops");
  kernel.bytes = reader.number("bytes");
  return kernel;
}

Step readStep(const ordered_json &json, size_t i,
              const StringMap<int64_t> &bufferIndex, std::string &problem) {
  Reader reader(json, fmt::format("program.steps[{}]", i), problem);
  Step step;
  step.kernel = reader.integer("kernel");
  for (const ordered_json &arg : reader.array("args")) {
    const std::string *name = arg.get_ptr<const std::string *>();
    auto it = name ? bufferIndex.find(*name) : bufferIndex.end();
    if (it == bufferIndex.end()) {
      reader.report(name ? fmt::format("'args': no buffer is named '{}'", *name)
                         : std::string("'args': expected names of buffers"));
      break;
    }
    step.args.push_back(it->second);
  }
  step.lane = reader.integer("lane");
  step.after = reader.integers("after");
  return step;
}

} // namespace

std::string Program::toJSON() const {
  ordered_json json;
  json["version"] = kVersion;
  json["variant"] = variant;
  json["target"] = target;
  json["spec"] = spec.str();
  json["workspaceBytes"] = workspaceBytes;
  json["buffers"] = ordered_json::array();
  for (const Buffer &buffer : buffers)
    json["buffers"].push_back({{"name", buffer.name},
                               {"role", roleName(buffer.role)},
                               {"type", toString(buffer.type).str()},
                               {"shape", buffer.shape},
                               {"offset", buffer.offset}});
  json["kernels"] = ordered_json::array();
  for (const Kernel &kernel : kernels) {
    ordered_json views = ordered_json::array();
    for (const TensorView &view : kernel.views)
      views.push_back(
          {{"arg", view.arg}, {"rows", view.rows}, {"cols", view.cols}});
    json["kernels"].push_back({{"name", kernel.name},
                               {"items", kernel.items},
                               {"warps", kernel.warps},
                               {"ctas", kernel.ctas},
                               {"sharedBytes", kernel.sharedBytes},
                               {"views", views},
                               {"writes", kernel.writes},
                               {"stackBytes", kernel.stackBytes},
                               {"dependentLaunch", kernel.dependentLaunch},
                               {"persistent", kernel.persistent},
                               {"flops", kernel.flops},
                               {"bytes", kernel.bytes}});
  }
  json["steps"] = ordered_json::array();
  for (const Step &step : steps) {
    ordered_json args = ordered_json::array();
    for (int64_t arg : step.args)
      args.push_back(buffers[arg].name);
    json["steps"].push_back({{"kernel", step.kernel},
                             {"args", args},
                             {"lane", step.lane},
                             {"after", step.after}});
  }
  json["deviceFunctions"] = deviceFunctions;
  json["codeFormat"] = codeFormat;
  json["explain"] = explain;
  // A name that is not UTF-8 must not end the process; it is replaced.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

Expected<Program> Program::fromJSON(StringRef text) {
  auto fail = [](const std::string &message) {
    return createStringError(inconvertibleErrorCode(), message);
  };
  ordered_json json = ordered_json::parse(text.begin(), text.end(), nullptr,
                                          /*allow_exceptions=*/false);
  if (json.is_discarded())
    return fail("program: the text is not JSON");

  std::string problem;
  Reader reader(json, "program", problem);
  Program program;
  int64_t version = reader.integer("version");
  if (problem.empty() && version != kVersion)
    return fail(fmt::format("program: 'version' is {}: expected {}", version,
                            kVersion));
  program.variant = reader.text("variant");
  program.target = reader.text("target");
  std::string specText = reader.text("spec");
  program.workspaceBytes = reader.integer("workspaceBytes");
  program.codeFormat = reader.text("codeFormat");
  program.explain = reader.text("explain");
  program.deviceFunctions = reader.texts("deviceFunctions");
  StringMap<int64_t> bufferIndex;
  for (const ordered_json &buffer : reader.array("buffers")) {
    program.buffers.push_back(
        readBuffer(buffer, program.buffers.size(), problem));
    bufferIndex.try_emplace(program.buffers.back().name,
                            int64_t(program.buffers.size()) - 1);
  }
  for (const ordered_json &kernel : reader.array("kernels"))
    program.kernels.push_back(
        readKernel(kernel, program.kernels.size(), problem));
  for (const ordered_json &step : reader.array("steps"))
    program.steps.push_back(
        readStep(step, program.steps.size(), bufferIndex, problem));
  if (!problem.empty())
    return fail(problem);

  Expected<KernelSpec> spec = KernelSpec::parse(specText);
  if (!spec)
    return fail("program: 'spec': " + llvm::toString(spec.takeError()));
  program.spec = std::move(*spec);
  if (Error error = program.verify())
    return error;
  return program;
}

} // namespace llsa
