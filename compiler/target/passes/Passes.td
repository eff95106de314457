//===- Passes.td - passes in front of LLVM -----------------*- tablegen -*-===//
#ifndef LLSA_TARGET_PASSES_TD
#define LLSA_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def HostEntryPass : Pass<"llsa-host-entry", "::mlir::ModuleOp"> {
  let summary = "Give every kernel function the entry that the runtime calls";
  let description = [{
    Turns each public function `@k(memref..., %first: index, %last: index)` into
    two functions of the LLVM dialect:

    * `@k(%args: !llvm.ptr, %first: i64, %last: i64)`, the symbol that
      runtime/program/Program.h describes. `args[i]` points to the memref
      descriptor of the i-th buffer; the entry loads pointers, and those strides
      and sizes that the type leaves open.
    * `@k.items`, internal, holds the body. Its pointers are `noalias`: a launch
      refuses outputs that share memory with anything, workspace buffers that
      live at the same time are disjoint, and inputs are only read.

    Private functions are left alone. See
    test/compiler/pipelines/llsa-host-entry.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ExpandLibmPass : Pass<"llsa-expand-libm"> {
  let summary = "Expand math functions into vector arithmetic";
  let description = [{
    What `llsa-expand-math` left of the `math` dialect (score regions may
    hold any of its ops) becomes polynomials that work on whole vectors:
    `tanh`, `erf`, `log` and others, evaluated in float32. Without this
    the LLVM backend would call libm once per lane. What has no expansion stays
    for `convert-math-to-libm`. See test/compiler/pipelines/llsa-expand-libm.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def ExpandDeviceMathPass : Pass<"llsa-expand-device-math"> {
  let summary = "Expand the math functions that a CPU takes from libm";
  let description = [{
    A GPU has no libm: `sin`, `cos`, `tan`, their inverses, hyperbolic
    functions, `cbrt`, `powf` and `fpowi` of scalars of float32 become
    arithmetic, to a few units in the last place. Angles are reduced in float64.
    What `llsa-expand-libm` and `llsa-expand-math` expand may be
    left.

    ```mlir
    func.func @sine(%x: f32) -> f32 {
      %y = math.sin %x : f32
      return %y : f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def ExpandDeviceArithPass : Pass<"llsa-expand-device-arith"> {
  let summary = "Expand the arithmetic that a GPU has no instruction for";
  let description = [{
    Divisions that round up or down and conversions from and to bfloat16 become
    other arithmetic. `arith-expand`, which the CPU takes, would expand maxima
    and minima, too: four instructions where a GPU has one.

    ```mlir
    func.func @blocks(%n: i32, %b: i32) -> i32 {
      %c = arith.ceildivui %n, %b : i32
      return %c : i32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ApproximateDivisionPass : Pass<"llsa-approximate-division", "::mlir::ModuleOp"> {
  let summary = "Divide and take roots without a call, to two units in the last place";
  let description = [{
    An exact division of float32 is a call on a GPU, and so is a square root;
    beside a call the assembler waits for every single product of a tensor core.
    In functions with `llsa.approximate_division`, which kernels with products
    have, they become `div.full` and `sqrt.approx`: two units in the last place,
    zeros, infinities and NaN as in C. Dividing by a constant multiplies by its
    reciprocal, where that is a normal number, which is as exact.

    ```mlir
    func.func @quotient(%x: f32, %y: f32) -> f32 attributes {llsa.approximate_division} {
      %z = arith.divf %x, %y : f32
      return %z : f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
}

def GpuEntryPass : Pass<"llsa-gpu-entry", "::mlir::ModuleOp"> {
  let summary = "Make kernels entries that a GPU's driver can launch";
  let description = [{
    Every `llvm.func` with `llsa.threads` becomes an entry: `nvvm.kernel`, with
    its number of threads (and `nvvm.minctasm` where the schedule wants several
    CTAs on a multiprocessor). Its pointers do not overlap where it writes, which
    the runtime checks before a launch: `llvm.noalias`, and `llvm.readonly` for
    those that it only reads. A function with `llsa.device_function` has no effect
    beside its result.

    ```mlir
    llvm.func @k(%x: !llvm.ptr<1>) attributes {llsa.threads = 64 : i64} {
      llvm.return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif // LLSA_TARGET_PASSES_TD
