// One case per rule, named by the rule's label: op, constraint, what is wrong.
// RUN: llsa-opt %s --split-input-file --verify-diagnostics

//===----------------------------------------------------------------------===//
// #llsa.hierarchy, #llsa.source, !llsa
//===----------------------------------------------------------------------===//

// expected-error @+1 {{hierarchy gives 'block' twice}}
func.func @hierarchy_c1_twice() attributes {a = #llsa.hierarchy<block = 16, block = 16>} { return }

// -----

// expected-error @+1 {{hierarchy has no 'depth'; expected block, levels, topk, enrichment or reweighting}}
func.func @hierarchy_c1_unknown_field() attributes {a = #llsa.hierarchy<depth = 16>} { return }

// -----

// expected-error @+1 {{expected true or false, got 'maybe'}}
func.func @hierarchy_syntax_bool() attributes {a = #llsa.hierarchy<enrichment = maybe>} { return }

// -----

// expected-error @+1 {{expected at least one number in topk}}
func.func @hierarchy_syntax_empty_topk() attributes {a = #llsa.hierarchy<topk = []>} { return }

// -----

// expected-error @+1 {{hierarchy numbers must not be negative, got -1}}
func.func @hierarchy_syntax_negative_block() attributes {a = #llsa.hierarchy<block = -1>} { return }

// -----

// expected-error @+1 {{hierarchy numbers must not be negative, got -1}}
func.func @hierarchy_syntax_negative_levels() attributes {a = #llsa.hierarchy<levels = -1>} { return }

// -----

// expected-error @+1 {{hierarchy block must be between 4 and 128, got 3}}
func.func @hierarchy_c2_block_small() attributes {a = #llsa.hierarchy<block = 3>} { return }

// -----

// expected-error @+1 {{hierarchy block must be between 4 and 128, got 129}}
func.func @hierarchy_c2_block_big() attributes {a = #llsa.hierarchy<block = 129>} { return }

// -----

// expected-error @+1 {{hierarchy levels must be between 0 and 5, got 6}}
func.func @hierarchy_c3_levels() attributes {a = #llsa.hierarchy<levels = 6>} { return }

// -----

// expected-error @+1 {{hierarchy topk must be between 1 and 1073741824, got 0}}
func.func @hierarchy_c4_topk_zero() attributes {a = #llsa.hierarchy<topk = 0>} { return }

// -----

// expected-error @+1 {{hierarchy topk must be between 1 and 1073741824, got 1073741825}}
func.func @hierarchy_c4_topk_big() attributes {a = #llsa.hierarchy<topk = [8, 1073741825]>} { return }

// -----

// expected-error @+1 {{hierarchy topk must be one number or one per level, got 2 for 3 levels}}
func.func @hierarchy_c5_topk_count() attributes {a = #llsa.hierarchy<levels = 3, topk = [8, 8]>} { return }

// -----

// expected-error @+1 {{hierarchy topk must be one number or one per level, got 6 for at most 5 levels}}
func.func @hierarchy_c5_topk_count_open() attributes {a = #llsa.hierarchy<topk = [8, 8, 8, 8, 8, 8]>} { return }

// -----

func.func @source_c1_dense_with_block() attributes {
  // expected-error @+1 {{a dense source has no block and every, got 16 and 0}}
  a = #llsa.source<kind = dense, block = 16, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0>
} { return }

// -----

func.func @source_c1_window_with_every() attributes {
  // expected-error @+1 {{a window source has no block and every, got 0 and 1}}
  a = #llsa.source<kind = window, block = 0, every = 1, before = 0, after = 0, weight = 1.0 : f64, span = 0>
} { return }

// -----

func.func @source_c1_gathered_with_reach() attributes {
  // expected-error @+1 {{a gathered source has no before and after, got 1 and 2}}
  a = #llsa.source<kind = gathered, block = 16, every = 1, before = 1, after = 2, weight = 1.0 : f64, span = 0>
} { return }

// -----

func.func @source_c2_weight_type() attributes {
  // expected-error @+1 {{a source's weight must be an f64, got 'f32'}}
  a = #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f32, span = 0>
} { return }

// -----

func.func @source_c3_unweighted_without_span() attributes {
  // expected-error @+1 {{an unweighted source must have a span, got none}}
  a = #llsa.source<kind = dense, block = 0, every = 0, before = 0, after = 0, weight = 1.0 : f64, span = 0, unweighted = true>
} { return }

// -----

//===----------------------------------------------------------------------===//
// what is not in the dialect at all
//===----------------------------------------------------------------------===//

func.func @unknown_op(%x: tensor<1x8x32x64xf32>) {
  // expected-error @+1 {{custom op 'llsa.pooling' is unknown}}
  %0 = llsa.pooling %x : tensor<1x8x32x64xf32>
  return
}

// -----

// expected-error @+1 {{unknown attribute `hierarchies` in dialect `llsa`}}
func.func @unknown_attribute() attributes {a = #llsa.hierarchies<>} { return }

// -----

// expected-error @+1 {{unknown  type `double` in dialect `llsa`}}
func.func @unknown_type(%x: !llsa.double) { return }

// -----

//===----------------------------------------------------------------------===//
// attributes on other dialects' ops
//===----------------------------------------------------------------------===//

// expected-error @+1 {{'func.func' op argument 1 has the unknown attribute 'llsa.nam'; expected one of llsa.name, llsa.shape, llsa.no_gradient, llsa.role}}
func.func private @argument_unknown(tensor<8xf32>, tensor<8xf32> {llsa.nam = "slopes"})

// -----

// expected-error @+1 {{'func.func' op result 0 has the unknown attribute 'llsa.shape'; expected one of llsa.name}}
func.func private @result_unknown() -> (tensor<8xf32> {llsa.shape = ["H"]})

// -----

// expected-error @+1 {{'func.func' op has the unknown attribute 'llsa.flop'; expected one of llsa.flops, llsa.bytes, llsa.stack_bytes, llsa.shared_bytes, llsa.threads, llsa.views, llsa.ctas_per_multiprocessor, llsa.approximate_division, llsa.persistent, llsa.dependent_launch, llsa.device_function, llsa.derivatives, llsa.spec, llsa.variant}}
func.func private @operation_unknown() attributes {llsa.flop = 1.0}

// -----

// expected-error @+1 {{'func.func' op argument 0 must have a name that is not empty, got ""}}
func.func private @argument_name_empty(tensor<8xf32> {llsa.name = ""})

// -----

// expected-error @+1 {{'func.func' op argument 0 must have a name without '/', got "../q"}}
func.func @path(%q: tensor<1x1x1x8xf32> {llsa.name = "../q"}) { return }

// -----

// expected-error @+1 {{'func.func' op result 0 must have a name that is not empty, got 1 : i64}}
func.func private @result_name_type() -> (tensor<8xf32> {llsa.name = 1})

// -----

// expected-error @+1 {{'func.func' op argument 0 must have a shape that is a list of size names and numbers, got "H"}}
func.func private @argument_shape_type(tensor<8xf32> {llsa.shape = "H"})

// -----

// expected-error @+1 {{'func.func' op argument 0 must have a shape that is a list of size names and numbers, got [1.000000e+00]}}
func.func private @argument_shape_element(tensor<8xf32> {llsa.shape = [1.0]})

// -----

// expected-error @+1 {{'func.func' op argument 0 must have the role "input" or "output", got "inout"}}
func.func private @argument_role(tensor<8xf32> {llsa.role = "inout"})

// -----

// expected-error @+1 {{'func.func' op has llsa.device_function, a unit attribute of functions without a body}}
func.func private @device_function_with_body(%x: f32) -> f32 attributes {llsa.device_function} {
  return %x : f32
}

// -----

// expected-error @+1 {{'func.func' op has llsa.device_function, a unit attribute of functions without a body}}
func.func private @device_function_value(f32) -> f32 attributes {llsa.device_function = "score.cu"}

// -----

// expected-error @+1 {{'func.func' op is a device function, which takes f32, i32, i64 and index and returns one of them, got ('f32', 'bf16') -> ('f32')}}
func.func private @device_function_argument(f32, bf16) -> f32 attributes {llsa.device_function}

// -----

// expected-error @+1 {{'func.func' op is a device function, which takes f32, i32, i64 and index and returns one of them, got ('f32') -> ('i1')}}
func.func private @device_function_result(f32) -> i1 attributes {llsa.device_function}

// -----

// expected-error @+1 {{'func.func' op is a device function, which takes f32, i32, i64 and index and returns one of them, got ('f32') -> ()}}
func.func private @device_function_no_result(f32) attributes {llsa.device_function}

// -----

// expected-error @+1 {{'func.func' op has llsa.derivatives, which device functions that return f32 have alone}}
func.func private @derivatives_of_another(f32) -> f32 attributes {llsa.derivatives = [@derivatives_of_another]}

// -----

// expected-error @+1 {{'func.func' op has llsa.derivatives, which device functions that return f32 have alone}}
func.func private @derivatives_of_an_integer(f32) -> i32
    attributes {llsa.device_function, llsa.derivatives = [@derivatives_of_an_integer]}

// -----

func.func private @slope(f32, index, f32) -> f32 attributes {llsa.device_function}
// expected-error @+1 {{'func.func' op must have llsa.derivatives that name a function for each of its 2 arguments of f32, got [@slope]}}
func.func private @derivatives_too_few(f32, index, f32) -> f32
    attributes {llsa.device_function, llsa.derivatives = [@slope]}

// -----

// expected-error @+1 {{'func.func' op must have llsa.derivatives that name a function for each of its 1 arguments of f32, got ["slope"]}}
func.func private @derivatives_text(f32) -> f32
    attributes {llsa.device_function, llsa.derivatives = ["slope"]}

// -----

// expected-error @+1 {{'func.func' op has the derivative @nowhere, which must be a device function of the same type, '(f32) -> f32'}}
func.func private @derivatives_nowhere(f32) -> f32
    attributes {llsa.device_function, llsa.derivatives = [@nowhere]}

// -----

func.func private @slope(f32, index) -> f32 attributes {llsa.device_function}
// expected-error @+1 {{'func.func' op has the derivative @slope, which must be a device function of the same type, '(f32) -> f32'}}
func.func private @derivatives_type(f32) -> f32
    attributes {llsa.device_function, llsa.derivatives = [@slope]}

// -----

// expected-error @+1 {{'func.func' op argument 0 must have a no_gradient without a value, got true}}
func.func private @no_gradient_value(tensor<8xf32> {llsa.no_gradient = true})
