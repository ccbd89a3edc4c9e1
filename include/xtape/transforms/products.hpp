#pragma once

#include <functional>
#include <initializer_list>
#include <span>
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
/// Watches its primals, tensors or variables, from its construction on. Nests with tapes: the jvp of an inner tape's
/// gradient is a Hessian-vector product. The backward pass is linear in the gradient that it starts from; its
/// derivative for that gradient is the Jacobian-vector product. So every op supports jvp, and activations are kept to
/// the end, as by a tape.
class ForwardAccumulator {
 public:
  /// Throws a ValueError when there is not one tangent for each primal, of its shape, or when a primal is given twice;
  /// a TypeError for a tangent of another dtype and for primals that are not floating.
  ForwardAccumulator(std::initializer_list<detail::Source> primals, std::initializer_list<Tensor> tangents);
  ForwardAccumulator(std::span<const Tensor> primals, std::span<const Tensor> tangents);
  ForwardAccumulator(std::span<const Variable> primals, std::span<const Tensor> tangents);

  /// The derivative of a tensor that was computed from the primals. For other tensors it is empty, or zeros with
  /// UnconnectedGradients::zero. May be called several times.
  Tensor jvp(const Tensor& primal, UnconnectedGradients unconnected_gradients = UnconnectedGradients::none);

 private:
  void start(std::span<const detail::Source> primals, std::span<const Tensor> tangents);
  GradientTape tape_;
  std::vector<Tensor> tensors_;
  std::vector<Variable> variables_;
  std::vector<Tensor> tensor_tangents_, variable_tangents_;
};

/// f(x) and its derivative in the direction of the tangent, J(x) t (jax.jvp). Zeros where f does not depend on x.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& tangent);
/// The same for several arguments.
std::pair<Tensor, Tensor> jvp(const std::function<Tensor(const std::vector<Tensor>&)>& f, const std::vector<Tensor>& xs,
                              const std::vector<Tensor>& tangents);

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

/// The product of the Hessian with a vector of x's shape, at the cost of two gradients (Pearlmutter: Fast exact
/// multiplication by the Hessian, 1994). Throws a ValueError unless f(x) has one element and the shapes agree.
Tensor hessian_vector_product(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& vector);
/// The same for a function of several tensors, such as all weights of a model.
Tensors hessian_vector_product(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                               const std::vector<Tensor>& xs, const std::vector<Tensor>& vectors);

}  // namespace xtape
