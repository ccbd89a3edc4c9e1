#pragma once

#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape::testing {

/// An op that only moves elements. The elements of all inputs are numbered 0, 1, 2, ...
struct Movement {
  std::string op;
  std::vector<Shape> inputs;
  std::function<Tensor(const OpInputs&)> f;
  Shape result;
  std::vector<double> elements;  ///< the numbers of the elements that the result consists of
};

/// A movement's function from an expression of its inputs, `in`, and the first of them, `x`.
#define MOVE(...)                             \
  [](const OpInputs& in) -> Tensor {          \
    [[maybe_unused]] const Tensor& x = in[0]; \
    return __VA_ARGS__;                       \
  }

inline std::vector<double> count(std::int64_t n, double first = 0) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(first + static_cast<double>(i));
  return values;
}

inline OpInputs counting(const Movement& row, DType dtype) {
  OpInputs inputs;
  double next = 0;
  for (const auto& shape : row.inputs) {
    const std::vector<double> values = count(shape.numel(), next);
    next += static_cast<double>(values.size());
    inputs.push_back(tensor(values, shape, dtype));
  }
  return inputs;
}

inline FunctionRow under_function(const Movement& row) { return {row.op, row.f, fresh_inputs(row.inputs)}; }

/// Checks every row: the positions of the elements, for every dtype; gradients to the second order; float32 stays
/// float32.
inline void check_movements(const Table<Movement>& table) {
  for (const auto& row : table) {
    CAPTURE(row.op);
    CAPTURE(row.result.str());
    for (const DType dtype : {float32, float64, int32, int64, uint8, bfloat16, boolean}) {
      const OpInputs inputs = counting(row, dtype);
      const Tensor y = row.f(inputs);
      CHECK_TENSOR_EQ(y, tensor(row.elements, row.result, dtype));
      CHECK_TENSOR_EQ(inputs[0], counting(row, dtype)[0]);
    }
    // Squared, so that the second derivative is not zero.
    const GradientCheck check =
        check_gradients([&](const OpInputs& x) { return square(row.f(x)); }, counting(row, float64));
    CHECK_MESSAGE(check, check.message);
    const OpInputs inputs = counting(row, float32);
    GradientTape tape;
    tape.watch(inputs);
    const Tensors grads = tape.gradient(row.f(inputs), inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      REQUIRE(grads[i].defined());
      CHECK(grads[i].dtype() == float32);
      CHECK(grads[i].shape() == inputs[i].shape());
    }
  }
}

}  // namespace xtape::testing
