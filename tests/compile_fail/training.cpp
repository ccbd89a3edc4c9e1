// Mistakes in training loops; see main.cpp.
#include "xtape/function/function.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

// The state of an optimizer is not copied.
#ifdef MUST_NOT_COMPILE
// expected: deleted
// expected: AnyOptimizer\(O& optimizer\)
void copy_of_an_optimizer(optimizers::SGD& sgd) { const optimizers::AnyOptimizer optimizer = sgd; }
#else
void moved_optimizer(optimizers::SGD& sgd) { const optimizers::AnyOptimizer optimizer = std::move(sgd); }
#endif

// A tape records once.
#ifdef MUST_NOT_COMPILE
// expected: deleted
void copy_of_a_tape(GradientTape& tape) { GradientTape second = tape; }
#else
void moved_tape(GradientTape& tape) { GradientTape second = std::move(tape); }
#endif

// A number is not differentiated.
#ifdef MUST_NOT_COMPILE
// expected: no matching (member )?function for call to .*gradient
void gradient_for_a_text(GradientTape& tape, const Tensor& y) { tape.gradient(y, "x"); }
#else
void gradient_for_a_tensor(GradientTape& tape, const Tensor& y, const Tensor& x) { tape.gradient(y, x); }
#endif

// A function takes tensors, not variables: those it captures.
#ifdef MUST_NOT_COMPILE
// expected: capture variables instead of giving them as arguments
void function_of_a_variable(const Variable& w) {
  auto f = function([](const Variable& v) { return v.value(); });
  f(w);
}
#else
void function_with_a_variable(const Variable& w, const Tensor& x) {
  auto f = function([w](const Tensor&) { return w.value(); });
  f(x);
}
#endif
