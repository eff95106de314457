//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
//
// A file is: "\x93NUMPY", major and minor version, the header's length (two
// bytes in version 1, four in 2 and 3), the header, the elements. The header is
// a Python dict in one line, such as
//   {'descr': '<f4', 'fortran_order': False, 'shape': (1, 8, 4096, 64), }
//
//===----------------------------------------------------------------------===//
#include "tools/io/Npy.h"
#include "tools/io/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <cstring>

using namespace llsa::tools;
using llvm::StringRef;

StringRef llsa::tools::toString(NpyType type) {
  switch (type) {
  case NpyType::F32:
    return "float32";
  case NpyType::F16:
    return "float16";
  case NpyType::I32:
    return "int32";
  case NpyType::I8:
    return "int8";
  }
  llvm_unreachable("unknown npy type");
}

int64_t llsa::tools::byteSize(NpyType type) {
  return type == NpyType::F16 ? 2 : type == NpyType::I8 ? 1 : 4;
}

int64_t NpyArray::numElements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

/// The value of a float16; every one is a float32 too.
static float halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16, exponent = (half >> 10) & 31,
           mantissa = half & 0x3FF;
  float value;
  if (exponent == 0) {
    value = float(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  uint32_t bits = sign | mantissa << 13 |
                  (exponent == 31 ? 0x7F800000u : (exponent + 112) << 23);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::vector<float> NpyArray::toFloats() const {
  assert((type == NpyType::F32 || type == NpyType::F16) &&
         "an array of integers is no array of floats");
  std::vector<float> out(bytes.size() / byteSize(type));
  if (type == NpyType::F32) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
  for (size_t e = 0; e < out.size(); ++e)
    out[e] = halfToFloat(llvm::support::endian::read16le(bytes.data() + 2 * e));
  return out;
}

std::vector<int32_t> NpyArray::toInts() const {
  if (type == NpyType::I8)
    return std::vector<int32_t>(reinterpret_cast<const int8_t *>(bytes.data()),
                                reinterpret_cast<const int8_t *>(bytes.data()) +
                                    bytes.size());
  assert(type == NpyType::I32 && "an array of floats is none of integers");
  std::vector<int32_t> out(bytes.size() / 4);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

//===----------------------------------------------------------------------===//
// reading
//===----------------------------------------------------------------------===//

namespace {
/// A dtype as the header spells it.
struct Descr {
  StringRef text;
  NpyType type;
};
constexpr Descr kDescrs[] = {{"<f4", NpyType::F32},
                             {"<f2", NpyType::F16},
                             {"<i4", NpyType::I32},
                             {"|i1", NpyType::I8}};

/// The header's dict, one value at a time.
struct Header {
  StringRef descr, fortranOrder, shape;
};
} // namespace

/// Splits the dict into its three values; nothing when it is malformed.
static std::optional<Header> splitHeader(StringRef text) {
  text = text.trim();
  if (!text.consume_front("{") || !text.consume_back("}"))
    return std::nullopt;
  Header out;
  while (!(text = text.ltrim()).empty()) {
    char quote = text.front();
    if (quote != '\'' && quote != '"')
      return std::nullopt;
    size_t end = text.find(quote, 1);
    if (end == StringRef::npos)
      return std::nullopt;
    StringRef key = text.slice(1, end);
    text = text.drop_front(end + 1).ltrim();
    if (!text.consume_front(":"))
      return std::nullopt;
    text = text.ltrim();
    // The value ends at the comma outside brackets and quotes, or at the end.
    size_t length = 0;
    int depth = 0;
    char inside = 0;
    for (; length < text.size(); ++length) {
      char c = text[length];
      if (inside) {
        inside = c == inside ? 0 : inside;
        continue;
      }
      if (c == '\'' || c == '"')
        inside = c;
      else if (c == '(' || c == '[')
        ++depth;
      else if (c == ')' || c == ']')
        --depth;
      else if (c == ',' && depth == 0)
        break;
    }
    if (inside || depth)
      return std::nullopt;
    StringRef value = text.take_front(length).trim();
    text = text.drop_front(length);
    text.consume_front(",");
    if (key == "descr")
      out.descr = value;
    else if (key == "fortran_order")
      out.fortranOrder = value;
    else if (key == "shape")
      out.shape = value;
    else
      return std::nullopt;
  }
  if (out.descr.empty() || out.fortranOrder.empty() || out.shape.empty())
    return std::nullopt;
  return out;
}

/// "(1, 8, 4096, 64)"; nothing when it is no tuple of numbers.
static std::optional<std::vector<int64_t>> parseShape(StringRef text) {
  if (!text.consume_front("(") || !text.consume_back(")"))
    return std::nullopt;
  std::vector<int64_t> shape;
  while (!(text = text.trim()).empty()) {
    auto [first, rest] = text.split(',');
    int64_t extent;
    if (first.trim().getAsInteger(10, extent) || extent < 0)
      return std::nullopt;
    shape.push_back(extent);
    text = rest;
  }
  return shape;
}

static std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : ", ") +
            (extent < 0 ? "?" : std::to_string(extent));
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}

/// Printable text of at most 60 characters.
static std::string quoted(StringRef text) {
  std::string out;
  for (char c : text.take_front(60))
    out += llvm::isPrint(c) ? c : '?';
  return out;
}

/// The element type, or why it is not taken.
static llvm::Expected<NpyType> parseDescr(StringRef value, StringRef name,
                                          const NpyExpectation &expected) {
  std::vector<NpyType> types = expected.types;
  if (types.empty())
    types = {NpyType::F32, NpyType::F16, NpyType::I32, NpyType::I8};
  std::string wanted;
  for (NpyType type : types)
    wanted += (wanted.empty() ? "" : " or ") + toString(type).str();
  StringRef descr = value.trim("'\"");
  if (value.starts_with("["))
    return makeError("'{}': expected elements of {}, got a structured type",
                     name.str(), wanted);
  for (const Descr &known : kDescrs) {
    if (descr.starts_with(">") && descr.drop_front() == known.text.drop_front())
      return makeError(
          "'{}': expected little-endian elements, got big-endian {}",
          name.str(), toString(known.type).str());
    if (descr == known.text && llvm::is_contained(types, known.type))
      return known.type;
    if (descr == known.text)
      return makeError("'{}': expected elements of {}, got {}", name.str(),
                       wanted, toString(known.type).str());
  }
  return makeError("'{}': expected elements of {}, got '{}'", name.str(),
                   wanted, quoted(descr));
}

static llvm::Error checkShape(llvm::ArrayRef<int64_t> shape, StringRef name,
                              const NpyExpectation &expected) {
  if (expected.shape.empty())
    return llvm::Error::success();
  bool fits = shape.size() == expected.shape.size();
  for (size_t axis = 0; fits && axis < shape.size(); ++axis)
    fits = expected.shape[axis] < 0 || expected.shape[axis] == shape[axis];
  if (fits)
    return llvm::Error::success();
  return makeError("'{}': expected shape {}, got {}", name.str(),
                   shapeText(expected.shape), shapeText(shape));
}

llvm::Expected<NpyArray> llsa::tools::parseNpy(StringRef content,
                                               StringRef name,
                                               const NpyExpectation &expected) {
  StringRef rest = content;
  if (!rest.consume_front("\x93NUMPY"))
    return makeError("'{}': not a .npy file: it does not begin with \\x93NUMPY",
                     name.str());
  if (rest.size() < 2)
    return makeError("'{}': truncated in the version", name.str());
  unsigned major = static_cast<uint8_t>(rest[0]);
  if (major < 1 || major > 3)
    return makeError("'{}': expected .npy version 1, 2 or 3, got {}",
                     name.str(), major);
  rest = rest.drop_front(2);
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (rest.size() < lengthBytes)
    return makeError("'{}': truncated in the header's length", name.str());
  size_t length = major == 1 ? llvm::support::endian::read16le(rest.data())
                             : llvm::support::endian::read32le(rest.data());
  rest = rest.drop_front(lengthBytes);
  if (rest.size() < length)
    return makeError("'{}': truncated: the header has {} bytes, {} are left",
                     name.str(), length, rest.size());
  std::optional<Header> header = splitHeader(rest.take_front(length));
  std::optional<std::vector<int64_t>> shape;
  if (header)
    shape = parseShape(header->shape);
  if (!shape ||
      (header->fortranOrder != "False" && header->fortranOrder != "True"))
    return makeError("'{}': damaged header: {}", name.str(),
                     quoted(rest.take_front(length)));
  rest = rest.drop_front(length);

  auto type = parseDescr(header->descr, name, expected);
  if (!type)
    return type.takeError();
  if (header->fortranOrder == "True")
    return makeError("'{}': expected C order, got Fortran order "
                     "(numpy.ascontiguousarray converts it)",
                     name.str());
  if (llvm::Error error = checkShape(*shape, name, expected))
    return std::move(error);

  NpyArray out;
  out.type = *type;
  out.shape = std::move(*shape);
  uint64_t bytes = byteSize(out.type);
  for (int64_t extent : out.shape)
    if (__builtin_mul_overflow(bytes, uint64_t(extent), &bytes))
      return makeError("'{}': shape {} is too large", name.str(),
                       shapeText(out.shape));
  if (rest.size() != bytes)
    return makeError(
        "'{}': {}: shape {} of {} needs {} bytes, {} follow the header",
        name.str(), rest.size() < bytes ? "truncated" : "too long",
        shapeText(out.shape), toString(out.type).str(), bytes, rest.size());
  out.bytes.assign(rest.begin(), rest.end());
  return out;
}

llvm::Expected<NpyArray> llsa::tools::readNpy(StringRef path,
                                              const NpyExpectation &expected) {
  auto buffer = readFile(path, "array");
  if (!buffer)
    return buffer.takeError();
  return parseNpy((*buffer)->getBuffer(), path, expected);
}

//===----------------------------------------------------------------------===//
// writing
//===----------------------------------------------------------------------===//

static llvm::Error writeBytes(StringRef path, NpyType type,
                              llvm::ArrayRef<int64_t> shape, StringRef bytes) {
  StringRef descr;
  for (const Descr &known : kDescrs)
    if (known.type == type)
      descr = known.text;
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}",
                  descr.str(), shapeText(shape));
  // numpy aligns the elements to 64 bytes, the newline last.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xFF);
  start += static_cast<char>(header.size() >> 8);
  return writeFile(path, {start, header, bytes});
}

