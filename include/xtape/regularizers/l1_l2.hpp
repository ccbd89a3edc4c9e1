#pragma once

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::regularizers {

// Family: penalties on the size of weights (keras.regularizers). A factor must be finite and not negative: otherwise a
// ValueError, when the object becomes a Regularizer or is called.

/// l1 sum |w|
struct L1 {
  double l1 = 0.01;

  Tensor operator()(const Tensor& w) const;
  void check() const;
  XTAPE_FIELDS(l1)
};

/// l2 sum w^2
struct L2 {
  double l2 = 0.01;

  Tensor operator()(const Tensor& w) const;
  void check() const;
  XTAPE_FIELDS(l2)
};

/// l1 sum |w| + l2 sum w^2. By name, "l1_l2", both factors are 0.01.
struct L1L2 {
  double l1 = 0;
  double l2 = 0;

  Tensor operator()(const Tensor& w) const;
  void check() const;
  XTAPE_FIELDS(l1, l2)
};

/// The same in the form of functions, as Keras has them: `regularizers::l2(0.01)`.
inline L1 l1(double factor = 0.01) { return {.l1 = factor}; }
inline L2 l2(double factor = 0.01) { return {.l2 = factor}; }
inline L1L2 l1_l2(double l1 = 0.01, double l2 = 0.01) { return {.l1 = l1, .l2 = l2}; }

}  // namespace xtape::regularizers
