//===- llsa-cache.cpp - look after the kernel cache -------------*- C++ -*-===//
//
//   llsa-cache list|verify|prune|clear [--dir=DIR]
//   llsa-cache env
//
//===----------------------------------------------------------------------===//
#include "runtime/cache/DiskStore.h"
#include "runtime/support/Env.h"
#include "runtime/support/Log.h"
#include "tools/io/CommandLine.h"
#include <ctime>
#include <fmt/format.h>

using namespace llsa::rt;

namespace {

/// Prints an error and gives the exit status of a failure.
int fail(llvm::Error error) {
  fmt::print(stderr, "llsa-cache: {}\n", llvm::toString(std::move(error)));
  return 1;
}

std::string timeText(int64_t nanoseconds) {
  time_t seconds = time_t(nanoseconds / 1000000000);
  tm local{};
  char text[32];
  localtime_r(&seconds, &local);
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

int list(const DiskStore &store) {
  auto entries = store.list(DiskStore::Look::Manifest);
  if (!entries)
    return fail(entries.takeError());
  uint64_t bytes = 0;
  for (const DiskStore::Entry &entry : *entries) {
    bytes += entry.bytes;
    fmt::print("{}  {}  {:8.1f} KB  {}\n", entry.hex, timeText(entry.lastUse),
               double(entry.bytes) / 1024,
               entry.problem.empty()
                   ? entry.variant + "  " + entry.spec + "  " + entry.target
                   : "damaged: " + entry.problem);
  }
  fmt::print("{} entries, {:.1f} KB in {}\n", entries->size(),
             double(bytes) / 1024, store.path());
  return 0;
}

/// Exit status 1 when an entry is damaged.
int verify(const DiskStore &store) {
  auto entries = store.list(DiskStore::Look::All);
  if (!entries)
    return fail(entries.takeError());
  size_t damaged = 0;
  for (const DiskStore::Entry &entry : *entries)
    if (!entry.problem.empty()) {
      ++damaged;
      fmt::print("{}: {}\n", store.entryPath(entry.hex), entry.problem);
    }
  fmt::print("{} entries, {} damaged\n", entries->size(), damaged);
  return damaged ? 1 : 0;
}

int prune(const DiskStore &store, uint64_t maxBytes) {
  auto removed = store.prune(maxBytes);
  if (!removed)
    return fail(removed.takeError());
  fmt::print("removed {} entries, {:.1f} KB\n", removed->entries,
             double(removed->bytes) / 1024);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Looks after the cache of compiled kernels.", "llsa-cache");
  app.require_subcommand(1);
  std::string dir;
  uint64_t megabytes = 0;
  auto command = [&](const char *name, const char *doc) {
    CLI::App *sub = app.add_subcommand(name, doc);
    sub->add_option("--dir", dir, "the cache; by default LLSA_CACHE_DIR's");
    return sub;
  };
  CLI::App *listCommand = command("list", "all entries, last used first");
  CLI::App *verifyCommand =
      command("verify", "read every entry; status 1 if one is damaged");
  CLI::App *pruneCommand =
      command("prune", "remove what is beyond the size limit");
  CLI::Option *size =
      pruneCommand
          ->add_option("--size-mb", megabytes,
                       "the limit; by default LLSA_CACHE_SIZE_MB")
          ->check(llsa::tools::integerOf(0, env::kMostCacheMegabytes));
  CLI::App *clearCommand = command("clear", "remove all entries");
  CLI::App *envCommand =
      app.add_subcommand("env", "list the environment variables");

  return llsa::tools::runTool(app, argc, argv, [&] {
    env::reportUnknownVariables();
    if (envCommand->parsed()) {
      fmt::print("{}", env::describe());
      return 0;
    }
    if (dir.empty())
      dir = env::cacheDir();
    if (dir.empty()) {
      fmt::print(stderr, "llsa-cache: there is no cache: LLSA_CACHE_DIR is "
                         "'off', or there is no home folder; give --dir\n");
      return 1;
    }
    DiskStore store(dir);
    if (listCommand->parsed())
      return list(store);
    if (verifyCommand->parsed())
      return verify(store);
    if (pruneCommand->parsed())
      return prune(store,
                   size->count() ? megabytes << 20 : env::cacheMaxBytes());
    if (clearCommand->parsed())
      return prune(store, 0);
    llvm_unreachable("a subcommand is required");
  });
}
