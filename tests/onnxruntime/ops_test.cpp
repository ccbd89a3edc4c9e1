// Ops between the layers of functional models, and ops that C++ code calls, run by ONNX Runtime.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "onnxruntime/cases.hpp"
#include "onnxruntime/op_rows.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::testing {
namespace {

Tensor data(std::int64_t batch, double low, double high, double start) {
  std::vector<double> values(static_cast<std::size_t>(batch * 24));
  for (double& value : values) {
    start = std::fmod(start + 0.6180339887498949, 1);
    value = low + (high - low) * start;
  }
  return cast(constant(values, {batch, 4, 6}), float32);
}

/// One of several opsets.
int opset_of(const OnnxOpRow& row, std::size_t number) {
  constexpr int opsets[] = {17, 13, 18, 21};
  const std::string_view name = row.name;
  if (name.starts_with("bitwise")) return 18;
  return name.starts_with("tril") ? 17 : opsets[number % 4];  // of opset 14
}

}  // namespace

TEST_CASE("ONNX Runtime: ops between layers") {
  if (!OnnxRuntimeCases::available()) return;
  OnnxRuntimeCases cases;
  std::size_t number = 0;
  for (const OnnxOpRow& row : onnx_op_rows()) {
    CAPTURE(row.name);
    const SymbolicTensor x = Input({4, 6}, {.name = "x"}), y = Input({4, 6}, {.name = "y"});
    Model model({x, y}, row.symbolic(x, y));
    std::vector<TensorList> runs;
    for (const std::int64_t batch : {1, 7}) {
      runs.push_back({data(batch, row.low, row.high, 0.1), data(batch, row.low, row.high, 0.4)});
    }
    cases.add(row.name, model, runs, {.opset = opset_of(row, number)});
    ++number;
  }
  cases.check();
}

TEST_CASE("ONNX Runtime: ops of traced functions") {
  if (!OnnxRuntimeCases::available()) return;
  OnnxRuntimeCases cases;
  std::size_t number = 1;
  for (const OnnxOpRow& row : onnx_op_rows()) {
    CAPTURE(row.name);
    std::vector<TensorList> runs;
    for (const std::int64_t batch : {1, 7}) {
      runs.push_back({data(batch, row.low, row.high, 0.1), data(batch, row.low, row.high, 0.4)});
    }
    const auto function = [&](const TensorList& in) { return row.eager(in[0], in[1]); };
    const SymbolicList inputs{Input({4, 6}, {.name = "x"}), Input({4, 6}, {.name = "y"})};
    cases.add(row.name, function, inputs, runs, {.opset = opset_of(row, number)});
    ++number;
  }
  cases.check();
}

}  // namespace xtape::testing
