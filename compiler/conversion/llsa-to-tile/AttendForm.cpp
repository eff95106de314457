//===- AttendForm.cpp - what attends and their gradients share ------------===//

#include "compiler/conversion/llsa-to-tile/AttendForm.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace llsa;

static Region *orNull(Region &region) {
  return region.empty() ? nullptr : &region;
}

static double scaleOf(std::optional<APFloat> scale, int64_t depth) {
  return scale ? scale->convertToDouble()
               : 1.0 / std::sqrt(static_cast<double>(depth));
}

template <typename OpT> static void addSources(AttendForm &form, OpT op) {
  for (unsigned i = 0; i < op.getSources().size(); ++i) {
    form.keys.push_back(op.getKeys()[i]);
    form.values.push_back(op.getValues()[i]);
    form.indices.push_back(op.getIndicesOf(i));
    form.sources.push_back(op.getSource(i));
  }
  form.baseTokens = op.getBaseTokens();
}

AttendForm::AttendForm(AttendOp op)
    : query(op.getQuery()), scale(scaleOf(op.getScale(), depth())),
      score(orNull(op.getScore())), mask(orNull(op.getMask())) {
  addSources(*this, op);
}

AttendForm::AttendForm(AttendQueryGradOp op)
    : query(op.getQuery()), scale(scaleOf(op.getScale(), depth())),
      score(orNull(op.getScore())), mask(orNull(op.getMask())),
      derivative(orNull(op.getDerivative())) {
  addSources(*this, op);
}

AttendForm::AttendForm(AttendBiasGradOp op)
    : query(op.getQuery()), scale(scaleOf(op.getScale(), depth())),
      score(orNull(op.getScore())), mask(orNull(op.getMask())),
      reads(orNull(op.getReads())) {
  addSources(*this, op);
}

AttendForm::AttendForm(AttendKeyGradOp op)
    : query(op.getQuery()), keys{op.getKeys()}, values{op.getValues()},
      indices{Value()}, sources{op.getSource()}, baseTokens(op.getTokens()),
      scale(scaleOf(op.getScale(), depth())), score(orNull(op.getScore())),
      mask(orNull(op.getMask())), derivative(orNull(op.getDerivative())) {}

bool AttendForm::hidesPairs() const {
  return mask || llvm::any_of(sources, [](SourceAttr source) {
           return source.getKind() == SourceKind::Window;
         });
}

int64_t AttendForm::depth() const { return tensorOf(query).getDimSize(kDepth); }

int64_t AttendForm::queries() const {
  return tensorOf(query).getDimSize(kToken);
}

int64_t AttendForm::granule() const {
  int64_t granule = 0;
  for (SourceAttr source : sources)
    if (source.getKind() == SourceKind::Gathered)
      granule = std::gcd(granule, source.getEvery());
  return granule;
}

RowGrid AttendForm::grid(tile::ScheduleAttr schedule) const {
  RankedTensorType type = tensorOf(query);
  return granule() ? RowGrid::granular(type, granule(), schedule)
                   : RowGrid::plain(type, schedule);
}
