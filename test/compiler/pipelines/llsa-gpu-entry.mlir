// RUN: llsa-opt %s --llsa-gpu-entry | FileCheck %s

// CHECK-LABEL: llvm.func @copy
// CHECK-SAME:  %{{.*}}: !llvm.ptr<1> {llvm.noalias, llvm.readonly}
// CHECK-SAME:  %{{.*}}: !llvm.ptr<1> {llvm.noalias}
// CHECK-SAME:  nvvm.kernel
// CHECK-SAME:  nvvm.minctasm = 2 : i32
// CHECK-SAME:  nvvm.reqntid = array<i32: 256>
llvm.func @copy(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>)
    attributes {llsa.threads = 256 : i64, llsa.ctas_per_multiprocessor = 2 : i64} {
  %v = llvm.load %x : !llvm.ptr<1> -> f32
  llvm.store %v, %y : f32, !llvm.ptr<1>
  llvm.return
}

// What is brought near is not written. One CTA of a kernel may have all
// registers, unless it says something else.

// CHECK-LABEL: llvm.func @near(%{{.*}}: !llvm.ptr<1> {llvm.noalias, llvm.readonly})
// CHECK-SAME:  nvvm.minctasm = 1 : i32
llvm.func @near(%x: !llvm.ptr<1>) attributes {llsa.threads = 32 : i64} {
  llvm.inline_asm has_side_effects "prefetch.global.L1 [$0];", "l" %x : (!llvm.ptr<1>) -> ()
  llvm.return
}

// The user's function has no effect beside its result.

// CHECK-LABEL: llvm.func @bias(f32, i64) -> f32
// CHECK-SAME:  llsa.device_function
// CHECK-SAME:  memory_effects = #llvm.memory_effects<other = none, argMem = none, inaccessibleMem = none
// CHECK-SAME:  no_unwind
// CHECK-SAME:  will_return
llvm.func @bias(f32, i64) -> f32 attributes {llsa.device_function}
