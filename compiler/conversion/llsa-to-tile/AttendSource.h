//===- AttendSource.h - the keys of an attend, step by step -----*- C++ -*-===//
//
// A source of keys is cut into **segments**: runs of equal steps, each of which
// loads a tile of keys and a tile of values. A dense source is a segment of
// whole tiles, and one more for what is left (or weighs differently) at the
// end; a gathered one is a segment. Who walks over segments, in which order and
// how many at a time, is Attend.cpp's business.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSOURCE_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSOURCE_H

#include "compiler/conversion/llsa-to-tile/AttendForm.h"
#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include <optional>

namespace llsa {

struct Source;

/// The keys of one step.
struct Step {
  mlir::Value keys, values; ///< CxD
  mlir::Value ids;          ///< 1xC i32; null where nothing asks for them
  /// What the ids of keys that exist have in common.
  enum { All, BelowEnd, NotNegative } exist = All;
  mlir::Value visible;      ///< RxC i1; null: all are visible
  bool mayHoldLast = false; ///< may contain the source's last key
  /// Where a loop takes steps of several sources: those behind the first one,
  /// and whether (1x1 i1) the step is of that source or a later one.
  llvm::SmallVector<std::pair<const Source *, mlir::Value>, 0> later;
};

/// One source, with its sizes.
struct Source {
  SourceAttr attr;
  mlir::Value keyTensor, keys, values, indices; ///< the last three are buffers
  mlir::Value head;                             ///< the key head
  int64_t tokens;                               ///< keys of the source
  double weight, lastWeight; ///< of a full key, of the last key

  bool lastDiffers() const { return weight != lastWeight; }
};

/// Source `i` of `form`, in kernel `k`, for one key head.
Source describeSource(const AttendForm &form, KernelBuilder &k, unsigned i,
                      mlir::Value keyHead);

/// A step that is taken of a source.
struct TakenStep {
  const Source *source;
  Step step;
};

/// A run of equal steps over one source.
struct Segment {
  enum class Kind { Dense, Gathered };
  const Source *source;
  Kind kind;
  int64_t steps;
  int64_t width; ///< keys of a step
  /// All warps of a CTA take the same keys.
  bool shared;
  /// No step has to look at its keys' ids: all exist and weigh the same.
  bool plain;
  /// The copy engine can fill what the steps load.
  bool bulk;
  /// A step may take some of it beside some of another one.
  bool mayPair = false;
  bool holdsLast = false; ///< may contain the source's last key
  int64_t first = 0;      ///< dense: the first key
  int64_t missing = 0;    ///< dense: keys of the last step that are none
  std::optional<GatherSteps> gather; ///< gathered
  bool namesKeysOnly = false;        ///< gathered
};

/// Makes sources and segments of one attend.
class AttendSources {
public:
  AttendSources(const LaunchContext &context, const AttendForm &form,
                KernelBuilder &k, const RowTile &tile);

  Source describe(unsigned i);
  /// Brings the tile's index rows near, which its first copies wait for.
  void prefetchIndices();
  /// The segments of a dense or gathered source.
  llvm::SmallVector<Segment> segmentsOf(const Source &source, unsigned i);
  /// Emits the loads of step `i` of a segment: keys and values.
  std::pair<mlir::Value, mlir::Value> load(const Segment &segment,
                                           mlir::Value i);
  /// What is known of the keys of step `i`; keys and values are null.
  Step describe(const Segment &segment, mlir::Value i);
  /// Keys `first` .. of which `exist` (null: all) exist, by direct loads.
  std::pair<mlir::Value, mlir::Value> loadRun(const Source &source,
                                              mlir::Value first, int64_t width,
                                              mlir::Value exist);

private:
  int64_t colsOf(const Source &source, bool shared) const;
  bool isShared(const Source &source) const;
  mlir::Value idsOf(const Segment &segment, mlir::Value i);

  const AttendForm &form;
  KernelBuilder &k;
  tile::ScheduleAttr schedule;
  bool streams, fragments, hasRegion;
  const RowTile &tile;
  int64_t depth;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSOURCE_H
