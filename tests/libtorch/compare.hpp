#pragma once

#include <functional>
#include <string>
#include <vector>

#include "xtape/base/shape.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::libtorch {

/// An op as xtape spells it, to be compared with the one of the same name in torch_ops.cpp.
struct Row {
  std::string name;
  std::vector<Shape> shapes;  ///< of its inputs
  std::function<Tensor(const std::vector<Tensor>&)> run;
  double low = -2, high = 2;  ///< between which the inputs lie
};

/// The rows of each file.
std::vector<Row> elementwise_rows();
std::vector<Row> movement_rows();
std::vector<Row> linalg_rows();
std::vector<Row> nn_rows();

}  // namespace xtape::libtorch
