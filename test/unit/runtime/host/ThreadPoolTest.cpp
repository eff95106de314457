//===- ThreadPoolTest.cpp ---------------------------------------*- C++ -*-===//
#include "runtime/host/ThreadPool.h"
#include "test/unit/runtime/Testing.h"
#include <alloca.h>
#include <atomic>
#include <sys/wait.h>
#include <thread>

using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// Runs `items` items and checks that each was done once.
void checkCovers(ThreadPool &pool, int64_t items) {
  std::vector<std::atomic<int>> done(static_cast<size_t>(items));
  EXPECT_EQ(message(pool.parallelFor(items, 0,
                                     [&](int64_t first, int64_t last) {
                                       for (int64_t i = first; i < last; ++i)
                                         ++done[size_t(i)];
                                     })),
            "");
  for (std::atomic<int> &count : done)
    ASSERT_EQ(count, 1);
}

TEST(ThreadPool, EveryItemOnce) {
  for (unsigned threads : {1u, 2u, 7u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int64_t items : {0, 1, 2, 5, 64, 1000, 100003})
      checkCovers(pool, items);
  }
}

TEST(ThreadPool, ManyShortLaunches) {
  ThreadPool pool(4);
  std::atomic<int64_t> sum{0};
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(
        message(pool.parallelFor(
            3, 0, [&](int64_t first, int64_t last) { sum += last - first; })),
        "");
  EXPECT_EQ(sum, 15000);
}

TEST(ThreadPool, SeveralCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        checkCovers(pool, 100);
    });
  for (std::thread &caller : callers)
    caller.join();
}

/// Touches every page of `bytes` of stack.
void useStack(size_t bytes) {
  volatile char *memory = static_cast<volatile char *>(alloca(bytes));
  for (size_t i = 0; i < bytes; i += 4096)
    memory[i] = 1;
}

TEST(ThreadPool, StacksAreBigAndGrow) {
  ThreadPool pool(2);
  auto use = [&](int64_t bytes) {
    return message(pool.parallelFor(
        4, bytes, [&](int64_t, int64_t) { useStack(size_t(bytes)); }));
  };
  EXPECT_EQ(use(60 << 20), "");
  EXPECT_EQ(use(100 << 20), "");
  checkCovers(pool, 10);
}

TEST(ThreadPool, AnImpossibleStackIsAnErrorAndThePoolLivesOn) {
  ThreadPool pool(2);
  checkCovers(pool, 10);
  std::string text =
      message(pool.parallelFor(1, int64_t(1) << 58, [](int64_t, int64_t) {}));
  EXPECT_EQ(text.find("cannot start a thread with a stack of 28823037615"), 0u)
      << text;
  checkCovers(pool, 10);
}

TEST(ThreadPool, AForkedChildGetsAnErrorInsteadOfHanging) {
  auto pool = std::make_unique<ThreadPool>(2);
  checkCovers(*pool, 10);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    std::string text =
        message(pool->parallelFor(1, 0, [](int64_t, int64_t) {}));
    pool.reset();
    _exit(text.find("this process was forked") == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

} // namespace
