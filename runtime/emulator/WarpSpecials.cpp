//===- WarpSpecials.cpp - special registers ---------------------*- C++ -*-===//
//
// They are constants of a warp, filled in before it starts. Clocks count
// nothing: they are zero.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Resize.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

/// A lane's place, from which special registers follow.
struct Position {
  const Cta &cta;
  unsigned warp;
  unsigned lane;

  uint32_t thread() const { return warp * kLanes + lane; }
  const Dim3 &block() const { return cta.launch.block; }
};

using SpecialValue = uint32_t (*)(const Position &);

const StringMap<SpecialValue> &specialValues() {
  using P = const Position &;
  static const SpecialValue zero = [](P) -> uint32_t { return 0; };
  static const SpecialValue one = [](P) -> uint32_t { return 1; };
  static const StringMap<SpecialValue> values = {
      {"%tid.x", [](P p) { return p.thread() % p.block().x; }},
      {"%tid.y", [](P p) { return p.thread() / p.block().x % p.block().y; }},
      {"%tid.z", [](P p) { return p.thread() / (p.block().x * p.block().y); }},
      {"%ntid.x", [](P p) { return p.block().x; }},
      {"%ntid.y", [](P p) { return p.block().y; }},
      {"%ntid.z", [](P p) { return p.block().z; }},
      {"%ctaid.x", [](P p) { return p.cta.index.x; }},
      {"%ctaid.y", [](P p) { return p.cta.index.y; }},
      {"%ctaid.z", [](P p) { return p.cta.index.z; }},
      {"%nctaid.x", [](P p) { return p.cta.launch.grid.x; }},
      {"%nctaid.y", [](P p) { return p.cta.launch.grid.y; }},
      {"%nctaid.z", [](P p) { return p.cta.launch.grid.z; }},
      {"%laneid", [](P p) -> uint32_t { return p.lane; }},
      {"%warpid", [](P p) -> uint32_t { return p.warp; }},
      {"%nwarpid", [](P p) { return uint32_t(p.cta.warps.size()); }},
      {"%lanemask_eq", [](P p) { return uint32_t(1) << p.lane; }},
      {"%lanemask_lt", [](P p) { return (uint32_t(1) << p.lane) - 1; }},
      {"%lanemask_le", [](P p) { return (uint32_t(2) << p.lane) - 1; }},
      {"%lanemask_ge", [](P p) { return ~((uint32_t(1) << p.lane) - 1); }},
      {"%lanemask_gt", [](P p) { return ~((uint32_t(2) << p.lane) - 1); }},
      {"%dynamic_smem_size",
       [](P p) { return p.cta.launch.dynamicSharedBytes; }},
      {"%total_smem_size", [](P p) { return p.cta.launch.sharedBytes; }},
      // A cluster is one CTA.
      {"%cluster_ctaid.x", zero},
      {"%cluster_ctaid.y", zero},
      {"%cluster_ctaid.z", zero},
      {"%cluster_nctaid.x", one},
      {"%cluster_nctaid.y", one},
      {"%cluster_nctaid.z", one},
      {"%cluster_ctarank", zero},
      {"%cluster_nctarank", one},
      {"%clusterid.x", [](P p) { return p.cta.index.x; }},
      {"%clusterid.y", [](P p) { return p.cta.index.y; }},
      {"%clusterid.z", [](P p) { return p.cta.index.z; }},
      {"%nclusterid.x", [](P p) { return p.cta.launch.grid.x; }},
      {"%nclusterid.y", [](P p) { return p.cta.launch.grid.y; }},
      {"%nclusterid.z", [](P p) { return p.cta.launch.grid.z; }},
      {"%smid", zero},
      {"%nsmid", one},
      {"%gridid", zero},
      {"%clock", zero},
      {"%clock_hi", zero},
      {"%clock64", zero},
      {"%globaltimer", zero},
      {"%globaltimer_lo", zero},
      {"%globaltimer_hi", zero},
  };
  return values;
}

} // namespace

bool isSpecialRegister(StringRef name) {
  return specialValues().contains(name);
}

void Warp::fillSpecials() {
  for (const SpecialSlot &special : kernel.specials) {
    SpecialValue value = specialValues().lookup(special.name);
    // All are 32-bit but some that are zero, whose high words stay zero.
    uint32_t *lanes = to<uint32_t>(special.slot);
    for (unsigned lane = 0; lane < kLanes; ++lane)
      lanes[lane] = value({cta, index, lane});
  }
}

} // namespace llsa::ptx
