#pragma once

#include "xtape/base/shape.hpp"

namespace xtape::detail {

/// The number of inputs and of outputs that a kernel of this shape connects, as Keras counts them.
struct Fans {
  double in;
  double out;
};
Fans fans_of(const Shape& shape);

}  // namespace xtape::detail