llvm::Error llsa::tools::writeNpy(StringRef path, const NpyArray &array) {
  assert(array.numElements() * byteSize(array.type) ==
             int64_t(array.bytes.size()) &&
         "the bytes must fit the shape");
  return writeBytes(path, array.type, array.shape,
                    StringRef(array.bytes.data(), array.bytes.size()));
}

/// Writes plain numbers as they lie in memory.
template <typename T>
static llvm::Error writeNumbers(StringRef path, NpyType type,
                                llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<T> values) {
  return writeBytes(path, type, shape,
                    StringRef(reinterpret_cast<const char *>(values.data()),
                              values.size() * sizeof(T)));
}

llvm::Error llsa::tools::writeNpy(StringRef path, llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<float> values) {
  return writeNumbers(path, NpyType::F32, shape, values);
}

llvm::Error llsa::tools::writeNpyHalf(StringRef path,
                                      llvm::ArrayRef<int64_t> shape,
                                      llvm::ArrayRef<uint16_t> bits) {
  return writeNumbers(path, NpyType::F16, shape, bits);
}

llvm::Error llsa::tools::writeNpy(StringRef path, llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int32_t> values) {
  return writeNumbers(path, NpyType::I32, shape, values);
}

llvm::Error llsa::tools::writeNpy(StringRef path, llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int8_t> values) {
  return writeNumbers(path, NpyType::I8, shape, values);
}
