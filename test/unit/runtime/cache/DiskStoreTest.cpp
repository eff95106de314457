//===- DiskStoreTest.cpp - list, verify, prune, clear -----------*- C++ -*-===//
#include "test/unit/runtime/cache/CacheTesting.h"
#include "llvm/Support/FileSystem.h"
#include <sys/stat.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

struct DiskStoreTest : testing::Test {
  TemporaryFolder folder;
  DiskStore store{folder.path};

  void put(int i, bool replace = false) {
    EXPECT_EQ(
        message(store.store(keyOf(i), sourceOf(i), programOf(i), replace)), "");
  }
  bool has(int i) {
    auto program = get(store.load(keyOf(i).hex(), false));
    return program && isProgramOf(*program, i);
  }
  /// Makes entry `i` look last used at `seconds`.
  void age(int i, time_t seconds) {
    timespec times[2] = {{seconds, 0}, {seconds, 0}};
    EXPECT_EQ(
        utimensat(AT_FDCWD, store.entryPath(keyOf(i).hex()).c_str(), times, 0),
        0);
  }
};

TEST_F(DiskStoreTest, AnEntryIsReadableByPeople) {
  put(3);
  std::string entry = store.entryPath(keyOf(3).hex());
  EXPECT_EQ(entry.find(folder.path + "/" + keyOf(3).hex().substr(0, 2) + "/"),
            0u);
  EXPECT_EQ(get(readFile(entry + "/spec.txt")), keyOf(3).spec);
  EXPECT_EQ(get(readFile(entry + "/variant.mlir")), sourceOf(3));
  EXPECT_EQ(get(readFile(entry + "/code.bin")), programOf(3).code);
  EXPECT_EQ(get(readFile(entry + "/program.json")), programOf(3).toJSON());
  EXPECT_EQ(get(readFile(entry + "/manifest")).find("llsa-cache 1\nkey "), 0u);
}

TEST_F(DiskStoreTest, ListTellsWhatAnEntryIs) {
  put(1);
  put(2);
  age(1, 2000);
  age(2, 1000);
  auto entries = get(store.list(DiskStore::Look::Manifest));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].hex, keyOf(1).hex());
  EXPECT_EQ(entries[0].lastUse, int64_t(2000) * 1000000000);
  EXPECT_EQ(entries[0].spec, keyOf(1).spec);
  EXPECT_EQ(entries[0].target, kFakeTarget);
  EXPECT_EQ(entries[0].build, "build-1");
  EXPECT_GT(entries[0].bytes, 5000u);
  EXPECT_EQ(entries[1].hex, keyOf(2).hex());
}

TEST_F(DiskStoreTest, VerifyFindsWhatListDoesNotRead) {
  put(1);
  overwrite(store.entryPath(keyOf(1).hex()) + "/code.bin",
            std::string(5000, 'z'));
  EXPECT_EQ(get(store.list(DiskStore::Look::Manifest))[0].problem, "");
  EXPECT_EQ(get(store.list(DiskStore::Look::All))[0].problem,
            "code.bin does not have its checksum");
}

TEST_F(DiskStoreTest, APipeInPlaceOfAFileIsDamage) {
  put(1);
  std::string code = store.entryPath(keyOf(1).hex()) + "/code.bin";
  ASSERT_EQ(unlink(code.c_str()), 0);
  ASSERT_EQ(mkfifo(code.c_str(), 0600), 0);
  EXPECT_NE(message(store.load(keyOf(1).hex(), false))
                .find("read code.bin: expected a regular file, got a pipe"),
            std::string::npos);
}

TEST_F(DiskStoreTest, FieldsMayHoldAnything) {
  CacheKey key = keyOf(1);
  key.variant = "a\nend b\nkey c";
  key.options = "";
  EXPECT_EQ(message(store.store(key, sourceOf(1), programOf(1), false)), "");
  EXPECT_EQ(get(store.list(DiskStore::Look::All))[0].variant, key.variant);
  EXPECT_EQ(get(store.list(DiskStore::Look::All))[0].problem, "");
}

TEST_F(DiskStoreTest, StoringTwiceKeepsTheFirst) {
  put(1);
  struct stat before, after;
  std::string entry = store.entryPath(keyOf(1).hex());
  stat(entry.c_str(), &before);
  put(1);
  stat(entry.c_str(), &after);
  EXPECT_EQ(before.st_ino, after.st_ino);
  put(1, /*replace=*/true);
  stat(entry.c_str(), &after);
  EXPECT_NE(before.st_ino, after.st_ino);
  EXPECT_TRUE(has(1));
  std::error_code code;
  EXPECT_EQ(llvm::sys::fs::directory_iterator(folder.path + "/tmp", code),
            llvm::sys::fs::directory_iterator())
      << "nothing is left behind";
}

TEST_F(DiskStoreTest, PruneRemovesTheLeastRecentlyUsed) {
  for (int i = 0; i < 6; ++i) {
    put(i);
    age(i, 1000 + i);
  }
  (void)get(store.load(keyOf(0).hex(), /*touch=*/true)); // now the newest
  uint64_t each = get(store.list(DiskStore::Look::Manifest))[0].bytes;
  DiskStore::Removed removed = get(store.prune(3 * each + 100));
  EXPECT_EQ(removed.entries, 3u);
  EXPECT_GT(removed.bytes, 3 * 5000u);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(has(i), i == 0 || i == 4 || i == 5) << i;
  EXPECT_EQ(get(store.prune(uint64_t(1) << 40)).entries, 0u);
  EXPECT_EQ(get(store.prune(0)).entries, 3u);
  EXPECT_TRUE(get(store.list(DiskStore::Look::Manifest)).empty());
}

TEST_F(DiskStoreTest, AStoreKeepsTheCacheWithinItsSize) {
  CacheOptions options = cacheIn(folder.path);
  options.maxBytes = 40000;
  for (int i = 0; i < 20; ++i) {
    KernelCache cache(options);
    EXPECT_EQ(message(cache.get(
                  keyOf(i), sourceOf(i),
                  [&] { return llvm::Expected<Program>(programOf(i)); })),
              "");
  }
  uint64_t bytes = 0;
  for (const DiskStore::Entry &entry : get(store.list(DiskStore::Look::All)))
    bytes += entry.bytes;
  EXPECT_LE(bytes, 40000u);
  EXPECT_TRUE(has(19));
  EXPECT_FALSE(has(0));
}

TEST_F(DiskStoreTest, AnEmptyPlaceIsNoError) {
  DiskStore nowhere(folder.path + "/nowhere");
  EXPECT_TRUE(get(nowhere.list(DiskStore::Look::All)).empty());
  EXPECT_FALSE(get(nowhere.load(keyOf(1).hex(), true)));
  EXPECT_EQ(message(nowhere.remove(keyOf(1).hex())), "");
}

} // namespace
