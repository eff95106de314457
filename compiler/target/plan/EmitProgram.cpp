//===- EmitProgram.cpp ------------------------------------------*- C++ -*-===//
#include "compiler/target/plan/EmitProgram.h"

#include "compiler/target/plan/WorkspaceLayout.h"
#include "compiler/target/plan/WrittenArguments.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include <set>

using namespace mlir;

namespace llsa {

namespace {

constexpr llvm::StringLiteral kNameAttr = "llsa.name";
constexpr llvm::StringLiteral kRoleAttr = "llsa.role";

/// What a process can address on today's 64-bit machines.
constexpr int64_t kMaxBytes = int64_t(1) << 47;

class PlanEmitter {
public:
  PlanEmitter(ModuleOp module, Program &program,
              std::optional<LaneOptions> lanes)
      : module(module), program(program), lanes(lanes) {}

  LogicalResult run() {
    FailureOr<func::FuncOp> host = findHost();
    if (failed(host) || failed(addArguments(*host)))
      return failure();
    for (Operation &op : host->getBody().front().without_terminator())
      if (failed(addHostOp(op)))
        return failure();
    if (lanes)
      assignLanes(program, *lanes);
    placeWorkspace();
    addDeviceFunctions();
    return success();
  }

private:
  /// The function that launches.
  FailureOr<func::FuncOp> findHost() {
    func::FuncOp host;
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isPrivate())
        continue;
      if (host)
        return function.emitOpError() << "is a second host function beside @"
                                      << host.getName() << "; expected one";
      host = function;
    }
    if (!host || host.isDeclaration())
      return module.emitError("expected a host function with a body, found "
                              "none: is this module at the tile stage?");
    if (host.getNumResults() != 0 || !host.getBody().hasOneBlock())
      return host.emitOpError(
          "is no host function: expected one block and no results");
    return host;
  }

  LogicalResult addArguments(func::FuncOp host) {
    // Inputs come first in the Program, whatever the order of arguments.
    for (StringRef role : {"input", "output"})
      for (BlockArgument argument : host.getArguments()) {
        unsigned i = argument.getArgNumber();
        auto name = host.getArgAttrOfType<StringAttr>(i, kNameAttr);
        auto given = host.getArgAttrOfType<StringAttr>(i, kRoleAttr);
        if (!name || !given || (given != "input" && given != "output"))
          return host.emitOpError()
                 << "argument " << i << " needs " << kNameAttr << " and "
                 << kRoleAttr << ", \"input\" or \"output\"";
        if (given != role)
          continue;
        if (failed(addBuffer(host, argument, name.getValue(),
                             role == "input" ? Buffer::Role::Input
                                             : Buffer::Role::Output)))
          return failure();
      }
    return success();
  }

  LogicalResult addBuffer(Operation *at, Value value, StringRef name,
                          Buffer::Role role) {
    auto type = dyn_cast<MemRefType>(value.getType());
    std::optional<ElementType> element;
    if (type)
      element = elementTypeNamed(debugString(type.getElementType()));
    if (!element || !type.hasStaticShape())
      return at->emitOpError()
             << "buffer '" << name
             << "': expected a memref of static sizes and f32, bf16, f16, i32 "
                "or i8, got "
             << value.getType();
    int64_t bytes = byteSize(*element);
    for (int64_t size : type.getShape())
      if (llvm::MulOverflow(bytes, size, bytes) || bytes > kMaxBytes)
        return at->emitOpError() << "buffer '" << name << "' of type " << type
                                 << " takes more than the " << kMaxBytes
                                 << " bytes of a process's address space";
    Buffer buffer;
    buffer.name = name.str();
    buffer.role = role;
    buffer.type = *element;
    buffer.shape = type.getShape().vec();
    indexOf[value] = program.buffers.size();
    program.buffers.push_back(std::move(buffer));
    return success();
  }

