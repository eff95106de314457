//===- KernelCacheTest.cpp - memory, disk, failures -------------*- C++ -*-===//
#include "test/unit/runtime/cache/CacheTesting.h"
#include "llvm/Support/FileSystem.h"
#include <csignal>
#include <functional>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// Asks a cache for kernel `i`, checks the result, tells how it came about.
struct Asked {
  Origin origin;
  int compiled = 0;
  std::string log;
};

Asked ask(KernelCache &cache, int i) {
  Asked asked;
  testing::internal::CaptureStderr();
  auto program = cache.get(
      keyOf(i), sourceOf(i),
      [&]() -> llvm::Expected<Program> {
        ++asked.compiled;
        return programOf(i);
      },
      &asked.origin);
  asked.log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(message(program.takeError()), "");
  EXPECT_TRUE(isProgramOf(**program, i));
  return asked;
}

/// As `ask` in a new process: nothing in memory.
Asked askAnew(const CacheOptions &options, int i) {
  KernelCache cache(options);
  return ask(cache, i);
}

TEST(KernelCache, MemoryThenDisk) {
  TemporaryFolder folder;
  KernelCache cache(cacheIn(folder.path));
  Asked first = ask(cache, 1);
  EXPECT_EQ(first.origin, Origin::Compiled);
  EXPECT_EQ(first.compiled, 1);
  EXPECT_EQ(first.log, "");
  Asked second = ask(cache, 1);
  EXPECT_EQ(second.origin, Origin::Memory);
  EXPECT_EQ(second.compiled, 0);
  Asked anew = askAnew(cacheIn(folder.path), 1);
  EXPECT_EQ(anew.origin, Origin::Disk);
  EXPECT_EQ(anew.compiled, 0);
  EXPECT_EQ(ask(cache, 2).compiled, 1);
}

TEST(KernelCache, EveryFieldOfTheKeyCounts) {
  std::set<std::string> names{keyOf(1).hex()};
  for (std::string CacheKey::*field :
       {&CacheKey::variant, &CacheKey::sourceHash, &CacheKey::spec,
        &CacheKey::target, &CacheKey::options, &CacheKey::build}) {
    CacheKey key = keyOf(1);
    key.*field += "x";
    EXPECT_TRUE(names.insert(key.hex()).second);
  }
  CacheKey shifted = keyOf(1);
  shifted.variant += shifted.sourceHash.substr(0, 1);
  shifted.sourceHash.erase(0, 1);
  EXPECT_TRUE(names.insert(shifted.hex()).second);
}

TEST(KernelCache, ThreadsCompileOnce) {
  KernelCache cache(cacheIn(""));
  std::atomic<int> compiled{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        auto program =
            cache.get(keyOf(i), "", [&]() -> llvm::Expected<Program> {
              ++compiled;
              usleep(30000);
              return programOf(i);
            });
        EXPECT_TRUE(isProgramOf(*get(std::move(program)), i));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiled, 3);
}

TEST(KernelCache, ErrorsGoToAllWhoWaitAndAreNotKept) {
  KernelCache cache(cacheIn(""));
  std::atomic<int> compiled{0}, failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      std::string text =
          message(cache.get(keyOf(1), "", [&]() -> llvm::Expected<Program> {
            ++compiled;
            usleep(100000);
            return llvm::createStringError(
                std::make_error_code(std::errc::not_enough_memory), "no");
          }));
      failed += text == "no";
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(failed, 4);
  int before = compiled;
  EXPECT_LE(before, 4);
  EXPECT_EQ(ask(cache, 1).compiled, 1);
}

TEST(KernelCache, AlwaysCompileReplaces) {
  TemporaryFolder folder;
  CacheOptions options = cacheIn(folder.path);
  askAnew(options, 1);
  options.alwaysCompile = true;
  EXPECT_EQ(askAnew(options, 1).compiled, 1);
  EXPECT_EQ(askAnew(cacheIn(folder.path), 1).origin, Origin::Disk);
}

TEST(KernelCache, SharedLocationsAreReadFirstAndNeverWritten) {
  TemporaryFolder shared, own;
  askAnew(cacheIn(shared.path), 1);
  CacheOptions options = cacheIn(own.path);
  options.sharedDirs = {"/nonexistent", shared.path};
  EXPECT_EQ(askAnew(options, 1).origin, Origin::SharedDisk);
  EXPECT_EQ(askAnew(options, 2).origin, Origin::Compiled);
  EXPECT_EQ(get(DiskStore(shared.path).list(DiskStore::Look::All)).size(), 1u);
  EXPECT_EQ(get(DiskStore(own.path).list(DiskStore::Look::All)).size(), 1u);

  // A damaged one is left as it is, and the own folder gets a good one.
  std::string code =
      DiskStore(shared.path).entryPath(keyOf(1).hex()) + "/code.bin";
  overwrite(code, "damaged");
  EXPECT_EQ(askAnew(options, 1).compiled, 1);
  EXPECT_EQ(get(readFile(code)), "damaged");
  EXPECT_EQ(askAnew(options, 1).origin, Origin::Disk);
}

