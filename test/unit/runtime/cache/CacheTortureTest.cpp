//===- CacheTortureTest.cpp - processes that are killed ---------*- C++ -*-===//
//
// Eight processes compile the same and other keys in one cache and are killed
// at random. Afterwards: no wrong result, no damaged entry, no warning, nobody
// waits for the dead, and what was published stayed.
//
//===----------------------------------------------------------------------===//
#include "test/unit/runtime/cache/CacheTesting.h"
#include <chrono>
#include <csignal>
#include <set>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;
using Clock = std::chrono::steady_clock;

namespace {

struct Torture : testing::Test {
  TemporaryFolder folder;
  std::string dir = folder.path + "/cache";
  std::string journal = folder.path + "/journal";
  std::string errors = folder.path + "/stderr";
  int seed = 0;

  pid_t start(int keys, int rounds, uint64_t maxBytes, int compileUs) {
    std::string args[] = {LLSA_TORTURE_WORKER,       dir,
                          std::to_string(++seed),    std::to_string(keys),
                          std::to_string(rounds),    std::to_string(maxBytes),
                          std::to_string(compileUs), journal};
    std::vector<char *> argv;
    for (std::string &arg : args)
      argv.push_back(arg.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0666);
    pid_t pid = -1;
    EXPECT_EQ(
        posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
  }

  /// Waits for a worker that ends by itself; false when it takes too long.
  bool finish(pid_t pid, int seconds) {
    Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
      if (Clock::now() > end) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return false;
      }
      usleep(5000);
    }
    EXPECT_EQ(status, 0) << "a worker failed";
    return true;
  }

  /// How often each line stands in the journal.
  std::map<std::string, int> journalLines() {
    std::map<std::string, int> lines;
    std::istringstream text(get(readFile(journal)));
    for (std::string line; std::getline(text, line);)
      ++lines[line];
    return lines;
  }

  /// Runs eight workers for `seconds`, killing one of them all the time.
  int killAtRandom(int keys, uint64_t maxBytes, double seconds) {
    std::mt19937 random(42);
    std::vector<pid_t> workers;
    auto startOne = [&] { return start(keys, 0, maxBytes, 20000); };
    for (int i = 0; i < 8; ++i)
      workers.push_back(startOne());
    Clock::time_point end =
        Clock::now() + std::chrono::microseconds(int64_t(seconds * 1e6));
    int killed = 0;
    while (Clock::now() < end) {
      usleep(1000 + random() % 30000);
      pid_t &victim = workers[random() % workers.size()];
      kill(victim, SIGKILL);
      int status = 0;
      waitpid(victim, &status, 0);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
          << "a worker ended by itself: status " << status;
      ++killed;
      victim = startOne();
    }
    for (pid_t worker : workers) {
      kill(worker, SIGKILL);
      waitpid(worker, nullptr, 0);
    }
    return killed;
  }

  /// What must hold once all is quiet.
  void checkCache() {
    for (const DiskStore::Entry &entry :
         get(DiskStore(dir).list(DiskStore::Look::All)))
      EXPECT_EQ(entry.problem, "") << entry.hex;
    EXPECT_EQ(get(readFile(errors)), "") << "nobody had to warn";
    // Nobody waits for the dead.
    pid_t last = start(4, 50, uint64_t(1) << 30, 1000);
    EXPECT_TRUE(finish(last, 60));
  }
};

TEST_F(Torture, KilledProcessesDoNoHarm) {
  constexpr int kKeys = 200;
  int killed = killAtRandom(kKeys, uint64_t(1) << 30, 7);
  EXPECT_GT(killed, 20);
  checkCache();
  // An answer was published before it was given, so it must still be there:
  // asking for every key compiles none that was ever answered.
  std::map<std::string, int> lines = journalLines();
  std::set<std::string> onDisk;
  for (const DiskStore::Entry &entry :
       get(DiskStore(dir).list(DiskStore::Look::Manifest)))
    onDisk.insert(entry.hex);
  int answered = 0;
  for (int key = 0; key < kKeys; ++key)
    if (lines.count("a " + std::to_string(key))) {
      ++answered;
      EXPECT_TRUE(onDisk.count(keyOf(key).hex())) << key;
    }
  EXPECT_GT(answered, 20);
}

TEST_F(Torture, KilledProcessesWhileEntriesArePruned) {
  EXPECT_GT(killAtRandom(30, 300000, 4), 10);
  checkCache();
}

TEST_F(Torture, ProcessesCompileOnce) {
  std::vector<pid_t> workers;
  for (int i = 0; i < 4; ++i)
    workers.push_back(start(3, 20, uint64_t(1) << 30, 200000));
  for (pid_t worker : workers)
    EXPECT_TRUE(finish(worker, 60));
  std::map<std::string, int> lines = journalLines();
  for (const char *line : {"c 0", "c 1", "c 2"})
    EXPECT_EQ(lines[line], 1) << line;
  EXPECT_EQ(lines["a 0"] + lines["a 1"] + lines["a 2"], 80);
}

} // namespace
