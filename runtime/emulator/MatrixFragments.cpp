//===- MatrixFragments.cpp - ldmatrix, stmatrix, movmatrix ------*- C++ -*-===//
//
// An 8x8 matrix of 16-bit elements lies in shared memory as eight rows of 16
// bytes, each at an address that one lane gives; lanes 8j to 8j+7 give matrix
// j's. In registers, lane l holds row l/4, columns 2(l%4) and 2(l%4)+1; or,
// transposed, column l/4, rows 2(l%4) and 2(l%4)+1.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/Lanes.h"
#include "runtime/emulator/SharedAddress.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

/// Finds and checks the rows' bytes. aux bit 0: transposed.
bool resolveRows(Warp &w, const Instruction &i, bool writes, uint8_t **rows) {
  SharedMemory &shared = w.cta.shared;
  uint64_t addresses[kLanes];
  unsigned count = 8 * i.extraCount;
  for (unsigned r = 0; r < count; ++r)
    addresses[r] = sharedAddress(w, i, r);
  for (unsigned r = 0; r < count;) {
    // Rows that lie side by side are checked as one.
    unsigned end = r + 1;
    while (end < count && addresses[end] == addresses[end - 1] + 16)
      ++end;
    SharedMemoryChecker::Access access =
        shared.checker.ordinary(w.index, SharedMemoryChecker::kManyLanes, i);
    uint32_t bytes = 16 * (end - r);
    if (!shared.contains(addresses[r], bytes) || addresses[r] % 16 != 0) {
      // Blame the lane.
      for (; r < end; ++r)
        if (!checkShared(w, i, r, addresses[r], 16, 16, writes))
          return false;
    } else if (!checkShared(w, i, access, addresses[r], bytes, 16, writes)) {
      return false;
    }
    for (; r < end; ++r)
      rows[r] = shared.data + addresses[r];
  }
  return true;
}

uint16_t element(const uint8_t *row, unsigned column) {
  uint16_t value;
  std::memcpy(&value, row + 2 * column, 2);
  return value;
}

void loadMatrices(Warp &w, const Instruction &i, LaneMask mask) {
  uint8_t *rows[kLanes];
  if (!w.gatherAll(i, mask) || !resolveRows(w, i, false, rows))
    return;
  for (uint32_t j = 0; j < i.extraCount; ++j) {
    uint32_t *r = w.to<uint32_t>(w.operands(i)[j]);
    uint8_t **matrix = rows + 8 * j;
    for (unsigned l = 0; l < kLanes; ++l) {
      unsigned major = l / 4, minor = 2 * (l % 4);
      if (i.aux)
        r[l] = element(matrix[minor], major) |
               uint32_t(element(matrix[minor + 1], major)) << 16;
      else
        std::memcpy(&r[l], matrix[major] + 2 * minor, 4);
    }
  }
}

void storeMatrices(Warp &w, const Instruction &i, LaneMask mask) {
  uint8_t *rows[kLanes];
  if (!w.gatherAll(i, mask) || !resolveRows(w, i, true, rows))
    return;
  for (uint32_t j = 0; j < i.extraCount; ++j) {
    const uint32_t *r = w.from<uint32_t>(w.operands(i)[j]);
    uint8_t **matrix = rows + 8 * j;
    for (unsigned l = 0; l < kLanes; ++l) {
      unsigned major = l / 4, minor = 2 * (l % 4);
      for (unsigned half = 0; half < 2; ++half) {
        uint16_t value = uint16_t(r[l] >> (16 * half));
        if (i.aux)
          std::memcpy(matrix[minor + half] + 2 * major, &value, 2);
        else
          std::memcpy(matrix[major] + 2 * (minor + half), &value, 2);
      }
    }
  }
}

/// Transposes a matrix in registers.
void moveMatrix(Warp &w, const Instruction &i, LaneMask mask) {
  if (!w.gatherAll(i, mask))
    return;
  uint16_t matrix[8][8];
  const uint32_t *a = w.from<uint32_t>(i.a);
  for (unsigned l = 0; l < kLanes; ++l)
    for (unsigned half = 0; half < 2; ++half)
      matrix[l / 4][2 * (l % 4) + half] = uint16_t(a[l] >> (16 * half));
  uint32_t *r = w.to<uint32_t>(i.dst);
  for (unsigned l = 0; l < kLanes; ++l)
    r[l] = matrix[2 * (l % 4)][l / 4] | uint32_t(matrix[2 * (l % 4) + 1][l / 4])
                                            << 16;
}

/// The number of matrices, from the operand and the modifier.
bool decodeMatrices(Decoder &d, const Operand &registers,
                    const Operand &address, bool loads) {
  if (!d.has("m8n8") || d.lastType() != Type::B16)
    return false;
  ArrayRef<Operand> elements = registers;
  if (registers.kind == Operand::Kind::Vector)
    elements = registers.elements;
  if (elements.size() != (d.has("x4") ? 4u : d.has("x2") ? 2u : 1u))
    return d.fail("the number of registers is not that of the matrices");
  d.address(address, Space::Shared);
  for (const Operand &element : elements)
    d.extra(loads ? d.destination(element, Type::B32)
                  : d.source(element, Type::B32));
  d.out.aux = d.has("trans");
  return true;
}

} // namespace

/// ldmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}{.shared}.b16 {...}, [a]
bool decodeMatrixLoad(Decoder &d) {
  return d.expectOperands(2) &&
         decodeMatrices(d, d.operand(0), d.operand(1), true) &&
         d.finish(loadMatrices);
}

/// stmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}{.shared}.b16 [a], {...}
bool decodeMatrixStore(Decoder &d) {
  return d.expectOperands(2) &&
         decodeMatrices(d, d.operand(1), d.operand(0), false) &&
         d.finish(storeMatrices);
}

/// movmatrix.sync.aligned.m8n8.trans.b16 d, a
bool decodeMatrixMove(Decoder &d) {
  if (!d.expectOperands(2) || !d.has("m8n8") || !d.has("trans"))
    return false;
  d.out.dst = d.destination(0, Type::B32);
  d.out.a = d.source(1, Type::B32);
  return d.finish(moveMatrix);
}

} // namespace llsa::ptx
