//===- LLSADialect.td - the llsa dialect -------------------*- tablegen -*-===//
#ifndef LLSA_DIALECT_TD
#define LLSA_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

def LLSA_Dialect : Dialect {
  let name = "llsa";
  let cppNamespace = "::llsa";
  let summary = "What a hierarchical sparse attention computes";
  let description = [{
    The `llsa` dialect says *what* an attention variant computes, on ranked
    tensors with value semantics, and nothing of how. The family of hierarchical
    sparse attentions (LLSA, arXiv 2512.16615; VSA; NSA; plain attention) comes
    from few ops with one meaning each: `llsa.pool` averages blocks of tokens,
    `llsa.select` keeps the best blocks per query, and `llsa.attend` is one
    softmax over a list of *sources*. `llsa.attention` is the composite that
    most users write; `llsa-decompose` opens it.

    Tensors are `[B, H, N, D]`: batch, heads, tokens, head dimension. Key and
    value heads may be fewer than query heads (`Hkv` divides `H`; query head
    `h` reads key/value head `h / (H / Hkv)`). Before `llsa-bind-shapes` sizes
    are `?` and the element type is `!llsa.float`; after it every size is a
    number and the element type is that of the spec.

    A *token tensor* is a ranked tensor `[B, H, N, D]` of f32, bf16, f16 or
    `!llsa.float`. Sizes that are numbers are at least 1; N is at most
    1073741824 (2^30), as indices are 32 bits wide; D is a multiple of 8 between
    8 and 256; and there are fewer than 2^59 elements.

    Attributes of this dialect stand on other dialects' functions and ops too;
    those that are not in this list are refused:
    * `llsa.name`, on arguments and results: a buffer's name, a string that is
      not empty and has no '/'.
    * `llsa.shape`, on arguments: the sizes of an argument beyond q, k and v, a
      list of size names (`"B"`, `"M/16"`) and numbers.
    * `llsa.no_gradient`, on arguments: `llsa-differentiate` takes it for a
      constant.
    * `llsa.role`, on a host function's arguments: `"input"` or `"output"`.
    * `llsa.flops`, `llsa.bytes`, on launches and kernels: estimates of the work.
    * `llsa.stack_bytes`, on a kernel's function: how much stack a call needs.
    * `llsa.shared_bytes`, likewise: dynamic shared memory of a CTA.
    * `llsa.threads`, likewise: threads of a CTA.
    * `llsa.views`, likewise: the boxes that the copy engine moves, [argument,
      rows, columns] each.
    * `llsa.ctas_per_multiprocessor`, likewise: how many shall fit at once.
    * `llsa.approximate_division`, likewise: divisions and square roots need not
      be exact (`llsa-approximate-division`).
    * `llsa.persistent`, likewise: any number of CTAs does all the work.
    * `llsa.dependent_launch`, likewise: it waits for the kernel before it
      (griddepcontrol), and may be launched while that still runs.
    * `llsa.device_function`, on a function without a body: it stands for
      `extern "C" __device__` code that the user gives in CUDA C++. A score or
      mask region calls it for one pair; its result depends on its arguments
      alone. It takes f32, i32, i64 and index (`float`, `int`, `long long`,
      `long long`) and returns one of them. It exists on a GPU alone.
    * `llsa.derivatives`, on a device function that returns f32: for each of its
      arguments of f32 the device function of the same type that gives the
      derivative with respect to it. `llsa-differentiate` calls these.
    * `llsa.spec`, `llsa.variant`, on a module: what a dumped stage was made from.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The most tokens that a tensor may hold: indices are int32, and the sum
    /// of a token and a window's reach must be one too.
    static constexpr int64_t kMaxTokens = int64_t(1) << 30;
    /// The most tokens that one key may stand for (blocks of 128, 5 levels).
    static constexpr int64_t kMaxSpan = int64_t(1) << 35;
  }];
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def LLSA_OpenFloatType : TypeDef<LLSA_Dialect, "OpenFloat", [
    DeclareTypeInterfaceMethods<FloatTypeInterface, ["getFloatSemantics"]>]> {
  let mnemonic = "float";
  let summary = "The element type that the spec chooses";
  let description = [{
    Stands for the element type of q, k, v and o in a variant that is not bound
    yet; `llsa-bind-shapes` replaces it by f32, bf16 or f16. It is a float type,
    so elementwise `arith` ops take tensors of it; `llsa.widen` makes f32 of it.

    ```mlir
    !x = tensor<?x?x?x?x!llsa.float>
    ```
  }];
}

#endif // LLSA_DIALECT_TD
