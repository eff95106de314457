//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//
//
// Reads and writes arrays of float32, float16, int32 and int8, little endian,
// in C order, format versions 1 to 3: what `numpy.save` writes and `numpy.load`
// reads. Everything else is refused with a message that names the file, what
// was expected and what came.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_IO_NPY_H
#define LLSA_TOOLS_IO_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace llsa::tools {

enum class NpyType { F32, F16, I32, I8 };
/// "float32", "float16", "int32", "int8".
llvm::StringRef toString(NpyType type);
/// Bytes of one element.
int64_t byteSize(NpyType type);

/// An array as it stands in a file. float16 elements are kept as their bits.
struct NpyArray {
  NpyType type = NpyType::F32;
  std::vector<int64_t> shape;
  std::vector<char> bytes;

  int64_t numElements() const;
  /// The elements as float32 (float16 exactly); not for integers.
  std::vector<float> toFloats() const;
  /// The elements of an array of integers.
  std::vector<int32_t> toInts() const;
};

/// What a caller can take.
struct NpyExpectation {
  std::vector<NpyType> types; ///< empty: any of the four
  std::vector<int64_t> shape; ///< empty: any; -1: any extent on this axis
};

/// Reads `path`, or says what is wrong with it.
llvm::Expected<NpyArray> readNpy(llvm::StringRef path,
                                 const NpyExpectation &expected = {});

/// The same from a file's content; `name` stands in the messages.
llvm::Expected<NpyArray> parseNpy(llvm::StringRef content, llvm::StringRef name,
                                  const NpyExpectation &expected = {});

/// Writes `array`, aside and renamed, in format version 1.
llvm::Error writeNpy(llvm::StringRef path, const NpyArray &array);
/// Writes floats as float32.
llvm::Error writeNpy(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<float> values);
/// Writes the bits of float16 numbers.
llvm::Error writeNpyHalf(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                         llvm::ArrayRef<uint16_t> bits);
/// Writes int32 numbers.
llvm::Error writeNpy(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int32_t> values);
/// Writes int8 numbers.
llvm::Error writeNpy(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int8_t> values);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_NPY_H
