// Mistakes with tensors and variables; see main.cpp.
#include "xtape/core/creation.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/core/xtensor.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

using namespace xtape;

// The elements of a temporary tensor are gone with it.
#ifdef MUST_NOT_COMPILE
// expected: deleted (member )?function.*data
void elements_of_a_temporary() {
  for (const float x : ones({2}).data<float>()) static_cast<void>(x);
}
#else
void elements_of_a_tensor(const Tensor& t) {
  for (const float x : t.data<float>()) static_cast<void>(x);
  for (const float x : ones({2}).to_vector<float>()) static_cast<void>(x);
}
#endif

// xtensor's view of a temporary tensor would be read when it is gone.
#ifdef MUST_NOT_COMPILE
// expected: deleted (member )?function.*array
void view_of_a_temporary() { ones({2}).array<float>(); }
#else
void view_of_a_tensor(const Tensor& t) { t.array<float>(); }
#endif

// A type that no tensor holds.
#ifdef MUST_NOT_COMPILE
// expected: no matching (member )?function.*data
void elements_of_another_type(const Tensor& t) { t.data<unsigned short>(); }
#else
void elements_of_its_type(const Tensor& t) { t.data<std::uint8_t>(); }
#endif

// A tensor is neither a number nor an index.
#ifdef MUST_NOT_COMPILE
// expected: cannot convert .*Tensor.* to .*float|no viable conversion from .*Tensor.* to 'float'
void tensor_as_a_number(const Tensor& loss) { float number = loss; }
#else
void item_of_a_tensor(const Tensor& loss) { float number = loss.item<float>(); }
#endif

// The elements of a tensor do not change: a Variable's do.
#ifdef MUST_NOT_COMPILE
// expected: read-only|cannot assign to return value|not assignable
void write_to_elements(const Tensor& t) { t.data<float>()[0] = 1; }
#else
void assign_a_value(Variable& v) { v.assign(ones({2})); }
#endif

// A Variable is made explicitly: an accidental one would be trained.
#ifdef MUST_NOT_COMPILE
// expected: conversion from .* to non-scalar type .*Variable|no viable conversion from .* to '.*Variable'
void variable_by_accident() { Variable v = ones({2}); }
#else
void variable_on_purpose() { Variable v(ones({2})); }
#endif

// Whether there is a Variable is asked by defined(), what it holds by a comparison.
#ifdef MUST_NOT_COMPILE
// expected: (could not convert|conversion from) .*Variable.* to .*bool
int truth_of_a_variable(const Variable& v) { return v ? 1 : 2; }
#else
int defined_variable(const Variable& v) { return v.defined() ? 1 : 2; }
#endif

// The value of a temporary Variable is a Tensor that is gone with the expression.
#ifdef MUST_NOT_COMPILE
// expected: deleted (member )?function.*data
void elements_of_a_temporary_variable(Variable (*made)()) { made().value().data<float>(); }
#else
void elements_of_a_variable(const Variable& v) { v.value().data<float>(); }
#endif

// What makes a rule returns the rule, not gradients.
#ifdef MUST_NOT_COMPILE
// expected: no matching function.*record
void rule_that_is_none(const Tensor& x) {
  record("op", {x}, x, [&] { return Grads{x}; });
}
#else
void rule_that_is_made(const Tensor& x) {
  record("op", {x}, x, [&] { return [x](const Tensor& dy) { return Grads{dy * x}; }; });
}
#endif

// A part of a tensor is a tensor of its own.
#ifdef MUST_NOT_COMPILE
// expected: the elements of a tensor do not change: write v.assign_slice\(\{...\}, value\) for a Variable v
void assign_to_a_part(Tensor& t) { t[0] = 5; }
#else
void assign_to_a_part_of_a_variable(Variable& v) { v.assign_slice({0}, 5); }
#endif

// The same in place.
#ifdef MUST_NOT_COMPILE
// expected: the elements of a tensor do not change
void add_to_a_part(Tensor& t) { t[{all, 0}] += t[0]; }
#else
void add_to_a_tensor(Tensor& t) { t += 5; }
#endif

// The same of a Variable.
#ifdef MUST_NOT_COMPILE
// expected: write v.assign_slice
void assign_to_a_part_by_brackets(Variable& v, const Tensor& t) { v[0] = t; }
#else
void assign_to_a_part_by_name(Variable& v, const Tensor& t) { v.assign_slice({0}, t); }
#endif

// A tensor among the brackets: NumPy takes it for indices or for a mask, by its dtype.
#ifdef MUST_NOT_COMPILE
// expected: x\[tensor\]: write gather\(x, indices\), or boolean_mask\(x, mask\)
void index_by_a_tensor(const Tensor& x, const Tensor& mask) { x[mask]; }
#else
void mask_by_name(const Tensor& x, const Tensor& mask) { boolean_mask(x, mask); }
#endif

// A Variable is assigned to by name.
#ifdef MUST_NOT_COMPILE
// expected: a Variable's value changes by w.assign\(value\)
void assign_by_sign(Variable& w, const Tensor& t) { w = t; }
#else
void assign_by_name(Variable& w, const Tensor& t) { w.assign(t); }
#endif

// The same in place.
#ifdef MUST_NOT_COMPILE
// expected: w.assign_sub\(delta\)
void subtract_by_sign(Variable& w, const Tensor& g) { w -= 0.1 * g; }
#else
void subtract_by_name(Variable& w, const Tensor& g) { w.assign_sub(0.1 * g); }
#endif

// tf.constant([a, b]) of tensors.
#ifdef MUST_NOT_COMPILE
// expected: constant\(\) of tensors: write stack\(\{a, b\}\)
void constant_of_tensors(const Tensor& a, const Tensor& b) { constant({a, b}); }
#else
void stack_of_tensors(const Tensor& a, const Tensor& b) { stack({a, b}); }
#endif
