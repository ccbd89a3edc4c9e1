#include "xtape/ops/aliases.hpp"

#include <limits>
#include <set>
#include <string>

#include "support/check.hpp"
#include "support/op_declarations.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"

using namespace xtape;

namespace {

const Tensor x = constant({{0.5, -0.25, 0.125}, {0.75, 0.3, -0.6}});
const Tensor larger = 1.5 + abs(x);
const Tensor places = constant({2, 0});
const Tensor pairs = constant({{0, 1}, {1, 2}}), updates = constant({10.0, 20.0});

/// A name, what it gives and what the op gives that it is a name of.
struct Alias {
  std::string name;
  Tensor given, expected;
};

std::vector<Alias> aliases() {
  return {
      {"concatenate", concatenate({x, x}), concat({x, x}, 0)},
      {"concatenate", concatenate({x, x}, -1), concat({x, x}, 1)},
      {"take", take(x, places, 1), gather(x, places, 1)},
      {"take", take(x, constant({4, 0})), constant({0.3, 0.5})},
      {"where", where(x > 0), argwhere(x > 0)},
      {"digitize", digitize(x, constant({-0.5, 0.3, 0.6})), constant({{2, 1, 1}, {3, 2, 0}}, int64)},
      {"segment_sum", segment_sum(x, constant({1, 1}), 3), unsorted_segment_sum(x, constant({1, 1}), 3)},
      {"segment_max", segment_max(x, constant({1, 0}), 3), unsorted_segment_max(x, constant({1, 0}), 3)},
      {"vdot", vdot(x, x), reduce_sum(x * x)},
      {"flip", flip(x, 1), reverse(x, {1})},
      {"flip", flip(x, {0, -1}), reverse(x, {0, 1})},
      {"clip", clip(x, -0.2, 0.4), clip_by_value(x, -0.2, 0.4)},
      {"tensor_scatter_nd_add", tensor_scatter_nd_add(x, pairs, updates), tensor_scatter_add(x, pairs, updates)},
      {"tensor_scatter_nd_update", tensor_scatter_nd_update(x, pairs, updates),
       tensor_scatter_update(x, pairs, updates)},
      {"sum", sum(x, 1, true), reduce_sum(x, 1, true)},
      {"mean", mean(x, {0, 1}), reduce_mean(x, {0, 1})},
      {"prod", prod(x), reduce_prod(x)},
      {"var", var(x, 0), reduce_variance(x, 0)},
      {"logsumexp", logsumexp(x, -1), reduce_logsumexp(x, -1)},
      {"percentile", percentile(x, 25, 1), quantile(x, 0.25, 1)},
      {"power", power(larger, 3), pow(larger, 3)},
      {"true_divide", true_divide(x, larger), x / larger},
      {"floor_divide", floor_divide(larger, 2), floordiv(larger, 2)},
      {"remainder", remainder(x, 0.2), mod(x, 0.2)},
      {"absolute", absolute(x), abs(x)},
      {"float_power", float_power(constant({2, 3}), 0.5), pow(constant({2.0, 3.0}, float64), 0.5)},
      {"bitwise_invert", bitwise_invert(places), bitwise_not(places)},
      {"left_shift", left_shift(places, 3), bitwise_left_shift(places, 3)},
      {"right_shift", right_shift(places, 1), bitwise_right_shift(places, 1)},
      {"arcsin", arcsin(x), asin(x)},
      {"arccos", arccos(x), acos(x)},
      {"arctan", arctan(x), atan(x)},
      {"arctan2", arctan2(x, larger), atan2(x, larger)},
      {"arcsinh", arcsinh(x), asinh(x)},
      {"arccosh", arccosh(larger), acosh(larger)},
      {"arctanh", arctanh(x), atanh(x)},
      {"isnan", isnan(log(x)), is_nan(log(x))},
      {"isinf", isinf(x / 0), is_inf(x / 0)},
      {"isfinite", isfinite(log(x)), is_finite(log(x))},
      {"ops::max", ops::max(x, 1), reduce_max(x, 1)},
      {"ops::min", ops::min(x), reduce_min(x)},
      {"ops::all", ops::all(x > 0, 1, true), reduce_all(x > 0, 1, true)},
      {"ops::any", ops::any(x > 0.7, 1), reduce_any(x > 0.7, 1)},
      {"ops::std", ops::std(x, 0), reduce_std(x, 0)},
  };
}

}  // namespace

