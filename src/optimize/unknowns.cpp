#include "optimize/unknowns.hpp"

#include <limits>
#include <utility>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::optimize {

using detail::fail;

Unknowns::Unknowns(const char* op, std::vector<Tensor> start) : tensors_(std::move(start)) {
  if (tensors_.empty()) fail<ValueError>(op, "expected at least one tensor to start from, received none");
  for (const auto& tensor : tensors_) check(op, tensor);
}

Unknowns::Unknowns(const char* op, std::vector<Variable> variables) : variables_(std::move(variables)) {
  if (variables_.empty()) fail<ValueError>(op, "expected at least one variable, received none");
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const Variable& variable = variables_[i];
    if (!variable.defined()) fail<ValueError>(op, "variables[{}] is an empty handle", i);
    for (std::size_t k = 0; k < i; ++k) {
      if (variable.is_same(variables_[k])) fail<ValueError>(op, "variables[{}] and variables[{}] are the same", k, i);
    }
    if (variable.constraint()) {
      fail<ValueError>(op, "expected variables without a constraint, '{}' has one", variable.name());
    }
    check(op, variable.peek());
    first_.push_back(variable.peek());
  }
}

void Unknowns::check(const char* op, const Tensor& t) {
  if (!t.defined()) fail<TypeError>(op, "expected a tensor to start from, received an empty one");
  if (t.dtype() != float32 && t.dtype() != float64) {
    fail<TypeError>(op, "expected float32 or float64 to start from, received {}", t.dtype());
  }
  size_ += static_cast<std::size_t>(t.size());
}

double resolution_of(DType dtype) {
  return dtype == float64 ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

void append_elements(Vector& elements, const Tensor& t) {
  if (t.dtype() == float64) {
    const auto values = t.data<double>();
    elements.insert(elements.end(), values.begin(), values.end());
  } else {
    const auto values = t.data<float>();
    elements.insert(elements.end(), values.begin(), values.end());
  }
}

Vector Unknowns::joined(std::span<const Tensor> parts) const {
  Vector elements;
  elements.reserve(size_);
  for (const auto& part : parts) append_elements(elements, part);
  return elements;
}

Vector Unknowns::values() const {
  if (variables_.empty()) return joined(tensors_);
  std::vector<Tensor> values;
  for (const auto& variable : variables_) values.push_back(variable.peek());
  return joined(values);
}

Vector Unknowns::rounded(Vector x) const {
  std::size_t at = 0;
  for (const auto& part : like()) {
    const std::size_t end = at + static_cast<std::size_t>(part.size());
    if (part.dtype() == float64) at = end;
    for (; at < end; ++at) x[at] = static_cast<float>(x[at]);
  }
  return x;
}

std::vector<Tensor> Unknowns::split(const Vector& x) const {
  std::vector<Tensor> parts;
  std::span<const double> rest(x);
  for (const auto& part : like()) {
    const auto size = static_cast<std::size_t>(part.size());
    parts.push_back(detail::from_doubles(rest.first(size), part.shape(), part.dtype()));
    rest = rest.subspan(size);
  }
  return parts;
}

void Unknowns::move_to(const Vector& x) {
  std::vector<Tensor> parts = split(x);
  if (variables_.empty()) {
    tensors_ = std::move(parts);
  } else {
    for (std::size_t i = 0; i < parts.size(); ++i) variables_[i].assign(parts[i]);
  }
}

void Unknowns::restore() {
  for (std::size_t i = 0; i < first_.size(); ++i) variables_[i].assign(first_[i]);
}

detail::PoolVector<detail::Source> Unknowns::sources() const {
  if (variables_.empty()) return {tensors_.begin(), tensors_.end()};
  return {variables_.begin(), variables_.end()};
}

void Unknowns::watch_with(GradientTape& tape) const {
  tape.watch(tensors_);
  for (const auto& variable : variables_) tape.watch(variable);
}

}  // namespace xtape::optimize
