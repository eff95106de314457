//===- WorkspaceLayout.cpp --------------------------------------*- C++ -*-===//
#include "compiler/target/plan/WorkspaceLayout.h"

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

} // namespace llsa