TEST_CASE("aliases: each name gives what its op gives") {
  std::set<std::string> tested{"isclose"};
  for (const Alias& alias : aliases()) {
    CAPTURE(alias.name);
    CHECK_TENSOR_EQ(alias.given, alias.expected);
    tested.insert(alias.name);
  }
  for (const auto& op : testing::op_declarations().functions) {
    if (op.is_alias()) CHECK_MESSAGE(tested.contains(op.full_name()), "no row for ", op.full_name());
  }
}

TEST_CASE("aliases: of symbolic tensors too") {
  const auto in = Input({3});
  const Model model(in, {concatenate({in, flip(in, 1)}, -1), take(in, places, 1), clip(in, 0, 1), ops::max(in, 1),
                         softplus(in), power(in, 2), mean(in, -1, true), ops::tanh(in), linalg::norm(in)});
  const TensorList y = model(TensorList(x));
  CHECK_TENSOR_EQ(y[0], concat({x, reverse(x, {1})}, 1));
  CHECK_TENSOR_EQ(y[1], gather(x, places, 1));
  CHECK_TENSOR_EQ(y[2], clip_by_value(x, 0, 1));
  CHECK_TENSOR_EQ(y[3], reduce_max(x, 1));
  CHECK_TENSOR_EQ(y[4], nn::softplus(x));
  CHECK_TENSOR_EQ(y[5], pow(x, 2));
  CHECK_TENSOR_EQ(y[6], reduce_mean(x, 1, true));
  CHECK_TENSOR_EQ(y[7], tanh(x));
  CHECK_TENSOR_EQ(y[8], norm(x));
}

TEST_CASE("aliases: keras.ops has the ops of all namespaces, tf.math too") {
  CHECK_TENSOR_EQ(ops::relu(x), nn::relu(x));
  CHECK_TENSOR_EQ(ops::sigmoid(x), sigmoid(x));
  CHECK_TENSOR_EQ(ops::tanh(x), tanh(x));
  CHECK_TENSOR_EQ(ops::softplus(x), nn::softplus(x));
  CHECK_TENSOR_EQ(softplus(x), nn::softplus(x));
  CHECK_TENSOR_EQ(ops::matmul(x, transpose(x)), matmul(x, transpose(x)));
  CHECK_TENSOR_EQ(ops::norm(x), norm(x));
  CHECK_TENSOR_EQ(linalg::norm(x), norm(x));
  CHECK_TENSOR_EQ(ops::det(eye(2)), linalg::det(eye(2)));
  CHECK_TENSOR_EQ(ops::zeros({2}), zeros({2}));
  CHECK_TENSOR_EQ(math::exp(x), exp(x));
  CHECK_TENSOR_EQ(activations::gelu(x), nn::gelu(x));
}

// Expected values: numpy.isclose and numpy.allclose of NumPy 1.24.
TEST_CASE("isclose, allclose: as NumPy's") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const Tensor a = constant({1.0, 1.0, 1e10, 0.0, infinity, infinity, infinity, nan, 1.0}, float64);
  const Tensor b = constant({1.00001, 1.00002, 1.00001e10, 1e-8, infinity, -infinity, 1.0, nan, nan}, float64);
  CHECK_TENSOR_EQ(isclose(a, b), constant({true, false, true, true, true, false, false, false, false}));
  CHECK_TENSOR_EQ(isclose(b, a)[6], constant(false));
  CHECK_TENSOR_EQ(isclose(a, b, {.equal_nan = true})[{Slice(7, {})}], constant({true, false}));
  CHECK(isclose(constant(1.0, float64), 1.1, {.rtol = 0.1}).item<bool>());
  CHECK_FALSE(isclose(constant(1.1, float64), 1.0, {.rtol = 0.0999}).item<bool>());
  CHECK(isclose(constant(1.0, float64), 1.1, {.rtol = 0, .atol = 0.11}).item<bool>());
  CHECK_TENSOR_EQ(isclose(constant({1, 2}), constant({1, 3})), constant({true, false}));
  CHECK_TENSOR_EQ(isclose(constant({1, 2}), 2), constant({false, true}));
  CHECK_TENSOR_EQ(isclose(x, x[0]), constant({{true, true, true}, {false, false, false}}));
  CHECK(allclose(x, x * (1 + 1e-6)));
  CHECK_FALSE(allclose(x, x * (1 + 1e-4)));
  CHECK(allclose(zeros({0}), zeros({0})));
  CHECK_THROWS_TEXT(ValueError, "(2, 3)", isclose(x, zeros({2})));
}
