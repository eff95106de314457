//===- LLSAGradOps.td - gradients of llsa ops --------------*- tablegen -*-===//
//
// What `llsa-differentiate` writes; they can be written by hand, too. A
// selection carries no gradient, so there is none of `llsa.select`.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_GRAD_OPS_TD
#define LLSA_GRAD_OPS_TD

def LLSA_Float32Tokens : RankedTensorOf<[F32], [], "tensor [B, H, N, D] of f32">;

//===----------------------------------------------------------------------===//
// attend_query_grad, attend_key_grad
//===----------------------------------------------------------------------===//

/// `score` and `mask` are those of the attend. `derivative` is given what
/// `score` is, then the gradient of its result (f32), and yields the gradient
/// of the score that it was given.
class LLSA_AttendGradBase<string mnemonic>
    : LLSA_Op<mnemonic, [AttrSizedOperandSegments, RecursiveMemoryEffects,
                         DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let regions = (region MaxSizedRegion<1>:$score, MaxSizedRegion<1>:$mask,
                        MaxSizedRegion<1>:$derivative);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

def LLSA_AttendQueryGradOp : LLSA_AttendGradBase<"attend_query_grad"> {
  let summary = "Gradient of an attend's query";
  let description = [{
    With `P_ij = w_j exp(s_ij - lse_i)` and `delta_i = do_i . (o_i + rest_i) -
    dlse_i`, `rest` in its unit: `dq_i = scale * sum_j P_ij (do_i . v_j - delta_i) k_j`, the sum over all
    sources of query i. `delta` is a result since `llsa.attend_key_grad` needs
    it. Sources, scale, `score` and `mask` are written as in `llsa.attend`,
    whose results `output`, `lse` and `rest` are; `gradient` is that of
    `output`, `lse_gradient`, if given, that of `lse`. Without `rest` an output
    of bf16 or f16 makes delta, and so dq and dk, as rough as its rounding.
    Without `output` and `gradient` the latter is 0. Where there is a `score` region its
    `derivative` stands beside it: it maps the gradient of the score that the
    region yields to that of the score that it is given. A query that saw no key
    has gradient 0.

    `dq` is accumulated in f32 and is of f32 or rounded to the query's type.

    Constraints:
    * (C1) query, sources, scale, `score` and `mask` obey `llsa.attend`.
    * (C2) `output` and `gradient` have the query's type, `rest` its sizes and
      i8, `lse`, `lse_gradient` and `delta` are `[B, H, M]` of f32.
    * (C3) `dq` has the query's sizes, and its element type or f32.
    * (C4) `derivative` is given exactly when `score` is, takes (f32, index x 5,
      f32), yields f32 and holds what a `score` may hold.
    * (C5) `output` and `gradient` are given together, or neither, `rest` only
      with them, and `lse_gradient` where they are not.

    ```mlir
    %dq, %delta = llsa.attend_query_grad %q from
        gathered(%k, %v by %i1) block 16 every 16,
        dense(%k1, %v1) span 16
        output %o rest %rest lse %lse gradient %do
        : tensor<1x8x4096x64xbf16>,
          tensor<1x8x4096x64xbf16>, tensor<1x8x4096x64xbf16>, tensor<1x8x256x8xi32>,
          tensor<1x8x256x64xbf16>, tensor<1x8x256x64xbf16> -> tensor<1x8x4096x64xf32>
    ```
    Types are the query's and each source's, as in `llsa.attend`, then dq's.
  }];
  let arguments = (ins LLSA_Tensor:$query, Variadic<LLSA_Tensor>:$keys,
                       Variadic<LLSA_Tensor>:$values, Variadic<LLSA_Indices>:$indices,
                       Optional<LLSA_Tensor>:$output, Optional<LLSA_Rest>:$rest,
                       LLSA_Rows:$lse, Optional<LLSA_Tensor>:$output_grad,
                       Optional<LLSA_Rows>:$lse_grad,
                       LLSA_SourceArrayAttr:$sources, OptionalAttr<F64Attr>:$scale);
  let results = (outs LLSA_Tensor:$query_grad, LLSA_Rows:$delta);
  let extraClassDeclaration = LLSA_SourceAccessors;
}

def LLSA_AttendKeyGradOp : LLSA_AttendGradBase<"attend_key_grad"> {
  let summary = "Gradients of the keys and values of one source of an attend";
  let description = [{
    With P and delta as in `llsa.attend_query_grad`, for every key j of the
    source: `dk_j = scale * sum_i P_ij (do_i . v_j - delta_i) q_i` and
    `dv_j = sum_i P_ij do_i`, over the queries i that see key j, in a fixed
    order: query heads that share the key head one after the other, in each
    its queries in ascending order. A key that nobody sees has gradient 0.
    Without `gradient` do is 0, and so is dv.

    A gathered source is given by its transposed index, `by %offsets, %rows` of
    `llsa.invert_indices`: `rows[offsets[c] .. offsets[c + 1])` are the index
    rows that name block c, each of which stands for `every` queries. A source
    with a span says how many level-0 `tokens` there are, as its last key
    depends on them.

    Both gradients are accumulated in f32 and are of f32 or rounded to the keys'
    type.

    Constraints:
    * (C1) query, keys, values, `score`, `mask` and scale obey `llsa.attend`.
    * (C2) the source obeys `llsa.attend`'s rules of weight, span, block, every
      and window, and `tokens` is given exactly when a span is: the source has
      `ceil(tokens / span)` keys.
    * (C3) `offsets` and `rows` are given exactly for a gathered source, are
      `[B, H, ceil(N / block) + 1]` and `[B, H, entries]`.
    * (C4) `gradient` has the query's type, `lse` and `delta` are `[B, H, M]` of
      f32.
    * (C5) dk and dv have the keys' sizes, and one element type, theirs or f32.
    * (C6) `derivative` is as in `llsa.attend_query_grad`.

    ```mlir
    %offsets, %rows = llsa.invert_indices %i1 of %k block 16
        : tensor<1x8x256x8xi32>, tensor<1x8x4096x64xbf16>
    %dk, %dv = llsa.attend_key_grad %q from
        gathered(%k, %v by %offsets, %rows) block 16 every 16
        lse %lse delta %delta gradient %do
        : tensor<1x8x4096x64xbf16>, tensor<1x8x4096x64xbf16>, tensor<1x8x4096x64xbf16>,
          tensor<1x8x257xi32>, tensor<1x8x2048xi32> -> tensor<1x8x4096x64xf32>
    %dk1, %dv1 = llsa.attend_key_grad %q from dense(%k1, %v1) span 16 tokens 4096
        lse %lse delta %delta gradient %do
        : tensor<1x8x4096x64xbf16>, tensor<1x8x256x64xbf16>, tensor<1x8x256x64xbf16>
        -> tensor<1x8x256x64xf32>
    ```
    Types are the query's, the source's, then that of both gradients.
  }];
  let arguments = (ins LLSA_Tensor:$query, LLSA_Tensor:$keys, LLSA_Tensor:$values,
                       Optional<RankedTensorOf<[I32]>>:$offsets,
                       Optional<RankedTensorOf<[I32]>>:$rows,
                       LLSA_Rows:$lse, LLSA_Rows:$delta, Optional<LLSA_Tensor>:$output_grad,
                       LLSA_SourceAttr:$source, OptionalAttr<I64Attr>:$tokens,
                       OptionalAttr<F64Attr>:$scale);
  let results = (outs LLSA_Tensor:$keys_grad, LLSA_Tensor:$values_grad);
}

//===----------------------------------------------------------------------===//
// attend_bias_grad
//===----------------------------------------------------------------------===//

def LLSA_AttendBiasGradOp : LLSA_Op<"attend_bias_grad", [
    AttrSizedOperandSegments, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Gradient of a tensor that an attend's score region reads";
  let description = [{
    The tensor is a bias, a gate, a table of relative positions. With P and delta
    as in `llsa.attend_query_grad` the gradient of what the score region yields
    for a pair is `P_ij (do_i . v_j - delta_i)`. The region `reads` is given what
    `score` is, then that gradient, and yields, for every place where `score`
    reads the tensor, the gradient of what is read there (f32) and where that
    lies: one index per dimension of the tensor. The result, `bias_grad`, is at
    each place the sum over all pairs of all sources, batches and heads that
    read it. An index outside of the tensor stands for the nearest one inside.

    The sum is in f32, in an order that follows from sizes and target alone. Without `gradient` do is 0.

    Constraints:
    * (C1) query, sources, scale, `score` and `mask` obey `llsa.attend`.
    * (C2) `gradient` has the query's type, `lse` and `delta` are `[B, H, M]` of
      f32.
    * (C3) `score` is given, and `reads` takes (f32, index x 5, f32), yields (f32,
      then an index per dimension of the result), once or more, and holds what
      a `score` may hold.
    * (C4) the result is of f32.

    ```mlir
    %dbias = llsa.attend_bias_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          %e = tensor.extract %bias[%h, %i] : tensor<8x4096xf32>
          %t = arith.addf %s, %e : f32
          llsa.yield %t : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          llsa.yield %g, %h, %i : f32, index, index
        }
        : tensor<1x8x4096x64xbf16>, tensor<1x8x4096x64xbf16>, tensor<1x8x4096x64xbf16>
        -> tensor<8x4096xf32>
    ```
    Types are the query's and each source's, then the result's.
  }];
  let arguments = (ins LLSA_Tensor:$query, Variadic<LLSA_Tensor>:$keys,
                       Variadic<LLSA_Tensor>:$values, Variadic<LLSA_Indices>:$indices,
                       LLSA_Rows:$lse, LLSA_Rows:$delta, Optional<LLSA_Tensor>:$output_grad,
                       LLSA_SourceArrayAttr:$sources, OptionalAttr<F64Attr>:$scale);
  let results = (outs RankedTensorOf<[F32]>:$bias_grad);
  let regions = (region SizedRegion<1>:$score, MaxSizedRegion<1>:$mask,
                        SizedRegion<1>:$reads);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = LLSA_SourceAccessors # [{
    /// For each place where the region reads the tensor: the gradient of what is
    /// read, then its indices.
    ::llvm::SmallVector<::mlir::ValueRange> getReadsOfRegion();
  }];
}

