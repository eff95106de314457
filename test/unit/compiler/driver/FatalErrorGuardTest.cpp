#include "compiler/target/host/FatalErrorGuard.h"
#include "llvm/Support/ErrorHandling.h"
#include <gtest/gtest.h>
#include <new>
#include <thread>

using namespace llsa;

static llvm::Error fatal(const char *reason) {
  return runGuarded([&]() -> llvm::Error {
    llvm::report_fatal_error(reason, /*gen_crash_diag=*/false);
  });
}

TEST(FatalErrorGuard, PassesResultsThrough) {
  EXPECT_FALSE(bool(runGuarded([] { return llvm::Error::success(); })));
  EXPECT_EQ(toString(runGuarded([] {
              return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                             "plain");
            })),
            "plain");
}

TEST(FatalErrorGuard, TurnsFatalErrorsIntoErrors) {
  EXPECT_EQ(toString(fatal("Cannot select: x")),
            "the code generator failed: Cannot select: x");
  // And again: the guard is not used up.
  EXPECT_EQ(toString(fatal("again")), "the code generator failed: again");
}

TEST(FatalErrorGuard, NestsAndKeepsThreadsApart) {
  std::string other;
  llvm::Error error = runGuarded([&]() -> llvm::Error {
    std::thread([&] { other = toString(fatal("in a thread")); }).join();
    std::string inner = toString(fatal("inner"));
    EXPECT_EQ(inner, "the code generator failed: inner");
    llvm::report_fatal_error("outer", false);
  });
  EXPECT_EQ(toString(std::move(error)), "the code generator failed: outer");
  EXPECT_EQ(other, "the code generator failed: in a thread");
}

TEST(FatalErrorGuard, GoesWithAnException) {
  llvm::Error error = runGuarded([&]() -> llvm::Error {
    try {
      (void)runGuarded([]() -> llvm::Error { throw std::bad_alloc(); });
    } catch (const std::bad_alloc &) {
    }
    llvm::report_fatal_error("outer", false); // not to where the inner one was
  });
  EXPECT_EQ(toString(std::move(error)), "the code generator failed: outer");
}

TEST(FatalErrorGuardDeathTest, OutsideOfAGuardTheProcessEnds) {
  EXPECT_FALSE(bool(runGuarded([] { return llvm::Error::success(); })));
  EXPECT_DEATH(llvm::report_fatal_error("unguarded", false),
               "LLVM ERROR: unguarded");
}
