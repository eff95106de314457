#include "compiler/target/plan/WorkspaceLayout.h"
#include <gtest/gtest.h>
#include <random>

using namespace llsa;

namespace {

/// A buffer that lives from its first to its last step, both included.
struct WorkspaceBuffer {
  int64_t bytes = 0, firstStep = 0, lastStep = 0;
};

bool liveTogether(const WorkspaceBuffer &a, const WorkspaceBuffer &b) {
  return a.firstStep <= b.lastStep && b.firstStep <= a.lastStep;
}

WorkspaceLayout layoutOf(llvm::ArrayRef<WorkspaceBuffer> buffers) {
  std::vector<int64_t> bytes;
  for (const WorkspaceBuffer &buffer : buffers)
    bytes.push_back(buffer.bytes);
  return layoutWorkspace(bytes, [&](size_t a, size_t b) {
    return liveTogether(buffers[a], buffers[b]);
  });
}

bool overlap(const WorkspaceBuffer &a, int64_t atA, const WorkspaceBuffer &b,
             int64_t atB) {
  bool inSpace = atA < atB + b.bytes && atB < atA + a.bytes;
  return liveTogether(a, b) && inSpace;
}

} // namespace

TEST(WorkspaceLayout, NothingTakesNothing) { EXPECT_EQ(layoutOf({}).bytes, 0); }

TEST(WorkspaceLayout, SuccessorTakesThePlace) {
  WorkspaceBuffer buffers[] = {{100, 0, 1}, {100, 2, 3}, {50, 1, 2}};
  WorkspaceLayout layout = layoutOf(buffers);
  EXPECT_EQ(layout.offsets, (std::vector<int64_t>{0, 0, 128}));
  EXPECT_EQ(layout.bytes, 192);
}

TEST(WorkspaceLayout, ABufferReadInTheStepThatWritesAnotherIsApart) {
  WorkspaceBuffer buffers[] = {{64, 0, 1}, {64, 1, 2}};
  WorkspaceLayout layout = layoutOf(buffers);
  EXPECT_NE(layout.offsets[0], layout.offsets[1]);
}

TEST(WorkspaceLayout, FillsAHole) {
  // Two long-lived ones around a short one whose place a later one takes.
  WorkspaceBuffer buffers[] = {
      {256, 0, 9}, {128, 0, 3}, {64, 0, 9}, {128, 5, 9}};
  WorkspaceLayout layout = layoutOf(buffers);
  EXPECT_EQ(layout.offsets[1], layout.offsets[3]);
  EXPECT_EQ(layout.bytes, 256 + 128 + 64);
}

TEST(WorkspaceLayout, RandomBuffersNeverOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<WorkspaceBuffer> buffers(random() % 12);
    int64_t sum = 0;
    for (WorkspaceBuffer &buffer : buffers) {
      buffer.bytes = 1 + random() % 1000;
      buffer.firstStep = random() % 8;
      buffer.lastStep = buffer.firstStep + random() % 4;
      sum += (buffer.bytes + 63) / 64 * 64;
    }
    WorkspaceLayout layout = layoutOf(buffers);
    EXPECT_LE(layout.bytes, sum);
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_EQ(layout.offsets[i] % 64, 0);
      EXPECT_LE(layout.offsets[i] + buffers[i].bytes, layout.bytes);
      for (size_t j = 0; j < i; ++j)
        EXPECT_FALSE(overlap(buffers[i], layout.offsets[i], buffers[j],
                             layout.offsets[j]))
            << "round " << round << ", buffers " << j << " and " << i;
    }
  }
}
