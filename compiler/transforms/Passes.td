//===- Passes.td - passes from the llsa dialect to itself --*- tablegen -*-===//
//
// The example of each description is the first function of
// test/compiler/transforms/<flag>.mlir.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TRANSFORMS_PASSES
#define LLSA_COMPILER_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def BindShapes : Pass<"llsa-bind-shapes", "::mlir::ModuleOp"> {
  let summary = "Close sizes, element type and hierarchy by a spec";
  let description = [{
    Reads a kernel spec and makes every type of the variant's entry (its one
    public function) static:

    * Arguments. The first three are q `[B, H, M, D]` and k, v `[B, Hkv, N, D]`;
      every other one says its sizes with `llsa.shape`, a list of `"B"`, `"H"`,
      `"Hkv"`, `"M"`, `"N"`, `"D"`, one of them over a number (`"M/16"`, rounded
      up), or numbers. `!llsa.float` becomes the spec's `dtype`. What the variant
      fixes must agree with the spec.
    * Calls of the module's other functions are inlined; all result types are
      inferred anew.
    * `#llsa.hierarchy`: `?` takes the spec's `block`, `levels`, `topk`, or block
      16, top-k 8 and the paper's rule `max(1, floor(log_b N) - 1)`, at most 5.
      `scale` is written on every attention.
    * Arguments and results get their `llsa.name`: q, k, v, then `argN`; o, lse,
      then `resultN`. The result named lse goes when the spec says `lse=0`.

    Afterwards no size is `?` and no type is `!llsa.float`.

    ```mlir
    // --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16,levels=2}"
    func.func @llsa(%q: tensor<?x?x?x?x!llsa.float>, %k: tensor<?x?x?x?x!llsa.float>,
                    %v: tensor<?x?x?x?x!llsa.float>) -> tensor<?x?x?x?x!llsa.float> {
      %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = ?, topk = ?>
          : tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>
      return %o : tensor<?x?x?x?x!llsa.float>
    }
    ```
  }];
  let options = [
    Option<"spec", "spec", "std::string", /*default=*/"\"\"",
           "kernel spec, e.g. {B=1,H=8,N=65536,D=64,dtype=bf16}; `;` may stand for `,`">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def Decompose : Pass<"llsa-decompose", "::mlir::ModuleOp"> {
  let summary = "Open llsa.attention into pool, select and attend";
  let description = [{
    Per level l = 1..L the queries, keys and values are pooled; selections go from
    level L down to 1, each within the children of the coarser one; one attend
    takes the fine blocks that level 1 selected, the children of the blocks
    selected at level l+1 for l = 1..L-1, and all tokens of level L. Without
    `enrichment` only the fine blocks stay (and no values are pooled); without
    `reweighting` spans are `unweighted`. Level 0 is one dense source. Scale and the
    `score` and `mask` regions move to the attend.

    Hierarchies must be closed (`llsa-bind-shapes`).

    ```mlir
    func.func @llsa(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                    %v: tensor<1x8x4096x64xf32>) -> tensor<1x8x4096x64xf32> {
      %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = 1, topk = 8>
          : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
      return %o : tensor<1x8x4096x64xf32>
    }
    // becomes
    //   %0 = llsa.pool %q block 16
    //   %1 = llsa.pool %k block 16
    //   %2 = llsa.pool %v block 16
    //   %3 = llsa.select %0, %1 topk 8
    //   %4, %5 = llsa.attend %q from gathered(%k, %v by %3) block 16 every 16,
    //                                dense(%1, %2) span 16
    ```
  }];
}

def ExposeIndices : Pass<"llsa-expose-indices", "::mlir::ModuleOp"> {
  let summary = "Return the selected indices too";
  let description = [{
    Appends the result of every `llsa.select` to the entry's results, named i1,
    i2, ... Selections are numbered in reverse program order: a coarser selection
    stands before the finer one that it feeds, so a chain is numbered from fine to
    coarse, as levels are. A selection that the variant returns under that name
    already stays as it is.

    ```mlir
    func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>,
                      %q2: tensor<1x8x16x64xf32>, %k2: tensor<1x8x16x64xf32>)
        -> (tensor<1x8x256x64xf32> {llsa.name = "o"}) {
      %i2 = llsa.select %q2, %k2 topk 4 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
      %i1 = llsa.select %q, %k topk 8 within %i2 block 16
          : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x4xi32>
      %o, %lse = llsa.attend %q from gathered(%k, %k by %i1) block 16 every 1
          : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>,
            tensor<1x8x256x8xi32>
      return %o : tensor<1x8x256x64xf32>
    }
    // becomes return %o, %i1, %i2, the latter named "i1" and "i2"
    ```
  }];
}

def Differentiate : Pass<"llsa-differentiate", "::mlir::ModuleOp"> {
  let summary = "Derive the backward of a variant, or the forward that it needs";
  let description = [{
    Reverse mode over `llsa.attend`, `llsa.pool`, `llsa.linear_attend` and
    elementwise `arith` and `math` ops on tensors, `score` regions and the
    tensors that these read included; selections carry no gradient. Compositions
    of any depth follow.

    `produce=backward` replaces the entry by its backward. Arguments: the
    entry's, by their names; for every result that has a gradient one named "d"
    and the result's name ("do", and with `lse-gradient` "dlse"); then what the
    forward keeps. Results: for every float argument that the results depend on
    its gradient, of its type, named likewise ("dq", "dk", "dv"). An argument
    with `llsa.no_gradient` is a constant.

    `produce=forward` leaves the entry and appends what the backward needs and
    the entry does not return yet: selections ("i1", numbered as by
    `llsa-expose-indices`), pooled tokens, outputs and lse of attends and what
    rounding took from outputs of bf16 or f16 ("kept1", "kept2", ...).
    Elementwise values are computed again instead.

    All gradients are f32 until they are returned. An op without a derivative is
    an error.

    ```mlir
    // --llsa-differentiate="produce=backward"
    func.func @pooled(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                      %v: tensor<1x8x4096x64xf32>)
        -> (tensor<1x8x4096x64xf32>, tensor<1x8x4096xf32>) {
      %k1 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
      %v1 = llsa.pool %v block 16 : tensor<1x8x4096x64xf32>
      %o, %lse = llsa.attend %q from dense(%k1, %v1) span 16
          : tensor<1x8x4096x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
      return %o, %lse : tensor<1x8x4096x64xf32>, tensor<1x8x4096xf32>
    }
    // becomes @pooled_grad(%q, %k, %v, %do, %o, %lse, %k1, %v1):
    //   %dq, %delta = llsa.attend_query_grad %q from dense(%k1, %v1) span 16
    //       output %o lse %lse gradient %do
    //   %dk1, %dv1 = llsa.attend_key_grad %q from dense(%k1, %v1) span 16 tokens 4096
    //       lse %lse delta %delta gradient %do
    //   %dv = llsa.unpool %dv1 block 16 tokens 4096
    //   %dk = llsa.unpool %dk1 block 16 tokens 4096
    //   return %dq, %dk, %dv
    ```
  }];
  let options = [
    Option<"produce", "produce", "std::string", /*default=*/"\"backward\"",
           "forward (with what the backward needs as results) or backward">,
    Option<"lseGradient", "lse-gradient", "bool", /*default=*/"false",
           "The result named lse has a gradient, too">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def Fuse : Pass<"llsa-fuse", "::mlir::ModuleOp"> {
  let summary = "Group ops into kernel launches";
  let description = [{
    Moves every op of the entry into an `llsa.launch`:

    * Pools of one block size, of all tensors and levels, share a launch as long
      as the tokens of one coarsest output, `block^depth`, are at most
      `max-pool-tokens`; further levels go to a following launch.
    * Elementwise `arith` and `math` ops and `llsa.unpool` on tensors of one shape
      share a launch, where the order of launches allows it.
    * `llsa.select`, `llsa.attend`, `llsa.linear_attend`, `llsa.invert_indices`
      and their gradients have a launch each. Elementwise ops on the results of
      `llsa.attend_key_grad`, and the unpools that they add, ride along with it.

    Launches are named by what they hold: pool, pool_2, select_1 (the finest
    level, as numbered by `llsa-expose-indices`), attend, elementwise.
    Constants are copied into the launches that use them. An op that no launch can
    hold is an error.

    ```mlir
    func.func @llsa(%q: tensor<1x8x4096x64xf32>, %k: tensor<1x8x4096x64xf32>,
                    %v: tensor<1x8x4096x64xf32>) -> tensor<1x8x4096x64xf32> {
      %q1 = llsa.pool %q block 16 : tensor<1x8x4096x64xf32>
      %k1 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
      %i1 = llsa.select %q1, %k1 topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
      %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 16 every 16
          : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>,
            tensor<1x8x256x8xi32>
      return %o : tensor<1x8x4096x64xf32>
    }
    // becomes launches "pool" (both pools), "select_1" and "attend"
    ```
  }];
  let options = [
    Option<"maxPoolTokens", "max-pool-tokens", "int64_t", /*default=*/"4096",
           "Most tokens under one work item of a pool launch: on a CPU what stays "
           "in the cache, on a GPU few enough that there are warps for all "
           "multiprocessors">
  ];
}

def AssignSchedule : Pass<"llsa-assign-schedule", "::mlir::ModuleOp"> {
  let summary = "Choose the tile sizes of every launch";
  let description = [{
    Asks `compiler/schedule` for each launch and writes `#tile.schedule` on it, with
    estimates of its work: `llsa.flops`, and `llsa.bytes`, the least memory
    traffic (every tensor that it reads or writes, once). A launch that has a
    schedule keeps it.

    ```mlir
    // --llsa-assign-schedule="target=cpu"
    func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>)
        -> tensor<1x8x256x8xi32> {
      %i = llsa.launch "select_1" {
        %0 = llsa.select %q, %k topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
        llsa.yield %0 : tensor<1x8x256x8xi32>
      } : tensor<1x8x256x8xi32>
      return %i : tensor<1x8x256x8xi32>
    }
    // the launch becomes: llsa.launch "select_1"
    //   schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {...}
    //   {llsa.bytes = ..., llsa.flops = ...}
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"\"cpu\"",
           "cpu, cpu:MARCH with features, or a GPU such as sm_90a">,
    Option<"rows", "rows", "int64_t", /*default=*/"0",
           "rows of every select and attend tile instead of the chosen ones (0: choose)">,
    Option<"cols", "cols", "int64_t", /*default=*/"0",
           "keys per step of every select and attend instead of the chosen ones (0: choose)">
  ];
  let dependentDialects = ["::llsa::tile::TileDialect"];
}

def VerifyKernelContract : Pass<"llsa-verify-kernel-contract", "::mlir::ModuleOp"> {
  let summary = "Check what the conversion to tiles takes for granted";
  let description = [{
    The border between what is computed and how. Later passes rely on these rules
    and do not check them again:

    * (C1) every tensor has static, positive sizes, and elements of f32, bf16, f16,
      i32 or i8 (i1 and other integers inside a launch).
    * (C2) every op of the entry stands in a launch, constants and the return apart.
    * (C3) a launch holds one select, attend, linear_attend, invert_indices or
      gradient of one (an attend_key_grad maybe with elementwise ops behind it), or
      pools alone, or elementwise ops (unpools too) alone, beside constants.
    * (C4) a launch has a `#tile.schedule`, and a name of its own.
    * (C5) no size exceeds 2147483647, so that int32 can index it.
    * (C6) every result of the entry is a launch's result or an argument.
    * (C7) scalars, those of score and mask regions among them, are no floats but
      f32, bf16 and f16.

    ```mlir
    func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>)
        -> tensor<1x8x256x8xi32> {
      %i = llsa.launch "select_1"
          schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
        %0 = llsa.select %q, %k topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
        llsa.yield %0 : tensor<1x8x256x8xi32>
      } : tensor<1x8x256x8xi32>
      return %i : tensor<1x8x256x8xi32>
    }
    ```
  }];
}

#endif // LLSA_COMPILER_TRANSFORMS_PASSES
