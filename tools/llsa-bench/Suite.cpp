//===- Suite.cpp - what to measure, as a JSON file ------------------------===//

#include "tools/llsa-bench/Suite.h"
#include "llvm/Support/MemoryBuffer.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace llvm;

Expected<std::vector<llsa::bench::Case>> llsa::bench::readSuite(const std::string &path) {
  auto fail = [&](const std::string &what) {
    return createStringError(inconvertibleErrorCode(), fmt::format("suite '{}': {}", path, what));
  };
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return fail(file.getError().message());
  StringRef text = (*file)->getBuffer();
  nlohmann::json json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded() || !json.is_object() || !json.contains("cases") ||
      !json["cases"].is_array())
    return fail("expected a JSON object with a list 'cases'");
  std::vector<Case> cases;
  for (const nlohmann::json &entry : json["cases"]) {
    size_t number = cases.size() + 1;
    if (!entry.is_object() || !entry.contains("variant") || !entry["variant"].is_string() ||
        !entry.contains("spec") || !entry["spec"].is_string())
      return fail(fmt::format("case {}: expected texts 'variant' and 'spec', got {}", number,
                              entry.dump()));
    Expected<KernelSpec> spec = KernelSpec::parse(entry["spec"].get_ref<const std::string &>());
    if (!spec)
      return fail(fmt::format("case {}: {}", number, toString(spec.takeError())));
    cases.push_back({entry["variant"].get<std::string>(), *spec});
  }
  return cases;
}
