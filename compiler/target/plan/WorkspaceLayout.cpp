//===- WorkspaceLayout.cpp --------------------------------------*- C++ -*-===//
#include "compiler/target/plan/WorkspaceLayout.h"

#include "runtime/program/StepOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace llsa {

WorkspaceLayout layoutWorkspace(ArrayRef<int64_t> bytes,
                                function_ref<bool(size_t, size_t)> together,
                                int64_t alignment) {
  auto all = llvm::seq<size_t>(0, bytes.size());
  SmallVector<size_t> order(all.begin(), all.end());
  llvm::stable_sort(order,
                    [&](size_t a, size_t b) { return bytes[a] > bytes[b]; });

  WorkspaceLayout layout;
  layout.offsets.assign(bytes.size(), 0);
  SmallVector<size_t> placed; // by ascending offset
  for (size_t i : order) {
    int64_t offset = 0;
    for (size_t j : placed) {
      if (!together(i, j))
        continue;
      if (offset + bytes[i] <= layout.offsets[j])
        break;
      offset = std::max<int64_t>(
          offset, alignTo(layout.offsets[j] + bytes[j], alignment));
    }
    layout.offsets[i] = offset;
    layout.bytes =
        std::max<int64_t>(layout.bytes, alignTo(offset + bytes[i], alignment));
    placed.insert(llvm::upper_bound(placed, i,
                                    [&](size_t a, size_t b) {
                                      return layout.offsets[a] <
                                             layout.offsets[b];
                                    }),
                  i);
  }
  return layout;
}

WorkspaceLayout layoutWorkspace(ArrayRef<Buffer> buffers,
                                ArrayRef<Step> steps) {
  SmallVector<int64_t> bytes;
  SmallVector<size_t> which;
  std::vector<SmallVector<size_t>> users; // steps
  for (auto [i, buffer] : enumerate(buffers)) {
    if (buffer.role != Buffer::Role::Workspace)
      continue;
    bytes.push_back(buffer.numBytes());
    which.push_back(i);
    SmallVector<size_t> &own = users.emplace_back();
    for (auto [s, step] : enumerate(steps))
      if (is_contained(step.args, int64_t(i)))
        own.push_back(s);
  }
  StepOrder order(steps);
  auto allPrecede = [&](size_t a, size_t b) {
    return all_of(users[a], [&](size_t s) {
      return all_of(users[b], [&](size_t t) { return order.precedes(s, t); });
    });
  };
  WorkspaceLayout layout = layoutWorkspace(bytes, [&](size_t a, size_t b) {
    return !allPrecede(a, b) && !allPrecede(b, a);
  });
  std::vector<int64_t> offsets(buffers.size());
  for (auto [i, offset] : zip_equal(which, layout.offsets))
    offsets[i] = offset;
  layout.offsets = std::move(offsets);
  return layout;
}

} // namespace llsa
