#include "optimize/residuals.hpp"

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::optimize {

Vector Matrix::times(const Vector& x) const {
  Vector product(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < columns; ++k) product[i] += (*this)(i, k) * x[k];
  }
  return product;
}

Vector Matrix::transposed_times(const Vector& x) const {
  Vector product(columns, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < columns; ++k) product[k] += (*this)(i, k) * x[i];
  }
  return product;
}

Tensor Matrix::tensor() const {
  return constant(elements, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
}

namespace {

using Sources = detail::PoolVector<detail::Source>;

/// `size` tensors of the shape: the rows of the identity matrix.
Tensor unit(const Tensor& like, std::size_t i) {
  Vector elements(static_cast<std::size_t>(like.size()), 0);
  elements[i] = 1;
  return detail::from_doubles(elements, like.shape(), like.dtype());
}

void set_column(Matrix& matrix, std::size_t k, const Vector& column) {
  for (std::size_t i = 0; i < matrix.rows; ++i) matrix(i, k) = column[i];
}

/// Row by row, by backward passes.
void fill_rows(Matrix& matrix, GradientTape& tape, const Tensor& value, const Unknowns& x, const Sources& sources) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const Tensors row =
        tape.gradient(value, std::span<const detail::Source>(sources),
                      {.output_gradients = {unit(value, i)}, .unconnected_gradients = UnconnectedGradients::zero});
    const Vector elements = x.joined(row);
    std::copy(elements.begin(), elements.end(),
              matrix.elements.begin() + static_cast<std::ptrdiff_t>(i * matrix.columns));
  }
}

/// Column by column: the gradient is linear in the gradient u of the value that it starts from, and its derivative for
/// u is the Jacobian.
void fill_columns(Matrix& matrix, GradientTape& tape, const Tensor& value, const Unknowns& x, const Sources& sources) {
  const Tensor u = zeros_like(value);
  GradientTape linear({.persistent = true, .watch_accessed_variables = false});
  linear.watch(u);
  const Tensors gradients =
      tape.gradient(value, std::span<const detail::Source>(sources),
                    {.output_gradients = {u}, .unconnected_gradients = UnconnectedGradients::zero});
  linear.stop();
  const std::vector<Tensor> targets(gradients.begin(), gradients.end());
  for (std::size_t k = 0; k < matrix.columns; ++k) {
    Vector direction(matrix.columns, 0);
    direction[k] = 1;
    const Tensors column =
        linear.gradient(targets, std::vector<Tensor>{u},
                        {.output_gradients = x.split(direction), .unconnected_gradients = UnconnectedGradients::zero});
    Vector elements;
    append_elements(elements, column[0]);
    set_column(matrix, k, elements);
  }
}

}  // namespace

Tensor Residuals::evaluate() {
  ++evaluations_;
  const Tensor value = f_(unknowns_.tensors());
  if (!value.defined()) detail::fail<ValueError>(op_, "the function returned an empty tensor, expected its residuals");
  if (value.dtype() != float32 && value.dtype() != float64) {
    detail::fail<TypeError>(op_, "expected a function that returns float32 or float64, received {}", value.dtype());
  }
  resolution_ = resolution_of(value.dtype());
  return value;
}

Vector Residuals::at(const Vector& x) {
  unknowns_.move_to(x);
  Vector value;
  append_elements(value, evaluate());
  return value;
}

Linearized Residuals::linearized(const Vector& x) {
  unknowns_.move_to(x);
  const Sources sources = unknowns_.sources();
  GradientTape tape({.persistent = true, .watch_accessed_variables = false});
  unknowns_.watch_with(tape);
  const Tensor value = evaluate();
  tape.stop();
  Linearized result;
  append_elements(result.value, value);
  Matrix& matrix = result.jacobian;
  matrix = {result.value.size(), x.size(), Vector(result.value.size() * x.size(), 0)};
  if (matrix.rows <= matrix.columns) {
    fill_rows(matrix, tape, value, unknowns_, sources);
  } else {
    fill_columns(matrix, tape, value, unknowns_, sources);
  }
  return result;
}

}  // namespace xtape::optimize
