//===- AddressSpace.h - what generic addresses look like --------*- C++ -*-===//
//
// Bits 40 to 46 of a generic address are a tag, the rest an offset. Each region
// of global memory has a tag of its own, so that one access finds its region
// without a search, and stepping over a region's end never meets another.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_ADDRESSSPACE_H
#define LLSA_RUNTIME_EMULATOR_ADDRESSSPACE_H

#include <cstddef>
#include <cstdint>

namespace llsa::ptx {

constexpr unsigned kTagShift = 40;
constexpr uint64_t kOffsetMask = (uint64_t(1) << kTagShift) - 1;

constexpr uint64_t kFirstRegionTag = 1;
constexpr size_t kMostRegions = 88;
constexpr uint64_t kFirstVariableTag = 96; ///< variables of the module
constexpr size_t kMostModuleVariables = 24;
constexpr uint64_t kSharedTag = 120;
constexpr uint64_t kLocalTag = 121;
constexpr uint64_t kParamTag = 122;

constexpr uint64_t tagged(uint64_t tag) { return tag << kTagShift; }
constexpr uint64_t tagOf(uint64_t address) { return address >> kTagShift; }

constexpr uint64_t moduleVariableAddress(size_t index) {
  return tagged(kFirstVariableTag + index);
}

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_ADDRESSSPACE_H
