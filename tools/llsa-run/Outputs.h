//===- Outputs.h - results as files -----------------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_OUTPUTS_H
#define LLSA_TOOLS_LLSA_RUN_OUTPUTS_H

#include "tools/llsa-run/Report.h"

namespace llsa::tools {

/// The folder of "npy:DIR".
llvm::Expected<std::string> parseOutput(llvm::StringRef text);

/// Writes every result as FOLDER/NAME.npy: int32 for indices, float16 for f16,
/// else float32. The folder is made when it is missing. Gives the paths.
llvm::Expected<std::vector<std::string>>
writeOutputs(const std::string &folder, const NamedTensors &outputs);

/// Draws the blocks that the query in the middle of the photograph attends to.
/// `selections` are the variant's, and a hierarchy: level l's rows are those of
/// b^l queries. Gives a text that says what the picture shows.
llvm::Expected<std::string>
drawPicture(const std::string &path, const Photograph &photograph,
            const std::vector<reference::Port> &selections,
            const NamedTensors &outputs);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_OUTPUTS_H
