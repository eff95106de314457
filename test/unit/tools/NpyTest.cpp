//===- NpyTest.cpp - .npy files, good and bad -----------------------------===//
#include "tools/io/Npy.h"
#include "test/unit/tools/TemporaryFolder.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

using namespace llsa::tools;
using llvm::StringRef;

/// A .npy file's bytes.
static std::string makeNpy(StringRef header, StringRef data, char major = 1) {
  std::string out("\x93NUMPY", 6);
  out += major;
  out += '\0';
  for (int byte = 0; byte < (major == 1 ? 2 : 4); ++byte)
    out += static_cast<char>(header.size() >> (8 * byte) & 0xFF);
  return out + header.str() + data.str();
}

template <typename T> static std::string bytesOf(std::vector<T> values) {
  return std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

static const char *kHeader23 =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";

TEST(Npy, RoundTripOfEveryType) {
  TemporaryFolder folder;
  std::string file = folder.path("a.npy");
  std::vector<float> floats = {1.5f, -0.0f, INFINITY, 1e-40f, 5, 6};
  ASSERT_EQ(messageOf(writeNpy(file, {1, 2, 3}, floats)), "");
  NpyArray array = valueOf(readNpy(file, {{NpyType::F32}, {1, -1, 3}}));
  EXPECT_EQ(array.shape, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(array.toFloats(), floats);

  std::vector<int32_t> ints = {-1, 0, 2147483647};
  ASSERT_EQ(messageOf(writeNpy(file, {3}, ints)), "");
  array = valueOf(readNpy(file));
  EXPECT_EQ(array.type, NpyType::I32);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{3}));
  EXPECT_EQ(array.toInts(), ints);

  std::vector<int8_t> bytes = {-128, 0, 127};
  ASSERT_EQ(messageOf(writeNpy(file, {3}, bytes)), "");
  array = valueOf(readNpy(file));
  EXPECT_EQ(array.type, NpyType::I8);
  EXPECT_EQ(array.toInts(), (std::vector<int32_t>{-128, 0, 127}));

  std::vector<uint16_t> halves = {0x3C00, 0xC000, 0x0001,
                                  0x7C00, 0x8000, 0x7BFF};
  ASSERT_EQ(messageOf(writeNpyHalf(file, {6}, halves)), "");
  array = valueOf(readNpy(file));
  EXPECT_EQ(array.toFloats(),
            (std::vector<float>{1, -2, 0x1p-24f, INFINITY, -0.0f, 65504}));
  NpyArray empty;
  empty.shape = {0, 4};
  ASSERT_EQ(messageOf(writeNpy(file, empty)), "");
  EXPECT_EQ(valueOf(readNpy(file)).shape, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(folder.count(), 1); // nothing is left aside
}

TEST(Npy, HalfNaNStaysNaN) {
  NpyArray array{NpyType::F16, {1}, {'\x01', '\x7E'}};
  EXPECT_TRUE(std::isnan(array.toFloats()[0]));
}

TEST(Npy, WrittenAsNumpyWrites) {
  TemporaryFolder folder;
  std::string file = folder.path("a.npy");
  ASSERT_EQ(messageOf(writeNpy(file, {2}, std::vector<float>{1, 2})), "");
  auto buffer = llvm::MemoryBuffer::getFile(file);
  ASSERT_TRUE(bool(buffer));
  StringRef content = (*buffer)->getBuffer();
  EXPECT_EQ(content.size(), 128u + 8); // elements begin at a multiple of 64
  EXPECT_EQ(content.substr(0, 8), StringRef("\x93NUMPY\x01\x00", 8));
  EXPECT_TRUE(content.substr(10).starts_with(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  "));
  EXPECT_EQ(content[127], '\n');
}

TEST(Npy, VersionsTwoAndThreeAndOtherSpellings) {
  std::string data = bytesOf<float>({1, 2, 3, 4, 5, 6});
  for (char major : {1, 2, 3})
    EXPECT_EQ(
        valueOf(parseNpy(makeNpy(kHeader23, data, major), "a")).toFloats()[5],
        6);
  EXPECT_EQ(valueOf(parseNpy(makeNpy("{\"shape\":(6,),\"fortran_order\":False,"
                                     "\"descr\":\"<f4\"}",
                                     data),
                             "a"))
                .shape,
            (std::vector<int64_t>{6}));
  EXPECT_EQ(
      valueOf(
          parseNpy(
              makeNpy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}",
                      bytesOf<float>({7})),
              "a"))
          .toFloats(),
      (std::vector<float>{7}));
}

TEST(Npy, WrongContentIsRefused) {
  std::string data = bytesOf<float>({1, 2, 3, 4, 5, 6});
  auto refused = [&](StringRef content, NpyExpectation expected = {}) {
    return messageOf(parseNpy(content, "q.npy", expected));
  };
  auto withHeader = [&](StringRef header) { return makeNpy(header, data); };
  EXPECT_EQ(refused(""),
            "'q.npy': not a .npy file: it does not begin with \\x93NUMPY");
  EXPECT_EQ(refused("PK\x03\x04 a zip"),
            "'q.npy': not a .npy file: it does not begin with \\x93NUMPY");
  EXPECT_EQ(refused(makeNpy(kHeader23, data, 9)),
            "'q.npy': expected .npy version 1, 2 or 3, got 9");
  EXPECT_EQ(refused(withHeader(
                "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}")),
            "'q.npy': expected little-endian elements, got big-endian float32");
  EXPECT_EQ(
      refused(withHeader(
          "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}")),
      "'q.npy': expected elements of float32 or float16 or int32 or int8, got "
      "'<f8'");
  EXPECT_EQ(
      refused(withHeader("{'descr': [('x', '<f4')], 'fortran_order': False, "
                         "'shape': (3,)}")),
      "'q.npy': expected elements of float32 or float16 or int32 or int8, got "
      "a structured type");
  EXPECT_EQ(refused(withHeader(
                "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}")),
            "'q.npy': expected C order, got Fortran order "
            "(numpy.ascontiguousarray converts "
            "it)");
  EXPECT_EQ(refused(makeNpy(kHeader23, data), {{NpyType::I32}, {}}),
            "'q.npy': expected elements of int32, got float32");
  EXPECT_EQ(refused(makeNpy(kHeader23, data), {{}, {1, -1, 4}}),
            "'q.npy': expected shape (1, ?, 4), got (2, 3)");
  EXPECT_EQ(refused(makeNpy(kHeader23, data), {{}, {2, 4}}),
            "'q.npy': expected shape (2, 4), got (2, 3)");
  EXPECT_EQ(refused(makeNpy(kHeader23, data + "x")),
            "'q.npy': too long: shape (2, 3) of float32 needs 24 bytes, 25 "
            "follow the header");
  EXPECT_EQ(refused(withHeader("{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (4294967296, 4294967296, 4)}")),
            "'q.npy': shape (4294967296, 4294967296, 4) is too large");
}

TEST(Npy, DamagedHeadersAreRefused) {
  for (const char *header :
       {"", "{", "{}", "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{descr: '<f4'}", "{'descr' '<f4'}", "{'", "{'descr': "}) {
    std::string message = messageOf(parseNpy(makeNpy(header, ""), "q.npy"));
    EXPECT_EQ(message.rfind("'q.npy': damaged header: ", 0), 0u)
        << header << ": " << message;
  }
}

TEST(Npy, EveryTruncationIsRefused) {
  std::string content = makeNpy(kHeader23, bytesOf<float>({1, 2, 3, 4, 5, 6}));
  for (size_t length = 6; length < content.size(); ++length) {
    std::string message =
        messageOf(parseNpy(StringRef(content).take_front(length), "q.npy"));
    EXPECT_EQ(message.rfind("'q.npy': truncated", 0), 0u)
        << length << ": " << message;
  }
}

TEST(Npy, FlippedBytesNeverCrash) {
  std::string content = makeNpy(kHeader23, bytesOf<float>({1, 2, 3, 4, 5, 6}));
  for (size_t at = 0; at < content.size(); ++at)
    for (int flip = 1; flip < 256; flip += 7) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      (void)messageOf(parseNpy(damaged, "q.npy"));
    }
}

