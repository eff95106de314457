//===- ReadOwner.cpp - who can own parts of a read tensor -----------------===//

#include "compiler/transforms/ReadOwner.h"

using namespace mlir;
using namespace llsa;

/// The dimension of the result that dimension `dim` of the query always
/// indexes. `dim` is the number of its region argument, too, but for the score.
static int64_t ownedBy(AttendBiasGradOp op, int64_t dim) {
  Value argument = op.getReads().getArgument(1 + dim);
  ArrayRef<int64_t> shape = tensorOf(op.getBiasGrad()).getShape();
  int64_t count = tensorOf(op.getQuery()).getDimSize(dim);
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    if (shape[d] == count &&
        llvm::all_of(op.getReadsOfRegion(),
                     [&](ValueRange read) { return read[1 + d] == argument; }))
      return d;
  return -1;
}

ReadOwner::ReadOwner(AttendBiasGradOp op)
    : batch(ownedBy(op, kBatch)), head(ownedBy(op, kHead)),
      query(ownedBy(op, kToken)),
      isRowSum(tensorOf(op.getBiasGrad()).getRank() == 3 && batch == kBatch &&
               head == kHead && query == kToken) {}
