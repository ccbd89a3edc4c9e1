#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/tensor_list.hpp"
#include "xtape/layers/symbolic.hpp"

namespace xtape::testing {

/// Ops of x and y, both float32 [batch, 4, 6] with elements in [low, high], as functions of symbolic tensors and of
/// tensors. Together the rows call every op of the table in src/onnx/op_mappings.cpp.
struct OnnxOpRow {
  template <class F>
  OnnxOpRow(std::string its_name, F f, double its_low = -2, double its_high = 2)
      : name(std::move(its_name)), low(its_low), high(its_high) {
    symbolic = [f](const SymbolicTensor& x, const SymbolicTensor& y) { return SymbolicList(f(x, y)); };
    eager = [f](const Tensor& x, const Tensor& y) { return TensorList(f(x, y)); };
  }
  std::string name;
  std::function<SymbolicList(const SymbolicTensor& x, const SymbolicTensor& y)> symbolic;
  std::function<TensorList(const Tensor& x, const Tensor& y)> eager;
  double low, high;
};
const std::vector<OnnxOpRow>& onnx_op_rows();

}  // namespace xtape::testing