TEST(KernelCache, ReadOnlyWritesNothing) {
  TemporaryFolder folder;
  CacheOptions options = cacheIn(folder.path);
  options.readOnly = true;
  EXPECT_EQ(askAnew(options, 1).compiled, 1);
  std::error_code code;
  EXPECT_EQ(llvm::sys::fs::directory_iterator(folder.path, code),
            llvm::sys::fs::directory_iterator());
  askAnew(cacheIn(folder.path), 1);
  EXPECT_EQ(askAnew(options, 1).origin, Origin::Disk);
}

//===----------------------------------------------------------------------===//
// Entries that cannot be used
//===----------------------------------------------------------------------===//

/// Damages an entry by `damage`; expects a warning with `text`, a compilation,
/// and a good entry afterwards.
void checkRecovers(std::function<void(const std::string &entry)> damage,
                   const std::string &text) {
  TemporaryFolder folder;
  CacheOptions options = cacheIn(folder.path);
  askAnew(options, 1);
  std::string entry = DiskStore(folder.path).entryPath(keyOf(1).hex());
  damage(entry);
  Asked asked = askAnew(options, 1);
  EXPECT_EQ(asked.compiled, 1) << text;
  EXPECT_EQ(asked.log, "llsa: warn: cache entry cannot be used, compiling "
                       "again: " +
                           entry + ": " + text + "\n");
  EXPECT_EQ(askAnew(options, 1).origin, Origin::Disk) << text;
  auto entries = get(DiskStore(folder.path).list(DiskStore::Look::All));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].problem, "");
}

TEST(KernelCache, TruncatedFiles) {
  auto shorten = [](const char *name) {
    return [name](const std::string &entry) {
      std::string data = get(readFile(entry + "/" + name));
      overwrite(entry + "/" + name, data.substr(0, data.size() - 1));
    };
  };
  checkRecovers(shorten("code.bin"), "code.bin has 4999 bytes, expected 5000");
  checkRecovers(shorten("spec.txt"), "spec.txt has 24 bytes, expected 25");
  checkRecovers(shorten("manifest"), "manifest is damaged");
  checkRecovers(
      [](const std::string &entry) { overwrite(entry + "/manifest", ""); },
      "manifest is damaged");
}

TEST(KernelCache, ChangedFiles) {
  auto flip = [](const char *name) {
    return [name](const std::string &entry) {
      std::string data = get(readFile(entry + "/" + name));
      data[data.size() / 2] ^= 1;
      overwrite(entry + "/" + name, data);
    };
  };
  for (const char *name :
       {"code.bin", "program.json", "variant.mlir", "spec.txt"})
    checkRecovers(flip(name),
                  std::string(name) + " does not have its checksum");
  checkRecovers(flip("manifest"), "manifest is damaged");
}

TEST(KernelCache, EveryByteOfAManifestIsChecked) {
  TemporaryFolder folder;
  DiskStore store(folder.path);
  EXPECT_EQ(message(store.store(keyOf(1), sourceOf(1), programOf(1), false)),
            "");
  std::string hex = keyOf(1).hex();
  std::string path = store.entryPath(hex) + "/manifest";
  std::string good = get(readFile(path));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 4;
    overwrite(path, bad);
    EXPECT_NE(message(store.load(hex, false)), "") << i;
    overwrite(path, good.substr(0, i));
    EXPECT_NE(message(store.load(hex, false)), "") << i;
  }
}

TEST(KernelCache, MissingFiles) {
  for (const char *name : {"manifest", "code.bin", "program.json"})
    checkRecovers(
        [name](const std::string &entry) {
          EXPECT_EQ(unlink((entry + "/" + name).c_str()), 0);
        },
        std::string("open ") + name + ": No such file or directory");
}

TEST(KernelCache, ForeignVersion) {
  checkRecovers(
      [](const std::string &entry) {
        std::string data = get(readFile(entry + "/manifest"));
        overwrite(entry + "/manifest",
                  "llsa-cache 99\n" + data.substr(data.find('\n') + 1));
      },
      "the entry has format version 99, expected 1");
}

TEST(KernelCache, AnEntryInTheWrongPlace) {
  TemporaryFolder other;
  askAnew(cacheIn(other.path), 2);
  std::string wrong = DiskStore(other.path).entryPath(keyOf(2).hex());
  checkRecovers(
      [&](const std::string &entry) {
        removeTree(entry);
        EXPECT_EQ(rename(wrong.c_str(), entry.c_str()), 0);
      },
      "the entry is that of key " + keyOf(2).hex());
}

