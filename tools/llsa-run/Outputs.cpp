//===- Outputs.cpp - results as files -------------------------------------===//
#include "tools/llsa-run/Outputs.h"
#include "kernels/reference/Rounding.h"
#include "tools/io/Files.h"
#include "tools/io/Npy.h"
#include "tools/io/Picture.h"
#include "llvm/Support/FileSystem.h"

using namespace llsa;
using namespace llsa::tools;

llvm::Expected<std::string> llsa::tools::parseOutput(llvm::StringRef text) {
  llvm::StringRef folder = text;
  if (!folder.consume_front("npy:") || folder.empty())
    return makeError("--output={}: expected npy:DIR", text.str());
  return folder.str();
}

static llvm::Error writeOne(const std::string &path, const HostTensor &tensor) {
  if (tensor.type() == ElementType::I32)
    return writeNpy(path, tensor.shape(),
                    llvm::ArrayRef<int32_t>(tensor.toIndices().data));
  if (tensor.type() == ElementType::I8) {
    std::vector<double> values = tensor.toArray().data;
    return writeNpy(path, tensor.shape(),
                    llvm::ArrayRef<int8_t>(
                        std::vector<int8_t>(values.begin(), values.end())));
  }
  reference::Array values = tensor.toArray();
  if (tensor.type() == ElementType::F16) {
    std::vector<uint16_t> bits;
    bits.reserve(values.data.size());
    for (double value : values.data)
      bits.push_back(reference::toF16Bits(value));
    return writeNpyHalf(path, tensor.shape(), bits);
  }
  return writeNpy(path, tensor.shape(),
                  llvm::ArrayRef<float>(std::vector<float>(values.data.begin(),
                                                           values.data.end())));
}

llvm::Expected<std::vector<std::string>>
llsa::tools::writeOutputs(const std::string &folder,
                          const NamedTensors &outputs) {
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return makeError("output folder '{}': cannot be made: {}", folder,
                     code.message());
  std::vector<std::string> paths;
  for (const auto &[name, tensor] : outputs) {
    paths.push_back(folder + "/" + name + ".npy");
    if (llvm::Error error = writeOne(paths.back(), tensor))
      return error;
  }
  return paths;
}

llvm::Expected<std::string>
llsa::tools::drawPicture(const std::string &path, const Photograph &photograph,
                         const std::vector<reference::Port> &selections,
                         const NamedTensors &outputs) {
  int64_t tokens = photograph.order.size();
  int64_t x = photograph.image.width / 2, y = photograph.image.height / 2;
  AttendedBlocks blocks;
  blocks.query =
      photograph.order.tokenOf[size_t(y * photograph.image.width + x)];
  blocks.block = selections.empty() ? 16 : selections.front().block;
  int64_t span = 1;
  for (const reference::Port &selection : selections) {
    span *= blocks.block;
    if (selection.block != blocks.block ||
        selection.shape[2] != (tokens + span - 1) / span)
      return makeError("picture: '{}' of shape {} is not level {} of a "
                       "hierarchy of blocks of {} over {} tokens, so it cannot "
                       "be drawn",
                       selection.name, shapeText(selection.shape),
                       blocks.selected.size() + 1, blocks.block, tokens);
    reference::IndexArray indices = outputs.at(selection.name).toIndices();
    const int32_t *row = indices.row(0, 0, blocks.query / span);
    blocks.selected.emplace_back(row, row + selection.shape[3]);
  }
  if (llvm::Error error =
          writePicture(path, photograph.image, photograph.order, blocks))
    return error;
  return fmt::format("query {} at pixel ({}, {}) and the blocks that it "
                     "selected at {} levels, in head 0",
                     blocks.query, x, y, blocks.selected.size());
}
