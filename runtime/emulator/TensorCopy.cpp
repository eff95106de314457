//===- TensorCopy.cpp - cp.async.bulk.tensor --------------------*- C++ -*-===//
#include "runtime/emulator/BulkCopy.h"
#include "runtime/emulator/CopyInstructions.h"
#include "runtime/emulator/SharedAddress.h"
#include "runtime/emulator/TensorMap.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// Reads the map at a generic address, of a parameter or in global memory.
bool readMap(Warp &w, const Instruction &i, unsigned lane, uint64_t address,
             unsigned rank, TensorMap &map) {
  const std::vector<uint8_t> &parameters = w.cta.launch.parameters;
  const uint8_t *bytes;
  if (tagOf(address) == kParamTag) {
    uint64_t offset = address & kOffsetMask;
    if (offset + sizeof map > parameters.size()) {
      w.fault(i, lane,
              fmt::format("a tensor map at parameter address {}, "
                          "outside the parameters",
                          offset));
      return false;
    }
    bytes = parameters.data() + offset;
  } else {
    bytes = globalBytes(w, i, lane, address, sizeof map, 64, false);
    if (!bytes)
      return false;
  }
  std::memcpy(&map, bytes, sizeof map);
  if (map.magic == TensorMap::kMagic && map.rank == rank)
    return true;
  w.fault(i, lane,
          fmt::format("expected a tensor map of rank {}, as TensorMap.h "
                      "defines it",
                      rank));
  return false;
}

/// Calls body(shared offset, tensor offset, inside) for each element of a box.
template <typename Body>
bool forElements(const TensorMap &map, const int32_t *at, Body body) {
  uint32_t index[TensorMap::kMostRank] = {};
  for (uint32_t offset = 0;; offset += map.elementBytes) {
    bool inside = true;
    uint64_t from = 0;
    for (unsigned dim = 0; dim < map.rank; ++dim) {
      int64_t coordinate = int64_t(at[dim]) + index[dim];
      inside &= coordinate >= 0 && coordinate < int64_t(map.sizes[dim]);
      from += uint64_t(coordinate) *
              (dim == 0 ? map.elementBytes : map.strides[dim - 1]);
    }
    if (!body(offset, from, inside))
      return false;
    unsigned dim = 0;
    while (dim < map.rank && ++index[dim] == map.box[dim])
      index[dim++] = 0;
    if (dim == map.rank)
      return true;
  }
}

uint64_t swizzled(const TensorMap &map, uint64_t address) {
  uint64_t units = (uint64_t(1) << unsigned(map.swizzle)) - 1;
  return address ^ ((address >> 7 & units) << 4);
}

/// a: the shared address; extra: the map's address, the mbarrier (loads) or
/// nothing, the coordinates. aux: the rank.
struct Operands {
  TensorMap map;
  uint64_t shared;
  int32_t at[TensorMap::kMostRank];

  bool read(Warp &w, const Instruction &i, unsigned lane) {
    const uint32_t *slots = w.operands(i);
    for (unsigned dim = 0; dim < i.aux; ++dim)
      at[dim] = w.from<int32_t>(slots[2 + dim])[lane];
    shared = sharedAddress(w, i, lane);
    if (!readMap(w, i, lane, w.from<uint64_t>(slots[0])[lane], i.aux, map))
      return false;
    if (shared % 128 == 0)
      return true;
    w.fault(i, lane,
            fmt::format("a tensor's box at shared address {:#x}, which is not "
                        "a multiple of 128",
                        shared));
    return false;
  }
};

void loadBox(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  const uint64_t *barriers = w.from<uint64_t>(w.operands(i)[1]);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    Operands o;
    int number = mbarrierAt(w, i, lane, ptx::toShared(barriers[lane]));
    if (number < 0 || !o.read(w, i, lane) ||
        !checkShared(w, i, copyAccess(w, i, number), o.shared, o.map.boxBytes(),
                     128, true))
      return;
    unsigned bytes = o.map.elementBytes;
    bool done =
        forElements(o.map, o.at, [&](uint32_t to, uint64_t from, bool inside) {
          uint8_t *target = cta.shared.data + swizzled(o.map, o.shared + to);
          if (!inside) {
            std::memset(target, 0, bytes);
            return true;
          }
          const uint8_t *source = globalBytes(w, i, lane, o.map.address + from,
                                              bytes, bytes, false);
          if (source)
            std::memcpy(target, source, bytes);
          return source != nullptr;
        });
    if (!done)
      return;
    cta.mbarriers.completeBytes(number, o.map.boxBytes());
    ++cta.progress;
  }
}

void storeBox(Warp &w, const Instruction &i, LaneMask mask) {
  SharedMemoryChecker::Access access = storeAccess(w, i, mask);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    Operands o;
    if (!o.read(w, i, lane) ||
        !checkShared(w, i, access, o.shared, o.map.boxBytes(), 128, false))
      return;
    unsigned bytes = o.map.elementBytes;
    bool done =
        forElements(o.map, o.at, [&](uint32_t from, uint64_t to, bool inside) {
          if (!inside)
            return true;
          uint8_t *target =
              globalBytes(w, i, lane, o.map.address + to, bytes, bytes, true);
          if (target)
            std::memcpy(target,
                        w.cta.shared.data + swizzled(o.map, o.shared + from),
                        bytes);
          return target != nullptr;
        });
    if (!done)
      return;
  }
}

} // namespace

/// cp.async.bulk.tensor.{1-5}d.shared::*.global{.tile}.mbarrier::... [d],
///     [map, {coordinates}], [mbarrier]{, policy}
/// cp.async.bulk.tensor.{1-5}d.global.shared::cta{.tile}.bulk_group
///     [map, {coordinates}], [s]{, policy}
bool decodeTensorCopy(Decoder &d) {
  if (d.has("multicast::cluster") || d.has("im2col") ||
      d.has("tile::gather4") || d.has("tile::scatter4") ||
      d.has("im2col_no_offs"))
    return false;
  unsigned rank = 0;
  for (StringRef part : d.statement->parts)
    if (part.consume_back("d") && !part.getAsInteger(10, rank))
      break;
  bool stores = d.has("bulk_group");
  if (rank < 1 || rank > TensorMap::kMostRank ||
      !d.expectOperands(stores ? 2 : 3, stores ? 3 : 4))
    return false;
  const Operand &tensor = d.operand(stores ? 0 : 1);
  if (tensor.kind != Operand::Kind::Address ||
      tensor.elements.size() != rank + 1)
    return d.fail(fmt::format("expected [map, {{{} coordinates}}]", rank));
  d.extra(d.addressSlot(tensor, Space::Generic));
  d.extra(stores ? kNoSlot : d.addressSlot(d.operand(2), Space::Shared));
  for (unsigned dim = 0; dim < rank; ++dim)
    d.extra(d.source(tensor.elements[1 + dim], Type::S32));
  d.out.aux = rank;
  d.address(stores ? 1 : 0, Space::Shared);
  return d.finish(stores ? storeBox : loadBox);
}

} // namespace llsa::ptx
