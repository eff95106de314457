//===- Nvtx.cpp - named ranges for NVIDIA's profilers ---------------------===//
#include "runtime/support/Nvtx.h"

#include "runtime/support/Env.h"
#include "runtime/support/Log.h"
#include <cstddef>
#include <cstdint>
#include <dlfcn.h>

namespace llsa::rt {

// The names are those of nvtxTypes.h and nvtxInitDecls.h.
namespace {

using FunctionPointer = void (*)();
using FunctionTable = FunctionPointer **;
using RangePush = int (*)(const char *);
using RangePop = int (*)();

constexpr uint32_t kCallbacksTable = 1; // NVTX_ETID_CALLBACKS
constexpr uint32_t kVersionTable = 3;   // NVTX_ETID_VERSIONINFO
constexpr int kCoreModule = 1;          // NVTX_CB_MODULE_CORE
constexpr size_t kRangePushA = 9, kRangePop = 11, kNumCoreFunctions = 16;

/// What a profiler has stored, by NVTX_CBID_CORE_...; null: nothing.
FunctionPointer coreFunctions[kNumCoreFunctions];
/// Pointers to them, with a null at the end.
FunctionPointer *coreTable[kNumCoreFunctions + 1];

int getModuleFunctionTable(int module, FunctionTable *table, unsigned *size) {
  if (module != kCoreModule)
    return 0;
  *table = coreTable;
  if (size)
    *size = unsigned(kNumCoreFunctions);
  return 1;
}

struct CallbacksTable {
  size_t structSize;
  int (*getModuleFunctionTable)(int, FunctionTable *, unsigned *);
};

struct VersionTable {
  size_t structSize;
  uint32_t version, reserved;
  void (*setInjectionVersion)(uint32_t);
};

void setInjectionVersion(uint32_t) {} // which profiler it is changes nothing

const void *getExportTable(uint32_t id) {
  static const CallbacksTable kCallbacks = {sizeof(CallbacksTable),
                                            getModuleFunctionTable};
  static const VersionTable kVersion = {sizeof(VersionTable), /*version=*/3, 0,
                                        setInjectionVersion};
  return id == kCallbacksTable ? static_cast<const void *>(&kCallbacks)
         : id == kVersionTable ? &kVersion
                               : nullptr;
}

/// Lets the profiler in, when there is one.
bool openProfiler() {
  std::string path = env::nvtxInjection();
  if (path.empty())
    return false;
  for (size_t i = 1; i < kNumCoreFunctions; ++i) // 0 is NVTX_CBID_CORE_INVALID
    coreTable[i] = &coreFunctions[i];
  void *library = dlopen(path.c_str(), RTLD_LAZY);
  using Initialize = int (*)(const void *(*)(uint32_t));
  auto initialize = library ? reinterpret_cast<Initialize>(
                                  dlsym(library, "InitializeInjectionNvtx2"))
                            : nullptr;
  if (initialize && initialize(getExportTable))
    return coreFunctions[kRangePushA] && coreFunctions[kRangePop];
  log(LogLevel::Warn, "no ranges for the profiler: {} cannot be used", path);
  return false;
}

bool hasProfiler() {
  static const bool kOpened = openProfiler();
  return kOpened;
}

} // namespace

NvtxRange::NvtxRange(const std::string &name) {
  if (hasProfiler())
    reinterpret_cast<RangePush>(coreFunctions[kRangePushA])(name.c_str());
}

NvtxRange::~NvtxRange() {
  if (hasProfiler())
    reinterpret_cast<RangePop>(coreFunctions[kRangePop])();
}

} // namespace llsa::rt
