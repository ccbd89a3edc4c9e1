#include "libtorch/compare.hpp"

#include <cmath>
#include <set>

#include "libtorch/torch_ops.hpp"
#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

constexpr double relative = 1e-9, absolute = 1e-11;

std::vector<libtorch::Row> all_rows() {
  std::vector<libtorch::Row> all;
  for (const auto& part :
       {libtorch::elementwise_rows(), libtorch::movement_rows(), libtorch::linalg_rows(), libtorch::nn_rows()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// Numbers without pattern, all different.
std::vector<double> numbers(std::int64_t count, double low, double high, double start) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(low + (high - low) * std::fmod(start + static_cast<double>(i) * 0.6180339887498949, 1.0));
  }
  return values;
}

torch_ops::Array to_array(const Tensor& t) { return {t.to_vector<double>(), {t.shape().begin(), t.shape().end()}}; }
Tensor to_tensor(const torch_ops::Array& a) { return constant(a.values, Shape(a.shape)); }

}  // namespace

TEST_CASE("libtorch: values and gradients in float64") {
  std::size_t compared = 0;
  for (const auto& row : all_rows()) {
    CAPTURE(row.name);
    std::vector<Tensor> inputs;
    std::vector<torch_ops::Array> arrays;
    for (const Shape& shape : row.shapes) {
      const double start = 0.137 + 0.29 * static_cast<double>(inputs.size());
      inputs.push_back(constant(numbers(shape.numel(), row.low, row.high, start), shape));
      arrays.push_back(to_array(inputs.back()));
    }
    GradientTape tape;
    tape.watch(std::span<const Tensor>(inputs));
    const Tensor value = row.run(inputs);
    const auto weights = numbers(value.size(), -1, 1, 0.71);
    const Tensors gradients = tape.gradient(
        value, inputs,
        {.output_gradients = {constant(weights, value.shape())}, .unconnected_gradients = UnconnectedGradients::zero});
    const auto expected = torch_ops::run(row.name, arrays, weights);
    CHECK_CLOSE(value, to_tensor(expected.value), relative, absolute);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      CAPTURE(i);
      CHECK_CLOSE(gradients[i], to_tensor(expected.gradients[i]), relative, absolute);
    }
    ++compared;
  }
  MESSAGE(compared, " ops compared with libtorch ", torch_ops::version());
}

TEST_CASE("libtorch: each op is compared") {
  std::set<std::string> rows;
  for (const auto& row : all_rows()) CHECK_MESSAGE(rows.insert(row.name).second, row.name, " has two rows");
  for (const auto& name : torch_ops::names()) CHECK_MESSAGE(rows.contains(name), "no row for ", name);
}
