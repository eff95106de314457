//===- UseTf32.cpp - products of float32 by fewer bits --------------------===//

#include "compiler/staging/Passes.h"

namespace llsa {
#define GEN_PASS_DEF_USETF32
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

namespace {
struct UseTf32 : public llsa::impl::UseTf32Base<UseTf32> {
  using UseTf32Base::UseTf32Base;
  void runOnOperation() override {
    getOperation().walk([&](DotOp dot) {
      auto a = cast<RankedTensorType>(dot.getA().getType());
      if (a.getElementType().isF32() && !dot.getExact() &&
          (sums || dot.getTransposeB()))
        dot.setTf32(true);
    });
  }
};
} // namespace
