//===- Program.h - what the compiler hands to the runtime -------*- C++ -*-===//
//
// With all sizes bound, the host side of a kernel is data: buffers with known
// sizes, and a list of launches over them. The compiler's last product is this
// list and the machine code; the runtime executes it without any compiler.
// The type belongs to the runtime, the consumer.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_PROGRAM_PROGRAM_H
#define LLSA_RUNTIME_PROGRAM_PROGRAM_H

#include "runtime/program/KernelSpec.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace llsa {

/// Element type of a buffer.
enum class ElementType { F32, BF16, F16, I32, I8 };
inline constexpr std::initializer_list<ElementType> kElementTypes = {
    ElementType::F32, ElementType::BF16, ElementType::F16, ElementType::I32,
    ElementType::I8};
bool isInteger(ElementType type);
/// "f32", "bf16", "f16", "i32", "i8": as MLIR spells them.
llvm::StringRef toString(ElementType type);
/// The type of that name; none when there is no such element type.
std::optional<ElementType> elementTypeNamed(llvm::StringRef name);
int64_t byteSize(ElementType type);

/// One buffer that steps read or write.
struct Buffer {
  enum class Role {
    Input,    ///< given by the caller, any strides with the last dimension
              ///< contiguous
    Output,   ///< written for the caller, likewise
    Workspace ///< at `offset` in the workspace, contiguous
  };
  std::string name; ///< "q", "k", "v", "o", "lse", "i1", ...; unique
  Role role = Role::Input;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape; ///< e.g. [B, H, N, D]
  int64_t offset = 0; ///< bytes from the workspace's start, 64-byte aligned

  int64_t numElements() const;
  int64_t numBytes() const;
};

/// A view of a step's buffer for the GPU's copy engine (a CUtensorMap), which a
/// kernel takes by value behind its other arguments. A copy moves a box of
/// `rows` x `cols` elements of the last two dimensions; in shared memory its
/// 16-byte chunks are swizzled over rows of `cols` elements (32, 64 or 128
/// bytes), and what lies outside of the tensor becomes 0.
struct TensorView {
  int64_t arg = 0; ///< position in Step::args
  int64_t rows = 1, cols = 1;
};

/// One kernel: a symbol in the code and how it is launched.
struct Kernel {
  std::string name;              ///< symbol
  int64_t items = 0;             ///< work items, each independent of all others
  int64_t warps = 1;             ///< GPU: warps per CTA; 1 on the CPU
  int64_t ctas = 0;              ///< GPU: CTAs of the grid; 0 on the CPU
  int64_t sharedBytes = 0;       ///< GPU: dynamic shared memory; 0 on the CPU
  std::vector<TensorView> views; ///< GPU: in the order of arguments
  std::vector<int64_t> writes;   ///< positions in Step::args, ascending, of
                                 ///< the buffers that it writes
  int64_t stackBytes = 0;        ///< CPU: stack that one call needs
  /// GPU: may start before the launch in front of it in the stream, ours or
  /// another's, has ended: it waits by itself (griddepcontrol.wait) before it
  /// touches memory of others. Devices that cannot do that ignore it.
  bool dependentLaunch = false;
  /// GPU: any number of CTAs up to `ctas` does all the work; as many as fit on
  /// the card are best.
  bool persistent = false;
  double flops = 0; ///< estimate, for --explain and rooflines
  double bytes = 0; ///< least traffic, likewise
};

/// One launch: `kernels[kernel]` over `buffers[args[...]]`.
///
/// A GPU may run steps side by side. The steps of one lane run one behind the
/// other, in the order of Program::steps; a step begins when those of other
/// lanes that it names in `after` have ended, too. To run all of them in the
/// order of Program::steps, in one lane, is always right.
struct Step {
  int64_t kernel = 0;
  std::vector<int64_t> args;
  int64_t lane = 0;           ///< 0: the caller's stream; 1: one beside it
  std::vector<int64_t> after; ///< earlier steps of another lane
};

/// A compiled variant: everything a launch needs.
///
/// On the CPU `code` is a relocatable ELF object. Each kernel in it is
/// `extern "C" void NAME(void *const *args, int64_t first, int64_t last)`:
/// `args[i]` points to the MLIR memref descriptor of the step's i-th buffer
/// ({allocated, aligned, offset, sizes[rank], strides[rank]}), and the call
/// does the work items first <= item < last. On the GPU `code` is PTX text,
/// or cubins (runtime/cuda/CubinArchive.h).
struct Program {
  static constexpr int kVersion = 2;   ///< of the JSON form
  static constexpr int64_t kLanes = 2; ///< that Step::lane may name
  std::string variant;                 ///< the variant's name, e.g. "llsa"
  std::string target; ///< exact: "cpu:znver3:+avx2,...", "sm_90a"
  KernelSpec spec;
  std::vector<Buffer> buffers; ///< inputs in order, outputs in order, workspace
  std::vector<Kernel> kernels;
  std::vector<Step> steps;
  int64_t workspaceBytes = 0;
  /// GPU: functions of the user's CUDA C++ that the code calls; sorted.
  std::vector<std::string> deviceFunctions;
  std::string explain;    ///< what was decided and why, as text
  std::string codeFormat; ///< "elf", "ptx", "cubin"
  std::string code;       ///< not part of the JSON form

  /// Inputs (or outputs) in order, as indices into `buffers`.
  std::vector<int64_t> buffersOf(Buffer::Role role) const;

  /// Checks every cross reference (a step's kernel and buffers exist, offsets
  /// lie in the workspace, ...), so that a launch need not; and that steps
  /// which may run at the same time do not touch what one of them writes.
  llvm::Error verify() const;

  std::string toJSON() const;
  /// Reads the JSON form and verifies it; an error says what is wrong where.
  static llvm::Expected<Program> fromJSON(llvm::StringRef text);
};

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_PROGRAM_H
