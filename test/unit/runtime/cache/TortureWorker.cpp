//===- TortureWorker.cpp - asks a cache for keys until killed ---*- C++ -*-===//
//
//   llsa-cache-torture DIR SEED KEYS ROUNDS MAX_BYTES COMPILE_US JOURNAL
//
// Each round opens the cache anew and asks for a random key. A wrong program is
// exit status 3, an error 4. Each compilation appends "c KEY" to JOURNAL, each
// answer "a KEY"; lines this short are written whole.
//
//===----------------------------------------------------------------------===//
#include "test/unit/runtime/cache/CacheTesting.h"

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

constexpr size_t kCodeBytes = 60000; // some write calls' worth

int main(int argc, char **argv) {
  if (argc != 8)
    return 2;
  std::mt19937 random(unsigned(atoi(argv[2])));
  int keys = atoi(argv[3]), rounds = atoi(argv[4]);
  CacheOptions options;
  options.dir = argv[1];
  options.maxBytes = uint64_t(atoll(argv[5]));
  int compileMicroseconds = atoi(argv[6]);
  int journal = open(argv[7], O_WRONLY | O_APPEND | O_CREAT, 0666);
  auto note = [&](char what, int key) {
    std::string line = what + std::string(" ") + std::to_string(key) + "\n";
    return write(journal, line.data(), line.size()) == ssize_t(line.size());
  };
  for (int round = 0; rounds == 0 || round < rounds; ++round) {
    int key = int(random() % unsigned(keys));
    KernelCache cache(options);
    auto program =
        cache.get(keyOf(key), sourceOf(key), [&]() -> llvm::Expected<Program> {
          usleep(unsigned(random()) % unsigned(compileMicroseconds));
          note('c', key);
          return programOf(key, kCodeBytes);
        });
    if (!program) {
      fprintf(stderr, "%s\n", llvm::toString(program.takeError()).c_str());
      return 4;
    }
    if (!isProgramOf(**program, key, kCodeBytes)) {
      fprintf(stderr, "wrong program for key %d\n", key);
      return 3;
    }
    note('a', key);
  }
  return 0;
}
