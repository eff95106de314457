//===- KernelCache.cpp ------------------------------------------*- C++ -*-===//
#include "runtime/cache/KernelCache.h"

#include "runtime/support/Env.h"
#include "runtime/support/Exceptions.h"
#include "runtime/support/Log.h"

using namespace llvm;

namespace llsa::rt {

CacheOptions CacheOptions::fromEnvironment() {
  CacheOptions options;
  options.dir = env::cacheDir();
  options.sharedDirs = env::cacheSharedDirs();
  options.readOnly = env::cacheReadOnly();
  options.alwaysCompile = env::alwaysCompile();
  options.maxBytes = env::cacheMaxBytes();
  return options;
}

StringRef toString(Origin origin) {
  switch (origin) {
  case Origin::Memory:
    return "memory";
  case Origin::Disk:
    return "disk";
  case Origin::SharedDisk:
    return "shared disk";
  case Origin::Compiled:
    return "compiled";
  }
  llvm_unreachable("all origins are listed");
}

KernelCache::KernelCache(CacheOptions options)
    : settings(std::move(options)), disk(settings.dir) {
  for (const std::string &dir : settings.sharedDirs)
    shared.emplace_back(dir);
}

Expected<KernelCache::ProgramPtr> KernelCache::get(const CacheKey &key,
                                                   StringRef source,
                                                   CompileFn compile,
                                                   Origin *origin) {
  std::string hex = key.hex();
  std::promise<Outcome> promise;
  std::shared_future<Outcome> future;
  bool mine = false;
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto [it, isNew] = programs.try_emplace(hex);
    if (isNew)
      it->second = promise.get_future().share();
    future = it->second;
    mine = isNew;
  }
  if (mine) {
    Outcome outcome;
    // Whatever happens: the others wait.
    if (Error error = catchExceptions("variant '" + key.variant + "'", [&] {
          outcome = produce(key, source, compile);
          return Error::success();
        }))
      outcome = failure(std::move(error));
    if (!outcome.program) { // the next call shall try again
      std::lock_guard<std::mutex> lock(mutex);
      programs.erase(hex);
    }
    promise.set_value(std::move(outcome));
  }
  const Outcome &outcome = future.get();
  if (!outcome.program)
    return createStringError(outcome.code, outcome.error);
  if (origin)
    *origin = mine ? outcome.origin : Origin::Memory;
  return outcome.program;
}

KernelCache::Outcome KernelCache::failure(Error error) {
  Outcome outcome;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    outcome.error += (outcome.error.empty() ? "" : "\n") + info.message();
    outcome.code = info.convertToErrorCode();
  });
  return outcome;
}

KernelCache::Outcome KernelCache::produce(const CacheKey &key, StringRef source,
                                          CompileFn compile) {
  std::string hex = key.hex();
  Outcome outcome;
  bool useDisk = !settings.dir.empty();
  bool read = !settings.alwaysCompile, damaged = false;
  if (read && lookOnDisk(hex, outcome, damaged))
    return outcome;

  std::optional<FileLock> lock;
  if (useDisk && !settings.readOnly) {
    lock = disk.lock(hex, settings.lockTimeoutMs);
    if (!lock)
      log(LogLevel::Info, "no lock for {}; compiling without", hex);
    // Somebody may have published it while we waited.
    else if (read && !damaged && lookOnDisk(hex, outcome, damaged))
      return outcome;
  }
  Expected<Program> program = compile();
  if (!program)
    return failure(program.takeError());
  outcome.program = std::make_shared<const Program>(std::move(*program));
  outcome.origin = Origin::Compiled;
  if (useDisk && !settings.readOnly)
    storeOnDisk(key, source, *outcome.program,
                damaged || settings.alwaysCompile);
  return outcome;
}

bool KernelCache::lookOnDisk(const std::string &hex, Outcome &outcome,
                             bool &damaged) {
  auto look = [&](const DiskStore &store, Origin origin, bool touch) {
    Expected<std::optional<Program>> program = store.load(hex, touch);
    if (!program) {
      log(LogLevel::Warn, "cache entry cannot be used, compiling again: {}",
          llvm::toString(program.takeError()));
      damaged |= origin == Origin::Disk;
      return false;
    }
    if (!*program)
      return false;
    log(LogLevel::Debug, "cache hit ({}): {}", toString(origin).str(),
        store.entryPath(hex));
    outcome.program = std::make_shared<const Program>(std::move(**program));
    outcome.origin = origin;
    return true;
  };
  for (const DiskStore &store : shared)
    if (look(store, Origin::SharedDisk, /*touch=*/false))
      return true;
  return !settings.dir.empty() &&
         look(disk, Origin::Disk, /*touch=*/!settings.readOnly);
}

void KernelCache::storeOnDisk(const CacheKey &key, StringRef source,
                              const Program &program, bool replace) {
  Error error = disk.store(key, source, program, replace);
  if (!error)
    error = disk.prune(settings.maxBytes).takeError();
  if (!error)
    return;
  // Once: a full disk would otherwise be reported for every kernel.
  bool first = !reportedWriteFailure.exchange(true);
  log(first ? LogLevel::Warn : LogLevel::Debug,
      "cannot write the kernel cache, going on without: {}",
      llvm::toString(std::move(error)));
}

} // namespace llsa::rt
