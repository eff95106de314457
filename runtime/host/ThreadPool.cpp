//===- ThreadPool.cpp -------------------------------------------*- C++ -*-===//
#include "runtime/host/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>
#include <vector>

using namespace llvm;

namespace llsa::rt {

namespace {

/// Room for what runs below a kernel (libm, the loop that calls it).
constexpr int64_t kStackMargin = 256 << 10;
/// More than any address space has: asking for it fails with a message.
constexpr int64_t kMostStackBytes = int64_t(1) << 60;

unsigned availableCPUs() {
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0)
    return unsigned(std::max(CPU_COUNT(&mask), 1));
  return unsigned(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
}

} // namespace

struct ThreadPool::State {
  using Body = function_ref<void(int64_t, int64_t)>;

  unsigned wanted;             ///< threads
  int64_t stack = 0;           ///< bytes that the running threads have
  uint64_t born = 0;           ///< generation in which they were made
  std::atomic<pid_t> owner{0}; ///< the process in which they run
  std::vector<pthread_t> threads;

  std::mutex launch; ///< held by the caller whose work runs

  std::mutex mutex; ///< guards all below, except `next`
  std::condition_variable workCame, workDone;
  uint64_t generation = 0; ///< counts calls, to tell new work from old
  bool stopping = false;
  unsigned busy = 0; ///< threads that have not finished this generation
  const Body *body = nullptr;
  int64_t items = 0;
  std::atomic<int64_t> next{0}; ///< first item that nobody has taken

  static void *threadMain(void *argument) {
    static_cast<State *>(argument)->loop();
    return nullptr;
  }

  void loop() {
    // A caller that flushes denormals must not change results.
    std::fesetenv(FE_DFL_ENV);
    uint64_t seen = born;
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      workCame.wait(lock, [&] { return stopping || generation != seen; });
      if (stopping)
        return;
      seen = generation;
      lock.unlock();
      takeChunks();
      lock.lock();
      if (--busy == 0)
        workDone.notify_all();
    }
  }

  /// Large chunks first, single items last: few steps over the shared counter,
  /// and no thread left alone with much work at the end.
  void takeChunks() {
    int64_t share = 4 * int64_t(threads.size());
    int64_t first = next.load(std::memory_order_relaxed);
    while (first < items) {
      int64_t chunk = std::max<int64_t>((items - first) / share, 1);
      if (!next.compare_exchange_weak(first, first + chunk,
                                      std::memory_order_relaxed))
        continue;
      (*body)(first, first + chunk);
      first = next.load(std::memory_order_relaxed);
    }
  }

  Error start(int64_t stackBytes) {
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    int64_t page = ::sysconf(_SC_PAGESIZE);
    int64_t bytes = (stackBytes + page - 1) / page * page;
    int failure = ::pthread_attr_setstacksize(&attributes, size_t(bytes));
    threads.reserve(wanted);
    born = generation;
    owner = ::getpid();
    for (unsigned i = 0; i < wanted && failure == 0; ++i) {
      pthread_t thread;
      failure = ::pthread_create(&thread, &attributes, threadMain, this);
      if (failure == 0)
        threads.push_back(thread);
    }
    ::pthread_attr_destroy(&attributes);
    // Fewer threads than wanted do the same work, only later.
    if (threads.empty())
      return createStringError(
          std::error_code(failure, std::generic_category()),
          fmt::format("cannot start a thread with a stack of {} bytes: {}",
                      bytes, std::generic_category().message(failure)));
    stack = bytes;
    return Error::success();
  }

  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    workCame.notify_all();
    for (pthread_t thread : threads)
      ::pthread_join(thread, nullptr);
    threads.clear();
    stopping = false;
  }
};

ThreadPool::ThreadPool(unsigned threads) : state(std::make_unique<State>()) {
  state->wanted = threads ? threads : availableCPUs();
}

ThreadPool::~ThreadPool() {
  // In a forked child the threads do not exist, and what they held stays held.
  if (state->owner != 0 && state->owner != ::getpid()) {
    (void)state.release();
    return;
  }
  state->stop();
}

unsigned ThreadPool::size() const { return state->wanted; }

Error ThreadPool::parallelFor(int64_t items, int64_t stackBytes,
                              function_ref<void(int64_t, int64_t)> body) {
  if (items <= 0)
    return Error::success();
  State &pool = *state;
  if (pool.owner != 0 && pool.owner != ::getpid())
    return createStringError(
        inconvertibleErrorCode(),
        "this process was forked from one that had run kernels; its threads "
        "do not exist here: make a new context after the fork");
  std::lock_guard<std::mutex> launch(pool.launch);
  int64_t needed = std::max(kStackBytes, std::min(stackBytes, kMostStackBytes) +
                                             kStackMargin);
  if (needed > pool.stack)
    pool.stop();
  if (pool.threads.empty())
    if (Error error = pool.start(needed))
      return error;

  std::unique_lock<std::mutex> lock(pool.mutex);
  pool.body = &body;
  pool.items = items;
  pool.next.store(0, std::memory_order_relaxed);
  pool.busy = unsigned(pool.threads.size());
  ++pool.generation;
  lock.unlock();
  pool.workCame.notify_all();
  lock.lock();
  pool.workDone.wait(lock, [&] { return pool.busy == 0; });
  pool.body = nullptr;
  return Error::success();
}

} // namespace llsa::rt
