#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "xtape/core/tensor_list.hpp"

// Family: branches and loops on tensors (cond, while_loop, scan, fori_loop, map_fn), which function() replays.
//
// In plain C++ an `if` or a loop does the same. Inside function() a C++ loop is unrolled into all of its steps, and a
// branch that looks at elements cannot be replayed; here the branches and bodies are traced once, whatever the number
// of iterations. Outside of function() they run as plain C++.
//
// Branches and bodies take and return tensors or lists of them; they may read captured tensors and variables, which get
// gradients. A body runs again when its gradient is traced: what it captures by reference has to live until then. It
// may draw random numbers; then, where gradients are recorded, a loop of known length is unrolled and another is not
// replayed. Variables are not assigned inside: carry the value.
namespace xtape {

/// true_fn() if `pred`, a bool of one element, is true, otherwise false_fn() (tf.cond). Both return the same number of
/// tensors of the same dtypes and shapes. Differentiable; inside function() as often as tapes record it.
///
/// Throws a TypeError if pred is not bool, a ValueError if it has not one element or, inside function(), if the
/// branches return different dtypes or shapes.
TensorList cond(const Tensor& pred, const std::function<TensorList()>& true_fn,
                const std::function<TensorList()>& false_fn);

/// Keyword arguments of while_loop.
struct WhileLoopOptions {
  std::int64_t maximum_iterations = -1;  ///< stops after so many; -1: no limit
};

/// x = loop_vars; while (condition(x)) x = body(x); returns x (tf.while_loop). The condition is a bool of one element;
/// dtypes and shapes stay the same.
///
/// Inside function() the gradient is found by running the loop again and keeping its variables of each iteration; only
/// first derivatives are there (fori_loop and scan have all).
///
/// Throws a ValueError for a body that changes the number of tensors, a dtype or a shape, a TypeError or ValueError for
/// a condition that is not a bool of one element.
TensorList while_loop(const std::function<Tensor(const TensorList&)>& condition,
                      const std::function<TensorList(const TensorList&)>& body, const TensorList& loop_vars,
                      const WhileLoopOptions& options = {});

/// Keyword arguments of scan.
struct ScanLoopOptions {
  std::int64_t length = -1;  ///< the number of steps; -1: that of xs
  bool reverse = false;      ///< from the last step to the first; ys keep the order of xs
};

/// What scan returns.
struct ScanResult {
  TensorList carry;  ///< after the last step
  TensorList ys;     ///< the outputs of all steps, stacked along a new first axis
};

/// Runs {carry, y} = f(carry, x) over the first axis of xs (jax.lax.scan, tf.scan):
///
///     auto [sum, sums] = scan([](const Tensor& s, const Tensor& x) { return std::pair(s + x, s + x); }, zeros({}),
///     xs);
///
/// carry keeps its dtypes and shapes. Differentiable; inside function() as often as tapes record it. The gradient keeps
/// the carry of each step.
///
/// Throws a ValueError for xs of different lengths, for a scalar among them, for no xs without `length`, and for an f
/// that changes the number of tensors in carry, a dtype or a shape.
ScanResult scan(const std::function<std::pair<TensorList, TensorList>(const TensorList&, const TensorList&)>& f,
                const TensorList& init, const TensorList& xs, const ScanLoopOptions& options = {});

/// for (i = lower; i < upper; ++i) x = body(i, x); returns x (jax.lax.fori_loop); i is an int64 scalar.
/// Differentiable and throws as scan.
TensorList fori_loop(std::int64_t lower, std::int64_t upper,
                     const std::function<TensorList(const Tensor&, const TensorList&)>& body, const TensorList& init);

/// f of each element along the first axis, stacked (tf.map_fn). Differentiable and throws as scan.
TensorList map_fn(const std::function<TensorList(const TensorList&)>& f, const TensorList& elems);

}  // namespace xtape
