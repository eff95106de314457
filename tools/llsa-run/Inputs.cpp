//===- Inputs.cpp - what a variant is run on ------------------------------===//
#include "tools/llsa-run/Inputs.h"
#include "tools/io/Files.h"
#include "tools/io/Npy.h"
#include "tools/io/Random.h"
#include "tools/io/Tokens.h"
#include <algorithm>
#include <cmath>

using namespace llsa;
using namespace llsa::tools;
using reference::Port;

llvm::Expected<InputSource> InputSource::parse(llvm::StringRef text,
                                               uint64_t seed) {
  InputSource out;
  out.seed = seed;
  auto [kind, path] = text.split(':');
  bool takesPath = kind == "image" || kind == "npy";
  if (takesPath && path.empty())
    return makeError("--input={}: expected {}:{}", text.str(), kind.str(),
                     kind == "image" ? "PATH of a PNG or JPEG file"
                                     : "DIR with .npy files");
  if (kind == "image")
    out.kind = Kind::Image;
  else if (kind == "npy")
    out.kind = Kind::Npy;
  else if (text == "structured")
    out.kind = Kind::Structured;
  else if (text != "random")
    return makeError("--input={}: expected random, structured, image:PATH or "
                     "npy:DIR",
                     text.str());
  out.path = path.str();
  return out;
}

/// A stream of random numbers of its own for each name.
static Random randomFor(const std::string &name, uint64_t seed) {
  uint64_t stream = 1000;
  for (char c : name)
    stream = stream * 31 + static_cast<unsigned char>(c);
  return Random(seed, stream);
}

/// Rows of different indices in ascending order; -1 where there are too few.
static void fillIndices(HostTensor &tensor, int64_t limit,
                        const Random &random) {
  int64_t width = tensor.shape().back();
  std::vector<int64_t> row;
  uint64_t counter = 0;
  tensor.fill([&](int64_t e) -> double {
    int64_t column = e % width;
    if (column == 0) {
      row.clear();
      while (static_cast<int64_t>(row.size()) < std::min(width, limit)) {
        int64_t next =
            static_cast<int64_t>(random.bits(counter++) % uint64_t(limit));
        if (!llvm::is_contained(row, next))
          row.push_back(next);
      }
      std::sort(row.begin(), row.end());
    }
    return column < static_cast<int64_t>(row.size()) ? double(row[column]) : -1;
  });
}

static llvm::Expected<HostTensor> makeExtra(const Port &port, uint64_t seed,
                                            Layout layout) {
  llvm::Expected<HostTensor> tensor =
      HostTensor::create(port.type, port.shape, layout);
  if (!tensor)
    return tensor;
  Random random = randomFor(port.name, seed);
  if (!isInteger(port.type))
    tensor->fill([&](int64_t e) { return random.normal(uint64_t(e)); });
  else if (port.indexLimit > 0)
    fillIndices(*tensor, port.indexLimit, random);
  else
    tensor->fill([&](int64_t e) { return double(random.bits(e) % 16); });
  return tensor;
}

/// The square picture of `tokens` pixels and its order.
static llvm::Expected<Photograph> loadPhotograph(const std::string &path,
                                                 const KernelSpec &spec) {
  llvm::Expected<Image> image = readImage(path);
  if (!image)
    return image.takeError();
  int64_t side = std::llround(std::sqrt(double(spec.N)));
  if (side * side != spec.N || side > kMaxImageSide)
    return makeError("picture '{}': a square picture has as many tokens as "
                     "pixels, expected N to be a square number up to {}^2, got "
                     "N = {}",
                     path, kMaxImageSide, spec.N);
  bool powerOfTwo = (side & (side - 1)) == 0;
  llvm::Expected<TokenOrder> order =
      powerOfTwo ? zOrder(side) : patchOrder({1, side, side});
  if (!order)
    return order.takeError();
  return Photograph{cropToSquare(*image, side), std::move(*order)};
}

