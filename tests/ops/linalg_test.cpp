#include "xtape/ops/linalg.hpp"

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// A product a x b of given shapes.
struct Product {
  std::string op;
  Shape a, b, result;
  MatmulOptions options = {};

  Tensor operator()(const Tensor& x, const Tensor& y) const {
    return op == "matmul" ? matmul(x, y, options) : linear(x, y);
  }
};

const Table<Product> linalg_table{
    {"matmul", {3, 4}, {4, 5}, {3, 5}},
    {"matmul", {1, 1}, {1, 1}, {1, 1}},
    {"matmul", {1, 7}, {7, 1}, {1, 1}},
    {"matmul", {7, 1}, {1, 3}, {7, 3}},
    {"matmul", {17, 33}, {33, 65}, {17, 65}},
    {"matmul", {4, 3}, {4, 5}, {3, 5}, {.transpose_a = true}},
    {"matmul", {3, 4}, {5, 4}, {3, 5}, {.transpose_b = true}},
    {"matmul", {4, 3}, {5, 4}, {3, 5}, {.transpose_a = true, .transpose_b = true}},
    {"matmul", {2, 3, 4}, {2, 4, 5}, {2, 3, 5}},
    {"matmul", {2, 4, 3}, {2, 4, 5}, {2, 3, 5}, {.transpose_a = true}},
    {"matmul", {2, 3, 4}, {2, 5, 4}, {2, 3, 5}, {.transpose_b = true}},
    {"matmul", {2, 4, 3}, {2, 5, 4}, {2, 3, 5}, {.transpose_a = true, .transpose_b = true}},
    {"matmul", {2, 3, 4}, {4, 5}, {2, 3, 5}},
    {"matmul", {2, 3, 4}, {5, 4}, {2, 3, 5}, {.transpose_b = true}},
    {"matmul", {2, 4, 3}, {4, 5}, {2, 3, 5}, {.transpose_a = true}},
    {"matmul", {3, 4}, {2, 4, 5}, {2, 3, 5}},
    {"matmul", {4, 3}, {2, 4, 5}, {2, 3, 5}, {.transpose_a = true}},
    {"matmul", {2, 1, 3, 4}, {3, 4, 2}, {2, 3, 3, 2}},
    {"matmul", {1, 3, 4}, {2, 4, 2}, {2, 3, 2}},
    {"matmul", {2, 2, 2, 3}, {2, 1, 3, 2}, {2, 2, 2, 2}},
    {"matmul", {0, 4}, {4, 5}, {0, 5}},
    {"matmul", {3, 4}, {4, 0}, {3, 0}},
    {"matmul", {3, 0}, {0, 5}, {3, 5}},
    {"matmul", {2, 3, 0}, {2, 0, 5}, {2, 3, 5}},
    {"matmul", {0, 3, 4}, {0, 4, 5}, {0, 3, 5}},
    {"linear", {3, 4}, {4, 5}, {3, 5}},
    {"linear", {4}, {4, 5}, {5}},
    {"linear", {2, 3, 4}, {4, 5}, {2, 3, 5}},
    {"linear", {2, 1, 3, 4}, {4, 1}, {2, 1, 3, 1}},
    {"linear", {0, 4}, {4, 5}, {0, 5}},
    {"linear", {3, 0}, {0, 5}, {3, 5}},
    {"linear", {3, 4}, {4, 0}, {3, 0}},
};

const FunctionRows linalg_replays(linalg_table, [](const Product& row) {
  return FunctionRow{row.op, [row](const OpInputs& x) { return row(x[0], x[1]); }, fresh_inputs({row.a, row.b})};
});

/// The product by its definition, in double.
std::vector<double> by_definition(const Product& p, const Tensor& a, const Tensor& b) {
  const std::vector<double> x = to_doubles(a), y = to_doubles(b);
  const auto of = [](const Shape& s, int axis) { return axis < s.rank() ? s[s.rank() - 1 - axis] : 1; };
  const std::int64_t m = p.options.transpose_a ? of(p.a, 0) : of(p.a, 1),
                     k = p.options.transpose_a ? of(p.a, 1) : of(p.a, 0);
  const std::int64_t n = p.options.transpose_b ? of(p.b, 1) : of(p.b, 0);
  const bool vector = p.a.rank() == 1;
  Shape batch = p.result;
  std::vector<double> result;
  const int leading = vector ? 0 : p.result.rank() - 2;
  std::int64_t batches = 1;
  for (int axis = 0; axis < leading; ++axis) batches *= batch[axis];
  const auto offset = [&](const Shape& s, std::int64_t which) {
    std::int64_t place = 0, stride = 1;
    for (int axis = leading - 1, own = s.rank() - 3; axis >= 0; --axis, --own) {
      const std::int64_t index = which % batch[axis];
      which /= batch[axis];
      if (own < 0) continue;
      if (s[own] != 1) place += index * stride;
      stride *= s[own];
    }
    return place * of(s, 0) * of(s, 1);
  };
  for (std::int64_t t = 0; t < batches; ++t) {
    const std::int64_t ao = offset(p.a, t), bo = offset(p.b, t);
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t l = 0; l < k; ++l) {
          sum += x[static_cast<std::size_t>(ao + (p.options.transpose_a ? l * m + i : i * k + l))] *
                 y[static_cast<std::size_t>(bo + (p.options.transpose_b ? j * k + l : l * n + j))];
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

}  // namespace

TEST_CASE("products: values follow the definition") {
  for (const auto& row : linalg_table) {
    CAPTURE(row.op);
    CAPTURE(row.a.str());
    CAPTURE(row.b.str());
    for (const DType dtype : {float64, float32, bfloat16}) {
      const Tensor a = some(row.a, dtype), b = cast(some(row.b) * 0.7, dtype), y = row(a, b);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == row.result);
      CHECK_CLOSE(y, by_definition(row, a, b), 2 * epsilon(dtype), 32 * epsilon(dtype == bfloat16 ? float32 : dtype));
    }
  }
}

