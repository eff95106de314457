//===- llsa-fuzz.cpp - random variants, right and wrong -------------------===//
//
//   llsa-fuzz --variants=DIR [--seconds=60] [--inputs=N] [--seed=1|random]
//             [--save=DIR]
//   llsa-fuzz --variants=DIR --one=SEED     one input, in this process
//
// Every input must end in results that agree with the reference, or in a
// diagnostic that says what is wrong; never in a crash, a hang or a wrong
// result. Each runs in a process of its own, with limits on time and memory.
// Inputs that do not end well are saved.
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/Child.h"
#include "tools/io/Files.h"
#include "llvm/Support/FileSystem.h"
#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <map>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llsa;
using namespace llsa::fuzz;
using Clock = std::chrono::steady_clock;

namespace {
struct FuzzOptions {
  std::string variants, save = "fuzz-failures";
  double seconds = 60;
  uint64_t seed = 1, one = 0;
  uint64_t inputs = std::numeric_limits<uint64_t>::max(); ///< at most
  bool justOne = false;
};

/// A child may take this long, even when it only waits. One that works for too
/// long is stopped earlier, by the limit on its processor time (Child.cpp); a
/// busy machine does not count as a hang.
constexpr std::chrono::seconds kTimeout{150};

struct Running {
  uint64_t seed;
  std::string log;
  Clock::time_point end;
  bool killed = false;
};

std::optional<FuzzOptions> parseOptions(int argc, char **argv) {
  FuzzOptions out;
  for (int i = 1; i < argc; ++i) {
    auto [key, value] = llvm::StringRef(argv[i]).split('=');
    bool bad = false;
    if (key == "--variants")
      out.variants = value.str();
    else if (key == "--save")
      out.save = value.str();
    else if (key == "--seconds")
      bad = value.getAsDouble(out.seconds);
    else if (key == "--inputs")
      bad = value.getAsInteger(10, out.inputs);
    else if (key == "--seed" && value == "random")
      out.seed = std::random_device()() * uint64_t(1000000);
    else if (key == "--seed")
      bad = value.getAsInteger(10, out.seed);
    else if (key == "--one")
      bad = value.getAsInteger(10, out.one), out.justOne = true;
    else
      bad = true;
    if (bad) {
      fmt::print(stderr,
                 "llsa-fuzz: expected --variants=DIR, --seconds=N, "
                 "--inputs=N, --seed=N|random, --save=DIR "
                 "or --one=SEED, got {}\n",
                 argv[i]);
      return std::nullopt;
    }
  }
  return out;
}

/// All .mlir files of a folder, sorted by name.
std::vector<std::string> readCorpus(const std::string &folder) {
  std::vector<std::string> paths, texts;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator file(folder, code), end;
       file != end && !code; file.increment(code))
    if (llvm::StringRef(file->path()).ends_with(".mlir"))
      paths.push_back(file->path());
  std::sort(paths.begin(), paths.end());
  for (const std::string &path : paths)
    if (auto file = tools::readFile(path, "variant"))
      texts.push_back((*file)->getBuffer().str());
    else
      llvm::consumeError(file.takeError());
  return texts;
}

class Fuzzer {
public:
  Fuzzer(const FuzzOptions &options, std::vector<std::string> corpus)
      : options(options), corpus(std::move(corpus)) {}
  /// Runs until the time is over or the inputs are; true when every input ended
  /// well.
  bool run();

private:
  void start();
  void collect();
  void finish(const Running &child, int status);
  void save(const Running &child, const std::string &what);

  const FuzzOptions &options;
  std::vector<std::string> corpus;
  std::map<pid_t, Running> running;
  std::map<Ending, int64_t> endings;
  uint64_t next = 0;
  int64_t failures = 0;
};
} // namespace

void Fuzzer::start() {
  Running child{next++, "", Clock::now() + kTimeout};
  child.log = fmt::format("{}/{}.log", options.save, child.seed);
  pid_t pid = startChild(makeInput(corpus, child.seed), child.log);
  if (pid < 0) { // no process now; later
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return;
  }
  running.emplace(pid, child);
}