//===----------------------------------------------------------------------===//
// unpool
//===----------------------------------------------------------------------===//

def LLSA_UnpoolOp : LLSA_InferredOp<"unpool", [Pure]> {
  let summary = "Gradient of a pool's input";
  let description = [{
    `out[b, h, i, :] = g[b, h, i / block, :] / count`, where count is the number
    of the `tokens` tokens that token `i / block` of `llsa.pool` averages:
    `block`, fewer in the last block.

    Constraints:
    * (C1) `gradient` is a token tensor (see the dialect) of f32.
    * (C2) `block` is between 4 and 128, `tokens` between 1 and 1073741824.
    * (C3) `gradient` has `ceil(tokens / block)` tokens; the result has `tokens`
      and the other sizes of `gradient`.

    ```mlir
    %dk = llsa.unpool %dk1 block 16 tokens 4090 : tensor<1x8x256x64xf32>
    ```
  }];
  let arguments = (ins LLSA_Float32Tokens:$gradient, I64Attr:$block, I64Attr:$tokens);
  let results = (outs LLSA_Float32Tokens:$result);
  let assemblyFormat = "$gradient `block` $block `tokens` $tokens attr-dict `:` type($gradient)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// linear_attend_grad
//===----------------------------------------------------------------------===//

def LLSA_LinearAttendGradOp : LLSA_InferredOp<"linear_attend_grad", [
    Pure, AllTypesMatch<["query", "output_grad"]>]> {
  let summary = "Gradients of a linear attention";
  let description = [{
    With `S = sum_j phi(k_j)^T v_j`, `z = sum_j phi(k_j)`, `n_i = phi(q_i) . z`,
    `g_i = do_i / n_i` and `h_i = -do_i . o_i / n_i` (both 0 where n_i is 0):
    the gradient of `phi(q_i)` is `g_i S^T + h_i z`, that of `phi(k_j)` is
    `v_j T^T + y` and that of `v_j` is `phi(k_j) T`, with `T = sum_i phi(q_i)^T
    g_i` and `y = sum_i h_i phi(q_i)`. The op's results are the gradients of q,
    k and v, in f32.

    Constraints:
    * (C1) query, keys and values obey `llsa.linear_attend`.
    * (C2) `gradient` has the query's type; results have their operands' sizes.

    ```mlir
    %dq, %dk, %dv = llsa.linear_attend_grad %q, %k, %v gradient %do phi softmax
        : tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>, tensor<1x8x4096x64xf32>
    ```
  }];
  let arguments = (ins LLSA_Tensor:$query, LLSA_Tensor:$keys, LLSA_Tensor:$values,
                       LLSA_Tensor:$output_grad, LLSA_FeatureMapAttr:$phi);
  let results = (outs LLSA_Float32Tokens:$query_grad, LLSA_Float32Tokens:$keys_grad,
                      LLSA_Float32Tokens:$values_grad);
  let assemblyFormat = [{
    $query `,` $keys `,` $values `gradient` $output_grad `phi` $phi
    attr-dict `:` type($query) `,` type($keys) `,` type($values)
  }];
  let hasVerifier = 1;
}

#endif // LLSA_GRAD_OPS_TD