namespace {
/// q, k and v where they have the shapes of the spec.
struct TokenInput {
  const std::vector<float> *values;
  std::vector<int64_t> shape;
};
} // namespace

static llvm::Expected<HostTensor> readInput(const std::string &folder,
                                            const Port &port, Layout layout) {
  std::string path = folder + "/" + port.name + ".npy";
  NpyExpectation expected;
  expected.shape = port.shape;
  if (isInteger(port.type))
    expected.types = {port.type == ElementType::I8 ? NpyType::I8
                                                   : NpyType::I32};
  else
    expected.types = {NpyType::F32, NpyType::F16};
  llvm::Expected<NpyArray> array = readNpy(path, expected);
  if (!array)
    return array.takeError();
  llvm::Expected<HostTensor> tensor =
      HostTensor::create(port.type, port.shape, layout);
  if (!tensor)
    return tensor;
  if (!isInteger(port.type)) {
    std::vector<float> values = array->toFloats();
    tensor->fill([&](int64_t e) { return values[size_t(e)]; });
    return tensor;
  }
  std::vector<int32_t> values = array->toInts();
  for (size_t e = 0; port.indexLimit > 0 && e < values.size(); ++e)
    if (values[e] < -1 || values[e] >= port.indexLimit)
      return makeError("{}: expected indices from -1 to {}, got {} at element "
                       "{}",
                       path, port.indexLimit - 1, values[e], e);
  tensor->fill([&](int64_t e) { return values[size_t(e)]; });
  return tensor;
}

llvm::Expected<Inputs> llsa::tools::makeInputs(const InputSource &source,
                                               const KernelSpec &spec,
                                               const std::vector<Port> &ports,
                                               Layout layout) {
  Inputs out;
  Tokens tokens;
  TokenShape shape{spec.B, spec.H, spec.Hkv, spec.M, spec.N, spec.D};
  switch (source.kind) {
  case InputSource::Kind::Random:
    tokens = randomTokens(shape, source.seed);
    out.description = fmt::format("random, seed {}", source.seed);
    break;
  case InputSource::Kind::Structured:
    tokens = structuredTokens(shape, source.seed);
    out.description = fmt::format("structured, seed {}", source.seed);
    break;
  case InputSource::Kind::Image: {
    llvm::Expected<Photograph> photograph = loadPhotograph(source.path, spec);
    if (!photograph)
      return photograph.takeError();
    llvm::Expected<Tokens> made =
        imageTokens(photograph->image, photograph->order, shape, source.seed);
    if (!made)
      return made.takeError();
    tokens = std::move(*made);
    out.description =
        fmt::format("{}, {} x {} pixels", source.path, photograph->image.width,
                    photograph->image.height);
    out.photograph = std::move(*photograph);
    break;
  }
  case InputSource::Kind::Npy:
    out.description = source.path + "/*.npy";
    break;
  }
  std::vector<int64_t> keyShape = {spec.B, spec.Hkv, spec.N, spec.D};
  const std::map<std::string, TokenInput> named = {
      {"q", {&tokens.q, {spec.B, spec.H, spec.M, spec.D}}},
      {"k", {&tokens.k, keyShape}},
      {"v", {&tokens.v, keyShape}}};

  for (const Port &port : ports) {
    auto create = [&]() -> llvm::Expected<HostTensor> {
      if (source.kind == InputSource::Kind::Npy)
        return readInput(source.path, port, layout);
      auto token = named.find(port.name);
      if (token == named.end() || token->second.shape != port.shape ||
          isInteger(port.type))
        return makeExtra(port, source.seed, layout);
      llvm::Expected<HostTensor> tensor =
          HostTensor::create(port.type, port.shape, layout);
      if (tensor)
        tensor->fill(
            [&](int64_t e) { return (*token->second.values)[size_t(e)]; });
      return tensor;
    };
    llvm::Expected<HostTensor> tensor = create();
    if (!tensor)
      return tensor.takeError();
    out.tensors.emplace(port.name, std::move(*tensor));
  }
  return out;
}
