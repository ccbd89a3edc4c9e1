#pragma once

#include <initializer_list>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// Some tensors, as layers with several inputs or outputs take and give them. One tensor is a list of itself, and a
/// list of one can be used as a tensor:
///
///     Tensor y = layers::Add()({a, b});
class TensorList : public Tensors {
 public:
  using Tensors::Tensors;
  TensorList(const Tensor& tensor) { push_back(tensor); }
  TensorList(std::initializer_list<Tensor> tensors) : Tensors(tensors) {}
  TensorList(const std::vector<Tensor>& tensors) : Tensors(tensors.begin(), tensors.end()) {}
  TensorList(Tensors tensors) : Tensors(std::move(tensors)) {}

  /// The only tensor. Throws a ValueError when there are several, or none.
  operator Tensor() const { return only(); }  // no reference: what it is bound to may outlive a temporary list
  const Tensor& only() const& {
    if (size() != 1) throw_not_one();
    return front();
  }
  Tensor only() const&& { return only(); }

 private:
  [[noreturn]] void throw_not_one() const;
};

}  // namespace xtape
