#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::initializers {

/// Every element `value`.
class Constant {
 public:
  explicit Constant(double value = 0) : value_(value) {}
  Tensor operator()(const Shape& shape, DType dtype = float32) const;
  template <class F>
  void fields(F&& f) const {
    f("value", value_);
  }
  template <class F>
  void fields(F&& f) {
    f("value", value_);
  }

 private:
  double value_;
};

}  // namespace xtape::initializers