TEST(KernelCache, AFileInPlaceOfAnEntry) {
  TemporaryFolder folder;
  CacheOptions options = cacheIn(folder.path);
  askAnew(options, 1);
  std::string entry = DiskStore(folder.path).entryPath(keyOf(1).hex());
  removeTree(entry);
  overwrite(entry, "not a folder");
  Asked asked = askAnew(options, 1);
  EXPECT_EQ(asked.compiled, 1);
  EXPECT_NE(asked.log.find("Not a directory"), std::string::npos);
  EXPECT_EQ(askAnew(options, 1).origin, Origin::Disk);
}

//===----------------------------------------------------------------------===//
// Disks that cannot be written
//===----------------------------------------------------------------------===//

/// Two kernels through a cache that cannot write: both work, one message.
void checkWorksWithoutDisk(const std::string &dir, const std::string &reason) {
  KernelCache cache(cacheIn(dir));
  Asked first = ask(cache, 1);
  EXPECT_EQ(first.compiled, 1);
  EXPECT_EQ(first.log.find("llsa: warn: cannot write the kernel cache, going "
                           "on without: "),
            0u)
      << first.log;
  EXPECT_NE(first.log.find(reason), std::string::npos) << first.log;
  Asked second = ask(cache, 2);
  EXPECT_EQ(second.compiled, 1);
  EXPECT_EQ(second.log, "");
  EXPECT_EQ(ask(cache, 1).origin, Origin::Memory);
}

TEST(KernelCache, UnwritablePlace) {
  TemporaryFolder folder;
  overwrite(folder.path + "/file", "");
  // Not by permissions: tests may run as root. First a place that cannot even
  // be looked at, which says so twice: when looking and when storing.
  KernelCache cache(cacheIn(folder.path + "/file/cache"));
  Asked asked = ask(cache, 1);
  EXPECT_EQ(asked.compiled, 1);
  EXPECT_NE(asked.log.find("cannot write the kernel cache"), std::string::npos);
  checkWorksWithoutDisk("/proc/llsa-cache", "mkdir /proc/llsa-cache");
}

TEST(KernelCache, NoPermission) {
  TemporaryFolder folder;
  // Root may write everywhere and becomes somebody else for a while.
  constexpr uid_t nobody = 65534;
  bool isRoot = geteuid() == 0;
  if (isRoot && (chown(folder.path.c_str(), nobody, gid_t(-1)) != 0 ||
                 seteuid(nobody) != 0))
    GTEST_SKIP() << "root may not become another user here";
  chmod(folder.path.c_str(), 0500);
  checkWorksWithoutDisk(folder.path, "Permission denied");
  chmod(folder.path.c_str(), 0700);
  if (isRoot) {
    ASSERT_EQ(seteuid(0), 0);
  }
}

TEST(KernelCache, FileTooLarge) {
  TemporaryFolder folder;
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000; // less than the code has
  auto handler = signal(SIGXFSZ, SIG_IGN);
  {
    KernelCache cache(cacheIn(folder.path));
    // Not through ask(): capturing stderr writes files too.
    setrlimit(RLIMIT_FSIZE, &small);
    Origin origin;
    auto program = cache.get(
        keyOf(1), sourceOf(1),
        []() -> llvm::Expected<Program> { return programOf(1); }, &origin);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_TRUE(isProgramOf(*get(std::move(program)), 1));
  }
  signal(SIGXFSZ, handler);
  EXPECT_EQ(get(DiskStore(folder.path).list(DiskStore::Look::All)).size(), 0u);
  EXPECT_EQ(get(DiskStore(folder.path).prune(0)).entries, 0u);
  EXPECT_EQ(askAnew(cacheIn(folder.path), 1).compiled, 1);
  EXPECT_EQ(askAnew(cacheIn(folder.path), 1).origin, Origin::Disk);
}

TEST(KernelCache, FullDisk) {
  TemporaryFolder folder;
  if (mount("tmpfs", folder.path.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "may not mount a small file system";
  // All but a page or two.
  overwrite(folder.path + "/ballast", std::string(48 << 10, 'x'));
  checkWorksWithoutDisk(folder.path, "No space left on device");
  EXPECT_EQ(get(DiskStore(folder.path).list(DiskStore::Look::All)).size(), 0u);
  unlink((folder.path + "/ballast").c_str());
  EXPECT_EQ(askAnew(cacheIn(folder.path), 1).compiled, 1);
  EXPECT_EQ(askAnew(cacheIn(folder.path), 1).origin, Origin::Disk);
  umount(folder.path.c_str());
}

TEST(KernelCache, ALockThatIsNeverReleasedOnlyDelays) {
  TemporaryFolder folder;
  CacheOptions options = cacheIn(folder.path);
  options.lockTimeoutMs = 100;
  auto lock = DiskStore(folder.path).lock(keyOf(1).hex(), 0);
  ASSERT_TRUE(lock);
  EXPECT_EQ(askAnew(options, 1).compiled, 1);
  EXPECT_EQ(askAnew(options, 1).origin, Origin::Disk);
}

} // namespace
