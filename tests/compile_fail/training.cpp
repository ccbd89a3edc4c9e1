// Mistakes in training loops; see main.cpp.
#include "xtape/function/function.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/sgd.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

// The state of an optimizer is not copied.
#ifdef MUST_NOT_COMPILE
// expected: deleted
// expected: AnyOptimizer\(O& optimizer\) = delete;  // which has state: write std::move\(optimizer\), or give a
void copy_of_an_optimizer(optimizers::SGD& sgd) { const AnyOptimizer optimizer = sgd; }
#else
void moved_optimizer(optimizers::SGD& sgd) { const AnyOptimizer optimizer = std::move(sgd); }
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

// A scope ends with the tape: a temporary one is gone at once.
#ifdef MUST_NOT_COMPILE
// expected: discards qualifiers|lvalue ref-qualifier
void scope_of_a_temporary() { auto scope = GradientTape().scope(); }
#else
void scope_of_a_tape(GradientTape& tape) { auto scope = tape.scope(); }
#endif

// A scope that nobody holds has ended with its line.
#ifdef MUST_NOT_COMPILE
// expected: nodiscard
void scope_that_ends_at_once(GradientTape& tape) { tape.stop_recording(); }
#else
void scope_that_is_held(GradientTape& tape) { const auto pause = tape.stop_recording(); }
#endif

// The lists of pairs are those that zip was given, and of a temporary they may be gone.
#ifdef MUST_NOT_COMPILE
// expected: deleted (member )?function.*gradients
void lists_of_temporary_pairs(const std::vector<Tensor>& grads, const std::vector<Variable>& variables) {
  for (const auto& gradient : zip(grads, variables).gradients()) static_cast<void>(gradient.size());
}
#else
void lists_of_pairs(GradientTape& tape, const Tensor& loss, const std::vector<Variable>& variables) {
  const auto pairs = zip(tape.gradient(loss, variables), variables);
  for (const auto& gradient : pairs.gradients()) static_cast<void>(gradient.size());
}
#endif
