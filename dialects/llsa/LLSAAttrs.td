//===- LLSAAttrs.td - attributes of the llsa dialect -------*- tablegen -*-===//
#ifndef LLSA_ATTRS_TD
#define LLSA_ATTRS_TD

include "dialects/llsa/LLSADialect.td"
include "mlir/IR/EnumAttr.td"

//===----------------------------------------------------------------------===//
// #llsa.hierarchy
//===----------------------------------------------------------------------===//

def LLSA_HierarchyAttr : AttrDef<LLSA_Dialect, "Hierarchy"> {
  let mnemonic = "hierarchy";
  let summary = "Levels of a hierarchical attention";
  let description = [{
    * `block` (b): tokens of level l that make one token of level l+1, 4 to 128.
    * `levels` (L): number of coarse levels, 0 to 5; 0 is full attention.
    * `topk` (k_l): blocks kept per query block at level l, from fine to coarse;
      one number stands for all levels.
    * `enrichment`: coarse levels are attended too (algorithm.md, step 3).
    * `reweighting`: a coarse token weighs as many tokens as it averages.

    `block`, `levels` and `topk` may be left open with `?`; the spec closes them
    (`block=`, `levels=`, `topk=`), or, where it is silent, the defaults do:
    block 16, top-k 8, and the paper's rule for the levels,
    `max(1, floor(log_b N) - 1)`.

    Constraints:
    * (C1) each field is given at most once and is known.
    * (C2) `block` is between 4 and 128.
    * (C3) `levels` is between 0 and 5.
    * (C4) every `topk` is between 1 and 1073741824.
    * (C5) `topk` is one number or one per level.

    ```mlir
    #llsa.hierarchy<block = 16, levels = 2, topk = [8, 8]>
    #llsa.hierarchy<block = 64, levels = ?, topk = ?, enrichment = false>
    ```
  }];
  // -1 stands for `?`, an empty topk too.
  let parameters = (ins "int64_t":$block, "int64_t":$levels,
                        ArrayRefParameter<"int64_t">:$topk,
                        "bool":$enrichment, "bool":$reweighting);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kOpen = -1;
    static constexpr int64_t kMaxLevels = 5;
    /// True when block, levels and topk are all numbers.
    bool isClosed() const {
      return getBlock() != kOpen && getLevels() != kOpen &&
             (getLevels() == 0 || !getTopk().empty());
    }
    /// k_l for l = 1..levels.
    int64_t getTopkAt(int64_t level) const {
      return getTopk().size() == 1 ? getTopk()[0] : getTopk()[level - 1];
    }
  }];
}

//===----------------------------------------------------------------------===//
// #llsa.source
//===----------------------------------------------------------------------===//

def LLSA_SourceKind : I32EnumAttr<"SourceKind", "which keys a query sees", [
    I32EnumAttrCase<"Dense", 0, "dense">,
    I32EnumAttrCase<"Gathered", 1, "gathered">,
    I32EnumAttrCase<"Window", 2, "window">]> {
  let cppNamespace = "::llsa";
}

def LLSA_SourceAttr : AttrDef<LLSA_Dialect, "Source"> {
  let mnemonic = "source";
  let summary = "One source of keys in an `llsa.attend`";
  let description = [{
    * `dense`: every query sees all keys.
    * `gathered`: query i sees the `block` children of each entry of index row
      `i / every`; entries of -1 are empty.
    * `window`: query i sees keys `i - before` to `i + after`.

    `weight` multiplies every key's `exp(s)`. `span` is the number of level-0
    tokens that a key averages (0: not given, every key weighs `weight`); with
    it key j weighs `weight * min(span, N - j * span)`, N being the number of
    level-0 tokens: the key count of the first source without span, if any.
    With `unweighted` the span only says where keys lie, which score and mask
    regions see, and every key weighs `weight`.

    It is written as part of `llsa.attend`; alone it reads

    ```mlir
    #llsa.source<kind = gathered, block = 16, every = 256, before = 0, after = 0,
                 weight = 1.0 : f64, span = 16>
    ```

    Constraints:
    * (C1) only a gathered source has `block` and `every`, only a window
      `before` and `after`; elsewhere they are 0.
    * (C2) `weight` is an f64.
    * (C3) an `unweighted` source has a `span`.
  }];
  let parameters = (ins "SourceKind":$kind, "int64_t":$block, "int64_t":$every,
                        "int64_t":$before, "int64_t":$after,
                        "::mlir::FloatAttr":$weight, "int64_t":$span,
                        DefaultValuedParameter<"bool", "false">:$unweighted);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}
def LLSA_SourceArrayAttr : TypedArrayAttrBase<LLSA_SourceAttr, "list of sources">;

//===----------------------------------------------------------------------===//
// feature maps
//===----------------------------------------------------------------------===//

def LLSA_FeatureMap : I32EnumAttr<"FeatureMap", "feature map of a linear attention", [
    I32EnumAttrCase<"Softmax", 0, "softmax">,
    I32EnumAttrCase<"EluPlusOne", 1, "elu1">,
    I32EnumAttrCase<"Relu", 2, "relu">]> {
  let cppNamespace = "::llsa";
  let genSpecializedAttr = 0;
}
def LLSA_FeatureMapAttr : EnumAttr<LLSA_Dialect, LLSA_FeatureMap, "phi"> {
  let assemblyFormat = "$value";
}

#endif // LLSA_ATTRS_TD