  LogicalResult addHostOp(Operation &op) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return addWorkspace(alloc);
    if (auto launch = dyn_cast<tile::LaunchOp>(op))
      return addStep(launch);
    if (isa<memref::DeallocOp>(op))
      return success(); // a buffer lives until its last launch anyway
    return op.emitOpError("has no place in a host function, which holds "
                          "memref.alloc and tile.launch alone");
  }

  LogicalResult addWorkspace(memref::AllocOp alloc) {
    if (!alloc.getType().getLayout().isIdentity())
      return alloc.emitOpError("expected a contiguous buffer");
    if (llvm::none_of(alloc->getUsers(), llvm::IsaPred<tile::LaunchOp>))
      return success(); // nobody needs it
    std::string name = "w" + std::to_string(numWorkspace++);
    if (auto given = alloc->getAttrOfType<StringAttr>(kNameAttr))
      name = given.str();
    for (const Buffer &buffer : program.buffers)
      if (buffer.name == name)
        name += "." + std::to_string(numWorkspace);
    return addBuffer(alloc, alloc, name, Buffer::Role::Workspace);
  }

  LogicalResult addStep(tile::LaunchOp launch) {
    auto kernel = module.lookupSymbol<tile::KernelOp>(launch.getKernel());
    if (!kernel)
      return launch.emitOpError()
             << "launches " << launch.getKernelAttr() << ", which is no kernel";
    Step step;
    step.kernel = kernelIndex(kernel);
    for (Value buffer : launch.getBuffers()) {
      auto it = indexOf.find(buffer);
      if (it == indexOf.end())
        return launch.emitOpError("launches on a buffer that is no argument "
                                  "and no allocation of this function");
      step.args.push_back(it->second);
    }
    if (failed(checkAliases(launch, kernel, step)))
      return failure();
    program.steps.push_back(std::move(step));
    return success();
  }

  /// A kernel takes it for granted that what it writes is no other argument's.
  LogicalResult checkAliases(tile::LaunchOp launch, tile::KernelOp kernel,
                             const Step &step) {
    for (int64_t position : program.kernels[step.kernel].writes) {
      int64_t written = step.args[position];
      if (program.buffers[written].role == Buffer::Role::Input)
        return launch.emitOpError()
               << "writes the input '" << program.buffers[written].name << "'";
      if (llvm::count(step.args, written) > 1)
        return launch.emitOpError()
               << "gives the buffer '" << program.buffers[written].name
               << "' to @" << kernel.getName() << " twice, which writes it";
    }
    return success();
  }

  void addDeviceFunctions() {
    std::set<std::string> names;
    module.walk(
        [&](tile::CallOp call) { names.insert(call.getCallee().str()); });
    program.deviceFunctions.assign(names.begin(), names.end());
  }

  int64_t kernelIndex(tile::KernelOp op) {
    auto [it, isNew] =
        kernelOf.try_emplace(op.getName(), program.kernels.size());
    if (!isNew)
      return it->second;
    Kernel kernel;
    kernel.name = op.getName().str();
    kernel.items = op.getNumItems();
    if (program.codeFormat == "ptx") {
      if (tile::ScheduleAttr schedule = op.getScheduleAttr())
        kernel.warps = schedule.getWarps();
      kernel.ctas = llvm::divideCeil(kernel.items, kernel.warps);
    }
    kernel.writes = writtenArguments(op);
    if (auto flops = op->getAttrOfType<FloatAttr>("llsa.flops"))
      kernel.flops = flops.getValueAsDouble();
    if (auto bytes = op->getAttrOfType<FloatAttr>("llsa.bytes"))
      kernel.bytes = bytes.getValueAsDouble();
    program.kernels.push_back(std::move(kernel));
    return it->second;
  }

  /// Gives every workspace buffer its offset.
  void placeWorkspace() {
    WorkspaceLayout layout = layoutWorkspace(program.buffers, program.steps);
    for (auto [buffer, offset] :
         llvm::zip_equal(program.buffers, layout.offsets))
      if (buffer.role == Buffer::Role::Workspace)
        buffer.offset = offset;
    program.workspaceBytes = layout.bytes;
  }

  ModuleOp module;
  Program &program;
  std::optional<LaneOptions> lanes;
  llvm::DenseMap<Value, int64_t> indexOf;
  llvm::StringMap<int64_t> kernelOf;
  unsigned numWorkspace = 0;
};

} // namespace

LogicalResult emitPlan(ModuleOp module, Program &program,
                       std::optional<LaneOptions> lanes) {
  return PlanEmitter(module, program, lanes).run();
}

} // namespace llsa