TEST(Npy, FilesThatCannotBeReadOrWritten) {
  TemporaryFolder folder;
  std::string missing = folder.path("missing.npy");
  EXPECT_EQ(messageOf(readNpy(missing)),
            "cannot read array '" + missing + "': No such file or directory");
  EXPECT_EQ(messageOf(readNpy(folder.path("."))),
            "cannot read array '" + folder.path(".") +
                "': it is a directory, not a file");
  EXPECT_EQ(
      messageOf(readNpy("/dev/null")),
      "cannot read array '/dev/null': it is a device or pipe, not a file");
  std::string nowhere = folder.path("no/such/folder.npy");
  EXPECT_EQ(messageOf(writeNpy(nowhere, {1}, std::vector<float>{1})),
            "cannot write '" + nowhere + "': No such file or directory");
  if (geteuid() != 0) { // root may read everything
    std::string closed = folder.write("closed.npy", "x");
    llvm::sys::fs::setPermissions(closed, llvm::sys::fs::no_perms);
    EXPECT_EQ(messageOf(readNpy(closed)),
              "cannot read array '" + closed + "': Permission denied");
  }
}

TEST(Npy, AWriteThatFailsLeavesNothing) {
  TemporaryFolder folder;
  // A limit on the size of files fails a write in its middle, as a full disk
  // does.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = {1000, before.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string file = folder.path("a.npy");
  std::string message =
      messageOf(writeNpy(file, {1000}, std::vector<float>(1000)));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, "cannot write '" + file + "': File too large");
  EXPECT_EQ(folder.count(), 0);
}

TEST(Npy, ARenameThatFailsLeavesNothing) {
  TemporaryFolder folder;
  std::string target = folder.path("taken");
  ASSERT_FALSE(llvm::sys::fs::create_directory(target));
  std::string message = messageOf(writeNpy(target, {1}, std::vector<float>{1}));
  EXPECT_EQ(message, "cannot write '" + target + "': Is a directory");
  EXPECT_EQ(folder.count(), 1);
}
