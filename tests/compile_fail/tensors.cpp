// Mistakes with tensors and variables; see main.cpp.
#include "xtape/core/creation.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/core/xtensor.hpp"
#include "xtape/ops/math.hpp"
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
