//===- Recording.cpp - what a GPU has computed, as a file -----------------===//
#include "tools/llsa-emulator-record/RecordedCases.h"

#include "llvm/ADT/StringExtras.h"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace llvm;
using Json = nlohmann::ordered_json;

namespace llsa::tools {

std::string toJSON(const Recording &recording) {
  Json file;
  file["gpu"] = recording.gpu;
  for (const auto &[name, outputs] : recording.cases) {
    std::string hex;
    for (uint32_t word : outputs.words)
      hex += fmt::format("{:08x}", word);
    file["cases"][name] = {{"key", outputs.key}, {"outputs", hex}};
  }
  return file.dump(1) + "\n";
}

Expected<Recording> readRecording(StringRef text) {
  auto fail = [](const std::string &message) {
    return createStringError("recording: " + message);
  };
  Json file = Json::parse(text.begin(), text.end(), nullptr,
                          /*allow_exceptions=*/false);
  if (!file.is_object() || !file.contains("gpu") || !file["gpu"].is_string() ||
      !file.contains("cases") || !file["cases"].is_object())
    return fail("expected a JSON object with gpu and cases");
  Recording recording;
  recording.gpu = file["gpu"].get<std::string>();
  for (const auto &[name, value] : file["cases"].items()) {
    if (!value.is_object() || !value.contains("key") ||
        !value["key"].is_string() || !value.contains("outputs") ||
        !value["outputs"].is_string())
      return fail(fmt::format("case '{}': expected key and outputs", name));
    Recording::Outputs outputs{value["key"].get<std::string>(), {}};
    std::string hex = value["outputs"].get<std::string>();
    for (StringRef rest = hex; !rest.empty(); rest = rest.drop_front(8)) {
      uint32_t word = 0;
      if (rest.size() < 8 || rest.take_front(8).getAsInteger(16, word))
        return fail(fmt::format("case '{}': expected words of eight "
                                "hexadecimal digits",
                                name));
      outputs.words.push_back(word);
    }
    recording.cases.emplace(name, std::move(outputs));
  }
  return recording;
}

} // namespace llsa::tools
