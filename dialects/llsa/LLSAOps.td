//===- LLSAOps.td - ops of the llsa dialect ----------------*- tablegen -*-===//
#ifndef LLSA_OPS_TD
#define LLSA_OPS_TD

include "dialects/llsa/LLSAAttrs.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class LLSA_Op<string mnemonic, list<Trait> traits = []>
    : Op<LLSA_Dialect, mnemonic, traits>;

/// An op whose result types follow from its operands and attributes, and are
/// therefore not written.
class LLSA_InferredOp<string mnemonic, list<Trait> traits = []>
    : LLSA_Op<mnemonic, !listconcat(traits, [InferTypeOpAdaptor])>;

def LLSA_Element : AnyTypeOf<[F32, BF16, F16, LLSA_OpenFloatType],
                             "f32, bf16, f16 or !llsa.float">;
def LLSA_Tensor : RankedTensorOf<[LLSA_Element], [], "tensor [B, H, N, D]">;
def LLSA_Indices : RankedTensorOf<[I32], [], "tensor [B, H, N, k]">;
def LLSA_Rows : RankedTensorOf<[F32], [], "tensor [B, H, N]">;
def LLSA_Rest : RankedTensorOf<[I8], [], "tensor [B, H, N, D] of i8">;

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

def LLSA_PoolOp : LLSA_InferredOp<"pool", [Pure]> {
  let summary = "Average aligned blocks of tokens";
  let description = [{
    `out[b, h, i, :] = mean(x[b, h, i*block : (i+1)*block, :])`. A last block
    that is not full averages the tokens that exist. Accumulates in float32 and
    rounds once to the input's type.

    Constraints:
    * (C1) `input` is a token tensor (see the dialect).
    * (C2) `block` is between 4 and 128.
    * (C3) the result is `[B, H, ceil(N / block), D]` of the input's type.

    ```mlir
    %k1 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
    ```
  }];
  let arguments = (ins LLSA_Tensor:$input, I64Attr:$block);
  let results = (outs LLSA_Tensor:$result);
  let assemblyFormat = "$input `block` $block attr-dict `:` type($input)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// widen
//===----------------------------------------------------------------------===//

def LLSA_AnyElement : AnyTypeOf<[LLSA_Element, RankedTensorOf<[LLSA_Element]>],
                                "f32, bf16, f16 or !llsa.float, or a tensor of them">;
def LLSA_AnyF32 : AnyTypeOf<[F32, RankedTensorOf<[F32]>], "f32 or a tensor of f32">;

def LLSA_WidenOp : LLSA_InferredOp<"widen", [Pure]> {
  let summary = "A number of the spec's element type as f32";
  let description = [{
    Regions compute in f32, and what they read of a tensor may be of a type that
    the spec chooses: `arith.extf` does not take `!llsa.float`, which may become
    f32. `llsa-bind-shapes` replaces this op by `arith.extf` or, for f32, by its
    input; behind that pass it does not stand.

    Constraints:
    * (C1) the result is f32, or a tensor of f32 of the input's shape.

    ```mlir
    %bias = tensor.extract %table[%h, %distance] : tensor<?x?x!llsa.float>
    %wide = llsa.widen %bias : !llsa.float
    ```
  }];
  let arguments = (ins LLSA_AnyElement:$input);
  let results = (outs LLSA_AnyF32:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

def LLSA_SelectOp : LLSA_InferredOp<"select", [Pure]> {
  let summary = "Keep the top-k keys of every query, by dot product";
  let description = [{
    Scores are `q . k`, accumulated in float32. Without `within` the candidates
    of a query are all keys. With `within %coarser block b` the candidates of
    query i are the children of the coarser selection's row `i / b`: for each
    entry c the keys `c*b .. c*b + b - 1` that exist. Two entries that are the
    same bring them twice.

    Row i of the result holds the k best candidates, best first, equal scores by
    the lower index first; a NaN score counts as greater than any number (and
    so reaches the output, as in full attention). When there are fewer than k
    candidates the rest of the row is -1, attended by nobody. A selection
    carries no gradient.

    Constraints:
    * (C1) `query` and `keys` are token tensors of equal batch, element type and
      head dimension, and the key heads divide the query heads.
    * (C2) `topk` is between 1 and 1073741824.
    * (C3) `block` is given exactly when `within` is, and is between 4 and 128.
    * (C4) `within` is `[B, H, ceil(M / block), k']`.
    * (C5) the result is `[B, H, M, topk]` of i32, with fewer than 2^59 elements.

    ```mlir
    %i2 = llsa.select %q2, %k2 topk 8 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
    %i1 = llsa.select %q1, %k1 topk 8 within %i2 block 16
        : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x8xi32>
    ```
  }];
  let arguments = (ins LLSA_Tensor:$query, LLSA_Tensor:$keys,
                       Optional<LLSA_Indices>:$within, I64Attr:$topk,
                       OptionalAttr<I64Attr>:$block);
  let results = (outs LLSA_Indices:$result);
  let assemblyFormat = [{
    $query `,` $keys `topk` $topk (`within` $within^ `block` $block)? attr-dict
    `:` type($query) `,` type($keys) (`,` type($within)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

/// What `score` and `mask` regions are given; written here once for both ops.
/// Arguments: the scaled score (f32); batch, query head, query index (index);
/// the first level-0 token of the key, and how many tokens a full key of the
/// source stands for (index).
class LLSA_AttentionBase<string mnemonic, list<Trait> traits = []>
    : LLSA_InferredOp<mnemonic, !listconcat(traits, [
          RecursiveMemoryEffects, DeclareOpInterfaceMethods<SymbolUserOpInterface>])> {
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask);
  let results = (outs LLSA_Tensor:$output, LLSA_Rows:$lse);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

/// What ops with a list of sources offer.
defvar LLSA_SourceAccessors = [{
    /// The indices operand of source `i`, or null when it is not gathered.
    ::mlir::Value getIndicesOf(unsigned i);
    SourceAttr getSource(unsigned i) {
      return ::llvm::cast<SourceAttr>(getSources()[i]);
    }
    /// Number of level-0 tokens: the key count of the first source without
    /// span; nothing when there is none or it is not static.
    std::optional<int64_t> getBaseTokens();
}];

def LLSA_AttendOp : LLSA_AttentionBase<"attend", [AttrSizedOperandSegments]> {
  let summary = "One softmax over a list of sources";
  let description = [{
    Query i attends to the union of its *sources*, in one softmax:
    `o_i = sum_j w_j exp(s_ij) v_j / sum_j w_j exp(s_ij)`,
    `s_ij = scale * q_i . k_j`, `lse_i = log(sum_j w_j exp(s_ij))`; `scale` is
    `1/sqrt(D)` unless given. Sources overlap freely: a key that two sources
    bring counts twice. A query that sees no key gets o = 0 and lse = -inf.

    A source is `dense(%k, %v)`, `gathered(%k, %v by %i) block b every g` or
    `window(%k, %v) before p after n`, then optionally `weight w` and `span n`
    (or `span n unweighted`); `#llsa.source` says what each means.

    The optional `score` region maps a score to another; the optional `mask`
    region says whether a pair counts. Both are given the score (f32), batch,
    query head and query index, the key's first level-0 token (`j * span`) and
    the source's span (1 when not given), and may read tensors from outside
    with `tensor.extract`.

    With `rest` there is a third result: what rounding took from the output, o
    before it was rounded less o. It counts float32 numbers between the two, by
    256 (bf16) or 32 (f16), so that -128 and 127 are as far as rounding goes. A
    backward needs it, as `do . o` of a rounded o is too rough
    (`llsa.attend_query_grad`).

    Constraints:
    * (C1) query, keys and values are token tensors (see the dialect) that share
      batch, element type and head dimension; key heads divide query heads.
    * (C2) a source's keys and values have the same type.
    * (C3) there is at least one source.
    * (C4) a gathered source has `block` between 4 and 128 and `every` >= 1, and
      its indices are `[B, H, ceil(M / every), k]`.
    * (C5) a window's `before` and `after` are between 0 and 1073741824.
    * (C6) `weight` is positive and finite in float32; `span` is between 1 and
      2^35, and the source's last key begins below token 2^30.
    * (C7) when a source has a `span`, it has `ceil(N / span)` keys, where N is
      the key count of the first source without one.
    * (C8) `score` takes (f32, index x 5) and yields f32; `mask` takes the same
      and yields i1; both hold only `arith`, `math`, `tensor.extract` and `llsa.widen` ops on
      scalars and `func.call` of device functions (see the dialect's
      `llsa.device_function`), and capture tensors and constants alone.
    * (C9) `scale` is finite in float32.
    * (C10) output is the query's type, lse `[B, H, M]` of f32.
    * (C11) `rest` has the query's sizes and holds i8; it is given for bf16 and
      f16 alone.

    ```mlir
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i1) block 16 every 16,
        gathered(%k1, %v1 by %i2) block 16 every 256 span 16,
        dense(%k2, %v2) span 256
        mask(%s, %b, %h, %i, %j, %n) {
          %last = arith.addi %j, %n : index
          %seen = arith.cmpi ule, %last, %i : index
          llsa.yield %seen : i1
        }
        : tensor<1x8x4096x64xf32>,
          tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x256x8xi32>,
          tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x8xi32>,
          tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
    %p, %lse_p, %rest = llsa.attend %x from dense(%x, %x) rest
        : tensor<1x8x64x64xbf16>, tensor<1x8x64x64xbf16>, tensor<1x8x64x64xbf16>
    ```
    Types follow the text's order: the query, then keys, values and indices of
    each source.
  }];
  let arguments = (ins LLSA_Tensor:$query, Variadic<LLSA_Tensor>:$keys,
                       Variadic<LLSA_Tensor>:$values, Variadic<LLSA_Indices>:$indices,
                       LLSA_SourceArrayAttr:$sources, OptionalAttr<F64Attr>:$scale,
                       UnitAttr:$keep_rest);
  let results = (outs LLSA_Tensor:$output, LLSA_Rows:$lse, Optional<LLSA_Rest>:$rest);
  let extraClassDeclaration = LLSA_SourceAccessors;
}

//===----------------------------------------------------------------------===//
// attention (composite)
//===----------------------------------------------------------------------===//

def LLSA_AttentionOp : LLSA_AttentionBase<"attention"> {
  let summary = "Log-linear sparse attention with any number of levels";
  let description = [{
    The composite that most users write: pooling, coarse-to-fine selection and
    one softmax over the fine blocks and all coarse levels, as the `hierarchy`
    says (arXiv 2512.16615). `llsa-decompose` opens it into `llsa.pool`,
    `llsa.select` and `llsa.attend`; written out by hand these give the same
    kernels. `score` and `mask` regions are those of `llsa.attend` and hold for
    every source.

    Constraints:
    * (C1) operands are token tensors (see the dialect); batch, element type and
      head dimension agree; keys and values have the same type; key heads divide
      query heads.
    * (C2) `scale` is finite in float32.
    * (C3) `score` and `mask` are as in `llsa.attend`.
    * (C4) output is the query's type, lse `[B, H, M]` of f32.

    ```mlir
    %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = ?, topk = ?>
        : tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>, tensor<?x?x?x?x!llsa.float>
    ```
  }];
  let arguments = (ins LLSA_Tensor:$query, LLSA_Tensor:$keys, LLSA_Tensor:$values,
                       LLSA_HierarchyAttr:$hierarchy, OptionalAttr<F64Attr>:$scale);
}

//===----------------------------------------------------------------------===//
// invert_indices
//===----------------------------------------------------------------------===//

def LLSA_InvertIndicesOp : LLSA_InferredOp<"invert_indices", [Pure]> {
  let summary = "Transpose a selection: from rows of keys to rows of queries";
  let description = [{
    CSR to CSC: for key c of `keys`, `rows[offsets[c] .. offsets[c+1])` are the
    index rows of `indices` that name c, in ascending order. Entries of -1 are
    skipped; what lies behind `offsets[N]` in `rows` is -1. Linear in the number
    of entries. With `block b` the entries name blocks of b keys, as those of a
    gathered source do, and N is the number of blocks.

    Constraints:
    * (C1) `keys` is a token tensor (see the dialect) and `indices` of rank 4,
      with equal batch; the key heads divide the indices' heads.
    * (C2) offsets are `[B, H, N + 1]`, rows `[B, H, M * k]`, both i32.
    * (C3) `M * k` is at most 2147483647, as offsets are 32 bits wide.
    * (C4) `block`, if given, is between 4 and 128.

    ```mlir
    %offsets, %rows = llsa.invert_indices %i1 of %k1 : tensor<1x8x256x8xi32>, tensor<1x8x256x64xf32>
    ```
  }];
  let arguments = (ins LLSA_Indices:$indices, LLSA_Tensor:$keys, OptionalAttr<I64Attr>:$block);
  let results = (outs RankedTensorOf<[I32]>:$offsets, RankedTensorOf<[I32]>:$rows);
  let assemblyFormat = [{
    $indices `of` $keys (`block` $block^)? attr-dict `:` type($indices) `,` type($keys)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// linear_attend
//===----------------------------------------------------------------------===//

def LLSA_LinearAttendOp : LLSA_InferredOp<"linear_attend", [Pure]> {
  let summary = "Linear attention";
  let description = [{
    `o_i = phi(q_i) (sum_j phi(k_j)^T v_j) / (phi(q_i) . sum_j phi(k_j))`, with
    phi = `softmax` over D, `elu1` (elu(x) + 1) or `relu`; the branch that SLA
    (arXiv 2509.24006) adds. Accumulates in float32. A row whose denominator is
    0 gives 0.

    Constraints:
    * (C1) operands are token tensors (see the dialect); batch, element type and
      head dimension agree; keys and values have the same type; key heads divide
      query heads.
    * (C2) the result is of the query's type.

    ```mlir
    %o = llsa.linear_attend %q, %k, %v phi softmax
        : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
    ```
  }];
  let arguments = (ins LLSA_Tensor:$query, LLSA_Tensor:$keys, LLSA_Tensor:$values,
                       LLSA_FeatureMapAttr:$phi);
  let results = (outs LLSA_Tensor:$result);
  let assemblyFormat = [{
    $query `,` $keys `,` $values `phi` $phi attr-dict
    `:` type($query) `,` type($keys) `,` type($values)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// launch, yield
//===----------------------------------------------------------------------===//

def LLSA_LaunchOp : LLSA_Op<"launch", [RecursiveMemoryEffects,
    SingleBlockImplicitTerminator<"::llsa::YieldOp">]> {
  let summary = "Ops that share one kernel launch";
  let description = [{
    Made by `llsa-fuse`: the ops inside become one kernel, named by `name`.
    `llsa-assign-schedule` writes the `schedule`, an attribute of the tile
    dialect that says which tiles the kernel works on. Values from outside are
    captured.

    Constraints:
    * (C1) the yielded values have the results' types.
    * (C2) at least one op stands inside.
    * (C3) `name` is not empty.

    ```mlir
    %k1 = llsa.launch "pool" {
      %0 = llsa.pool %k block 16 : tensor<1x8x4096x64xf32>
      llsa.yield %0 : tensor<1x8x256x64xf32>
    } : tensor<1x8x256x64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<AnyAttr>:$schedule);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name (`schedule` $schedule^)? $body attr-dict (`:` type($results)^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

def LLSA_YieldOp : LLSA_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["::llsa::AttendOp", "::llsa::AttentionOp", "::llsa::LaunchOp",
                 "::llsa::AttendQueryGradOp", "::llsa::AttendKeyGradOp",
                 "::llsa::AttendBiasGradOp"]>]> {
  let summary = "End a region of an llsa op";
  let description = [{
    Gives the value of a `score`, `mask` or `derivative` region, the gradients and
    indices of a `reads` region, or the results of a launch.

    ```mlir
    %o, %lse = llsa.attend %q from dense(%k, %k)
        score(%s, %b, %h, %i, %j, %n) {
          %t = math.tanh %s : f32
          llsa.yield %t : f32
        }
        : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let builders = [OpBuilder<(ins), [{ /* no operands */ }]>];
}

include "dialects/llsa/LLSAGradOps.td"

#endif // LLSA_OPS_TD