void Fuzzer::save(const Running &child, const std::string &what) {
  ++failures;
  FuzzInput input = makeInput(corpus, child.seed);
  std::string path = fmt::format("{}/{}.mlir", options.save, child.seed);
  std::string said;
  if (auto log = tools::readFile(child.log, "log"))
    said = (*log)->getBuffer().take_front(4000).str();
  else
    llvm::consumeError(log.takeError());
  llvm::consumeError(tools::writeFile(path, {input.variant}));
  fmt::print("FAILED seed {}: {}\n  {} with --spec='{}'\n  again: llsa-fuzz "
             "--variants=DIR "
             "--one={}\n{}\n",
             child.seed, what, path, input.spec, child.seed, said);
}

void Fuzzer::finish(const Running &child, int status) {
  if (child.killed) {
    save(child, fmt::format("did not end within {} s", kTimeout.count()));
  } else if (WIFSIGNALED(status)) {
    save(child, fmt::format("was killed by signal {} ({})", WTERMSIG(status),
                            strsignal(WTERMSIG(status))));
  } else {
    int code = WEXITSTATUS(status);
    Ending ending = static_cast<Ending>(code);
    if (code < static_cast<int>(Ending::Agrees) ||
        code > static_cast<int>(Ending::Unclean))
      save(child, fmt::format("ended with exit status {}", code));
    else if (ending == Ending::Wrong)
      save(child, "has a wrong result");
    else if (ending == Ending::Unclean)
      save(child, "was refused without a reason");
    else
      ++endings[ending];
  }
  llvm::sys::fs::remove(child.log);
}

void Fuzzer::collect() {
  int status = 0;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    auto child = running.find(pid);
    if (child == running.end())
      continue;
    finish(child->second, status);
    running.erase(child);
  }
  for (auto &[pid, child] : running)
    if (!child.killed && Clock::now() > child.end) {
      child.killed = true;
      kill(pid, SIGKILL);
    }
}

bool Fuzzer::run() {
  size_t jobs = std::max(1u, std::thread::hardware_concurrency());
  next = options.seed;
  Clock::time_point end =
      Clock::now() +
      std::chrono::milliseconds(static_cast<int64_t>(options.seconds * 1000));
  auto goesOn = [&] {
    return Clock::now() < end && next - options.seed < options.inputs;
  };
  while (goesOn() || !running.empty()) {
    while (goesOn() && running.size() < jobs)
      start();
    collect();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  fmt::print("{} inputs from seed {}: {} ran and agree, {} compiled but have "
             "no meaning or are too "
             "large, {} refused with a diagnostic, {} failed\n",
             next - options.seed, options.seed, endings[Ending::Agrees],
             endings[Ending::Compiled], endings[Ending::Refused], failures);
  if (endings[Ending::Agrees] == 0 || endings[Ending::Refused] == 0)
    fmt::print(
        "FAILED: expected some inputs that run and some that are refused\n");
  return failures == 0 && endings[Ending::Agrees] > 0 &&
         endings[Ending::Refused] > 0;
}

int main(int argc, char **argv) {
  std::optional<FuzzOptions> options = parseOptions(argc, argv);
  if (!options)
    return 2;
  std::vector<std::string> corpus = readCorpus(options->variants);
  if (corpus.empty()) {
    fmt::print(stderr,
               "llsa-fuzz: --variants={}: expected a folder with .mlir files\n",
               options->variants);
    return 2;
  }
  if (options->justOne) {
    FuzzInput input = makeInput(corpus, options->one);
    fmt::print("// spec {}\n{}\n", input.spec, input.variant);
    std::fflush(stdout);
    std::string message;
    Ending ending = tryInput(input, message);
    fmt::print("// ending {}: {}\n", static_cast<int>(ending), message);
    return ending == Ending::Wrong || ending == Ending::Unclean;
  }
  if (std::error_code code = llvm::sys::fs::create_directories(options->save)) {
    fmt::print(stderr, "llsa-fuzz: --save={}: cannot be made: {}\n",
               options->save, code.message());
    return 2;
  }
  fmt::print("fuzzing for {} s from seed {}\n", options->seconds,
             options->seed);
  std::fflush(stdout);
  return Fuzzer(*options, std::move(corpus)).run() ? 0 : 1;
}
