#pragma once

#include <initializer_list>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape {

/// The inputs or outputs of a layer, one or several tensors. A tensor converts to a list of one, and a list of one
/// converts to a tensor:
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
  operator Tensor() const { return only(); }  // not a reference, which could outlive a temporary list
  const Tensor& only() const& {
    if (size() != 1) throw_not_one();
    return front();
  }
  Tensor only() const&& { return only(); }

 private:
  [[noreturn]] void throw_not_one() const;
};

}  // namespace xtape
