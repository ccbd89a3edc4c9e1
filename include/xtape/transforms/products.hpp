#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xtape/tape/gradient_tape.hpp"

// Products with Jacobians and Hessians, which need no full matrix, and the Hessian itself.
namespace xtape {

namespace detail {
std::vector<Tensors> hessian_blocks(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                                    const std::vector<Tensor>& xs);
}  // namespace detail

/// Computes derivatives in forward mode, along one direction (tf.autodiff.ForwardAccumulator):
///
///     ForwardAccumulator accumulator({x}, {tangent});
///     Tensor y = f(x);
///     Tensor dy = accumulator.jvp(y);                    // the derivative of y when x moves by its tangent
///
/// From its construction to its end, each op whose inputs move also computes how its result moves (its tangent). So a
/// derivative along one direction costs about as much as f itself, and nothing is kept for a backward pass: the tangent
/// of a result is released with the result. It pays where a function has more results than arguments.
///
/// An accumulator nests with tapes and with others, like a GradientTape. Those made before it see how it computes
/// tangents, those made after it do not:
///
///     accumulator, then tape in it         jvp(tape.gradient(...)): the product of the Hessian with the tangent
///     tape, then accumulator in it         tape.gradient(accumulator.jvp(y), x): the gradient of a derivative
///     accumulator, then another in it      outer.jvp(inner.jvp(y)): the second derivative along both directions
///
/// Assignments to variables are not seen. It belongs to the thread that made it.
class ForwardAccumulator {
 public:
  /// Throws a ValueError when there is not one tangent for each primal, of its shape, or when a primal is given twice;
  /// a TypeError for a tangent of another dtype and for primals that are not floating.
  ForwardAccumulator(std::initializer_list<detail::Source> primals, std::initializer_list<Tensor> tangents);
  ForwardAccumulator(std::span<const Tensor> primals, std::span<const Tensor> tangents);
  ForwardAccumulator(std::span<const Variable> primals, std::span<const Tensor> tangents);
  ForwardAccumulator(ForwardAccumulator&&) noexcept;
  ForwardAccumulator& operator=(ForwardAccumulator&&) noexcept;
  ~ForwardAccumulator();

  /// The derivative of a tensor that was computed from the primals. For other tensors it is empty, or zeros with
  /// UnconnectedGradients::zero. May be called several times. Throws a TypeError for an empty tensor, a RuntimeError in
  /// another thread.
  Tensor jvp(const Tensor& primal, UnconnectedGradients unconnected_gradients = UnconnectedGradients::none);

  /// Ends it (leaves Python's `with`): later ops are not followed. jvp() still finds what was computed before. Does
  /// nothing the second time.
  void stop();

  /// The names of the ops so far that have no rule for forward mode. They are differentiated through their gradient, at
  /// the cost of about two gradients of the op: custom_gradient, recompute_grad, the gradient of map(),
  /// solutions of equations (optimize, integrate), and branches and loops that function() traces.
  std::vector<std::string> ops_without_rule() const;

 private:
  void start(std::span<const detail::Source> primals, std::span<const Tensor> tangents);
  detail::TapeImpl& impl() const;
  std::unique_ptr<detail::TapeImpl> impl_;
};

/// f(x) and its derivative in the direction of the tangent, J(x) t (jax.jvp), in forward mode: at about the cost of two
/// to three calls of f. Zeros where f does not depend on x.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& tangent);
/// The same for several arguments.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& xs,
                              const std::vector<Tensor>& tangents);

/// The matrix of first derivatives of f, [y..., x...], by columns: one call of f in forward mode for each element of x
/// (jax.jacfwd). For functions of few arguments.
Tensor jacfwd(const std::function<Tensor(const Tensor&)>& f, const Tensor& x);
/// The same by rows: one backward pass for each element of f(x) (jax.jacrev). For functions of few results.
Tensor jacrev(const std::function<Tensor(const Tensor&)>& f, const Tensor& x);

/// Gives f a derivative in forward mode of one's own (jax.custom_jvp): rule(x, tangent) is the derivative of f at x in
/// the direction of the tangent. It is linear in the tangent and made of ops, so the gradient and derivatives of higher
/// order follow from it.
///
///     auto safe_sqrt = custom_jvp([](const Tensor& x) { return sqrt(x); },
///                                 [](const Tensor& x, const Tensor& t) { return t * 0.5 / sqrt(x + 1e-6); });
///
/// Variables that f reads count as constants. Throws a ValueError when the rule returns a tensor of another shape than
/// f, a TypeError for another dtype. Errors show `name`, which must outlive the tapes: use a string literal.
std::function<Tensor(const Tensor&)> custom_jvp(
    const std::function<Tensor(const Tensor&)>& f,
    const std::function<Tensor(const Tensor& x, const Tensor& tangent)>& rule, const char* name = "custom_jvp");
/// The same for a function of several tensors. The tangent of an argument that does not move is zeros.
std::function<Tensor(const std::vector<Tensor>&)> custom_jvp(
    const std::function<Tensor(const std::vector<Tensor>&)>& f,
    const std::function<Tensor(const std::vector<Tensor>& xs, const std::vector<Tensor>& tangents)>& rule,
    const char* name = "custom_jvp");

/// f(x) and the function that maps the gradient of f(x) to that of x, J(x)' dy (jax.vjp). May be called several times.
std::pair<Tensor, std::function<Tensor(const Tensor&)>> vjp(const std::function<Tensor(const Tensor&)>& f,
                                                            const Tensor& x);

/// The matrix of second derivatives of a scalar function, [x..., x...]. Takes one backward pass for each element of x.
/// Throws a ValueError unless f(x) has one element.
Tensor hessian(const std::function<Tensor(const Tensor&)>& f, const Tensor& x);

/// The same for a function of several tensors: the blocks of the Hessian, [i][j] for xs[i] and xs[j].
///
///     auto blocks = hessian([](const std::vector<Tensor>& x) { return loss(x[0], x[1]); }, {a, b});
template <class F>
std::vector<Tensors> hessian(const F& f, const std::vector<Tensor>& xs) {
  return detail::hessian_blocks(f, xs);
}

/// The product of the Hessian with a vector of x's shape, at the cost of two to three gradients (Pearlmutter: Fast
/// exact multiplication by the Hessian, 1994): the derivative in forward mode of the gradient. Throws a ValueError
/// unless f(x) has one element and the shapes agree.
Tensor hessian_vector_product(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& vector);
/// The same for a function of several tensors, such as all weights of a model.
Tensors hessian_vector_product(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                               const std::vector<Tensor>& xs, const std::vector<Tensor>& vectors);

}  // namespace xtape
