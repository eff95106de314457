//===- WorkspaceLayout.cpp --------------------------------------*- C++ -*-===//
#include "compiler/target/plan/WorkspaceLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace llsa {

WorkspaceLayout layoutWorkspace(ArrayRef<WorkspaceBuffer> buffers,
                                int64_t alignment) {
  auto all = llvm::seq<size_t>(0, buffers.size());
  SmallVector<size_t> order(all.begin(), all.end());
  llvm::stable_sort(order, [&](size_t a, size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });

  WorkspaceLayout layout;
  layout.offsets.assign(buffers.size(), 0);
  SmallVector<size_t> placed; // by ascending offset
  for (size_t i : order) {
    const WorkspaceBuffer &buffer = buffers[i];
    int64_t offset = 0;
    for (size_t j : placed) {
      const WorkspaceBuffer &other = buffers[j];
      bool together = buffer.firstStep <= other.lastStep &&
                      other.firstStep <= buffer.lastStep;
      if (!together)
        continue;
      if (offset + buffer.bytes <= layout.offsets[j])
        break;
      offset = std::max<int64_t>(
          offset, alignTo(layout.offsets[j] + other.bytes, alignment));
    }
    layout.offsets[i] = offset;
    layout.bytes = std::max<int64_t>(layout.bytes,
                                     alignTo(offset + buffer.bytes, alignment));
    placed.insert(llvm::upper_bound(placed, i,
                                    [&](size_t a, size_t b) {
                                      return layout.offsets[a] <
                                             layout.offsets[b];
                                    }),
                  i);
  }
  return layout;
}

} // namespace llsa