TEST_CASE("products: gradients agree with finite differences to second order") {
  for (const auto& row : linalg_table) {
    CAPTURE(row.op);
    CAPTURE(row.a.str());
    CAPTURE(row.b.str());
    const GradientCheck check = check_gradients(row, some(row.a), some(row.b) * 0.7);
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("products: an operand used twice, and one that needs no gradient") {
  const Tensor a = some({3, 3}), b = some({3, 3}) * 0.5;
  CHECK(check_gradients([](const Tensor& x) { return matmul(x, x); }, a));
  CHECK(check_gradients([](const Tensor& x) { return matmul(x, x, {.transpose_b = true}); }, a));
  CHECK(check_gradients([&b](const Tensor& x) { return matmul(b, x); }, a));
  CHECK(check_gradients([&b](const Tensor& x) { return matmul(x, b); }, a));
}

TEST_CASE("products: errors") {
  CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ: (2, 3) x (4, 5), expected 3 == 4",
                    matmul(ones({2, 3}), ones({4, 5})));
  CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ: (2, 3) transposed x (3, 5), expected 2 == 3",
                    matmul(ones({2, 3}), ones({3, 5}), {.transpose_a = true}));
  CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ: (2, 3) x (3, 5) transposed, expected 3 == 5",
                    matmul(ones({2, 3}), ones({3, 5}), {.transpose_b = true}));
  CHECK_THROWS_TEXT(ValueError, "[matmul] shapes do not broadcast: (2,) and (3,)",
                    matmul(ones({2, 3, 4}), ones({3, 4, 5})));
  CHECK_THROWS_TEXT(ValueError, "[matmul] expected tensors of rank 1 or more: (2, 3) x ()",
                    matmul(ones({2, 3}), ones({})));
  CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ: (3,) x (4, 3), expected 3 == 4",
                    matmul(ones({3}), ones({4, 3})));
  CHECK_THROWS_TEXT(ValueError, "[matmul] inner dimensions differ: (3, 4) transposed x (4,), expected 3 == 4",
                    matmul(ones({3, 4}), ones({4}), {.transpose_a = true}));
  CHECK_THROWS_TEXT(ValueError, "[matmul] a vector cannot be transposed: (3,) x (3, 5)",
                    matmul(ones({3}), ones({3, 5}), {.transpose_a = true}));
  CHECK_THROWS_TEXT(TypeError, "[matmul] expected floating tensors, received int32",
                    matmul(ones({2, 2}, int32), ones({2, 2}, int32)));
  CHECK_THROWS_TEXT(TypeError, "[matmul] dtypes differ: float32 and float64, cast one of them",
                    matmul(ones({2, 2}), ones({2, 2}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[linear] expected [..., k] x [k, n]: (2, 3) x (4, 5)",
                    linear(ones({2, 3}), ones({4, 5})));
  CHECK_THROWS_TEXT(ValueError, "[linear] expected [..., k] x [k, n]: () x (4, 5)", linear(ones({}), ones({4, 5})));
  CHECK_THROWS_TEXT(ValueError, "[linear] expected a bias of shape (5,): received (4,)",
                    linear(ones({2, 3}), ones({3, 5}), ones({4})));
  CHECK_THROWS_TEXT(TypeError, "[linear] dtypes differ: float32 and float64",
                    linear(ones({2, 3}), ones({3, 5}, float64)));
  CHECK_THROWS_TEXT(TypeError, "[linear] expected floating tensors, received int64",
                    linear(ones({2, 3}, int64), ones({3, 5}, int64)));
}

TEST_CASE("linear: adds its bias, with gradients for all three") {
  for (const Shape& shape : {Shape{6, 3}, Shape{3}, Shape{2, 2, 3}}) {
    CAPTURE(shape.str());
    const Tensor x = some(shape), w = some({3, 4}) * 0.7, b = some({4}) + 0.3;
    CHECK_CLOSE(linear(x, w, b), linear(x, w) + b, 1e-14);
    const GradientCheck check =
        check_gradients([](const Tensor& p, const Tensor& q, const Tensor& r) { return linear(p, q, r); }, x, w, b);
    CHECK_MESSAGE(check, check.message);
    for (const DType dtype : {float32, bfloat16}) {
      CHECK_CLOSE(
          linear(cast(x, dtype), cast(w, dtype), cast(b, dtype)),
          cast(linear(cast(cast(x, dtype), float64), cast(cast(w, dtype), float64), cast(cast(b, dtype), float64)),
               dtype),
          4 * epsilon(dtype), 8 * epsilon(dtype));
    }
  }
}

TEST_CASE("linear: the fused relu of a dense layer is relu of the sum") {
  const Tensor x = some({5, 3}), w = some({3, 4}) * 0.7, b = some({4}) * 0.5;
  for (const bool with_bias : {true, false}) {
    const auto fused = [&](const Tensor& p, const Tensor& q, const Tensor& r) {
      return detail::dense(p, q, with_bias ? r : Tensor(), true);
    };
    const auto plain = [&](const Tensor& p, const Tensor& q, const Tensor& r) {
      return nn::relu(with_bias ? linear(p, q, r) : linear(p, q));
    };
    CHECK_CLOSE(fused(x, w, b), plain(x, w, b), 1e-14);
    if (!with_bias) continue;
    const GradientCheck check = check_gradients(fused, x, w, b);
    CHECK_MESSAGE(check, check.message);
  }
}
