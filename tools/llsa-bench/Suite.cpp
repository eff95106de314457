//===- Suite.cpp - what to measure, as a JSON file ------------------------===//
#include "tools/llsa-bench/Suite.h"

#include "llvm/Support/MemoryBuffer.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

using namespace llvm;
using nlohmann::json;

namespace llsa::bench {

static std::string textOf(const json &object, const char *key,
                          const std::string &otherwise) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : otherwise;
}

Expected<Suite> readSuite(const std::string &path) {
  auto fail = [&](const std::string &what) {
    return createStringError(inconvertibleErrorCode(), "%s",
                             fmt::format("suite '{}': {}", path, what).c_str());
  };
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return fail(file.getError().message());
  StringRef text = (*file)->getBuffer();
  json root = json::parse(text.begin(), text.end(), nullptr, false);
  if (root.is_discarded() || !root.is_object() || !root.contains("cases") ||
      !root["cases"].is_array())
    return fail("expected a JSON object with a list 'cases'");
  Suite suite;
  suite.device = textOf(root, "device", suite.device);
  std::set<std::string> names;
  for (const json &entry : root["cases"]) {
    size_t number = suite.cases.size() + 1;
    Case wanted;
    if (entry.is_object())
      wanted.variant = textOf(entry, "variant", "");
    std::string spec =
        entry.is_object() ? textOf(entry, "spec", "") : std::string();
    if (wanted.variant.empty() || spec.empty())
      return fail(
          fmt::format("case {}: expected texts 'variant' and 'spec', got {}",
                      number, entry.dump()));
    Expected<KernelSpec> parsed = KernelSpec::parse(spec);
    if (!parsed)
      return fail(
          fmt::format("case {}: {}", number, toString(parsed.takeError())));
    wanted.spec = std::move(*parsed);
    wanted.name =
        textOf(entry, "name", wanted.variant + " " + wanted.spec.str());
    if (!names.insert(wanted.name).second)
      return fail(fmt::format("case {}: expected a name of its own, got '{}' "
                              "again",
                              number, wanted.name));
    suite.cases.push_back(std::move(wanted));
  }
  return suite;
}

} // namespace llsa::bench
