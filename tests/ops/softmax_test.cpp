#include <functional>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using List = std::vector<double>;

double log_sum_exp(const List& x) {
  double max = -INFINITY, sum = 0;
  for (const double value : x) max = std::fmax(max, value);
  for (const double value : x) sum += std::exp(value - max);
  return max + std::log(sum);
}

/// An op on the rows of a last axis: a row to a row.
struct Rows {
  std::string op;
  Tensor (*f)(const Tensor&, int axis);
  List (*formula)(const List&);
};

const Table<Rows> softmax_table{
    {"nn::softmax", nn::softmax,
     [](const List& x) {
       List y;
       for (const double value : x) y.push_back(std::exp(value - log_sum_exp(x)));
       return y;
     }},
    {"nn::log_softmax", nn::log_softmax,
     [](const List& x) {
       List y;
       for (const double value : x) y.push_back(value - log_sum_exp(x));
       return y;
     }},
};

const FunctionRows softmax_replays(softmax_table, [](const Rows& row) {
  std::vector<FunctionRow> rows;
  for (const int axis : {0, -1}) {
    rows.push_back({row.op, [f = row.f, axis](const OpInputs& x) { return f(x[0], axis); }, fresh_inputs({{3, 5}})});
  }
  return rows;
});

std::vector<List> rows_of(const Tensor& x) {
  const List values = to_doubles(x);
  const std::int64_t n = x.shape(-1);
  std::vector<List> rows;
  for (std::int64_t i = 0; n > 0 && i < x.size(); i += n) rows.emplace_back(values.begin() + i, values.begin() + i + n);
  return rows;
}

List by_rows(const Rows& row, const Tensor& x) {
  List all;
  for (const auto& r : rows_of(x)) {
    for (const double value : row.formula(r)) all.push_back(rounded(value, x.dtype()));
  }
  return all;
}

/// The two cross-entropies from logits, called with labels as probabilities.
struct CrossEntropy {
  std::string op;
  std::function<Tensor(const Tensor& labels, const Tensor& logits)> f;
};

const Table<CrossEntropy> losses{
    {"nn::softmax_cross_entropy_with_logits",
     [](const Tensor& labels, const Tensor& logits) {
       return nn::softmax_cross_entropy_with_logits(one_hot(labels, logits.shape(-1), logits.dtype()), logits);
     }},
    {"nn::sparse_softmax_cross_entropy_with_logits", nn::sparse_softmax_cross_entropy_with_logits},
};

const std::vector<Shape> shapes{{1}, {2}, {7}, {10}, {16}, {17}, {40}, {3, 5}, {2, 3, 4}, {5, 33}, {0, 3}};

Tensor labels_for(const Tensor& logits) {
  std::vector<std::int64_t> labels, sizes(logits.shape().begin(), logits.shape().end() - 1);
  for (std::size_t i = 0; i < rows_of(logits).size(); ++i) {
    labels.push_back(static_cast<std::int64_t>(i * 7 + 1) % logits.shape(-1));
  }
  return constant(labels, sizes);
}

const FunctionRows losses_replayed(losses, [](const CrossEntropy& row) {
  return FunctionRow{row.op,
                     [f = row.f](const OpInputs& x) {
                       return f(labels_for(zeros({3, 5})), x[0]);
                     },
                     fresh_inputs({{3, 5}})};
});

List losses_of(const Tensor& labels, const Tensor& logits) {
  List result;
  const auto rows = rows_of(logits);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    result.push_back(log_sum_exp(rows[i]) - rows[i][static_cast<std::size_t>(labels.data<std::int64_t>()[i])]);
  }
  return result;
}

}  // namespace

TEST_CASE("softmax ops: values follow the formula") {
  for (const auto& row : softmax_table) {
    CAPTURE(row.op);
    for (const Shape& shape : shapes) {
      CAPTURE(shape.str());
      for (const DType dtype : {float64, float32, bfloat16}) {
        const Tensor x = some(shape, dtype, -6, 6), y = row.f(x, -1);
        CHECK(y.dtype() == dtype);
        CHECK(y.shape() == shape);
        CHECK_CLOSE(y, by_rows(row, x), 8 * epsilon(dtype), 2 * epsilon(dtype));
      }
    }
  }
  CHECK_SAME_BITS(nn::softmax(some({2, 3})), nn::softmax(some({2, 3}), 1));
  CHECK_SAME_BITS(nn::log_softmax(some({2, 3})), nn::log_softmax(some({2, 3}), 1));
}

TEST_CASE("softmax ops: along any axis") {
  const Tensor x = some({2, 3, 4}, float64, -6, 6);
  for (const auto& row : softmax_table) {
    CAPTURE(row.op);
    for (const int axis : {0, 1, -2, -3}) {
      const std::vector<int> to_last = axis == 0 || axis == -3 ? std::vector{2, 1, 0} : std::vector{0, 2, 1};
      const Tensor moved = transpose(x, to_last);
      CHECK_CLOSE(transpose(row.f(x, axis), to_last), tensor(by_rows(row, moved), moved.shape()), 1e-14, 1e-15);
    }
    CHECK(row.f(zeros({0, 3}), 0).shape() == Shape{0, 3});
    CHECK(row.f(zeros({3, 0}), 1).shape() == Shape{3, 0});
    CHECK_THROWS_TEXT(IndexError, "softmax] axis 2 is outside a tensor of rank 2", row.f(zeros({2, 3}), 2));
    CHECK_THROWS_TEXT(IndexError, "softmax] axis -1 is outside a tensor of rank 0", row.f(zeros({}), -1));
    CHECK_THROWS_TEXT(TypeError, "softmax] expected a floating tensor, received int32", row.f(zeros({2}, int32), 0));
  }
}

TEST_CASE("softmax ops: gradients agree with finite differences to second order") {
  for (const auto& row : softmax_table) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{1}, Shape{5}, Shape{3, 4}, Shape{2, 2, 3}}) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const GradientCheck check = check_gradients([&](const Tensor& x) { return row.f(x, axis); }, some(shape));
        CHECK_MESSAGE(check, check.message);
      }
    }
  }
}

TEST_CASE("softmax ops: extreme logits stay finite, NaN and infinities do what the definition does") {
  for (const DType dtype : {float64, float32}) {
    const Tensor x = tensor({300, -300, 0, 1e30, -1e30, 0, -300, -300, -300}, {3, 3}, dtype);
    CHECK_CLOSE(nn::softmax(x), {1, 0, 0, 1, 0, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3}, 4 * epsilon(dtype), 1e-100);
    CHECK_CLOSE(nn::log_softmax(x), {0, -600, -300, 0, -2e30, -1e30, -std::log(3), -std::log(3), -std::log(3)},
                4 * epsilon(dtype));
    for (const auto& row : softmax_table) {
      GradientTape tape;
      tape.watch(x);
      for (const double value : to_doubles(tape.gradient(row.f(x, -1) * some({3, 3}, dtype), x)))
        CHECK(std::isfinite(value));
    }
    const Tensor odd = tensor({NAN, 1, 2, -INFINITY, 0, 0, INFINITY, 0, 0}, {3, 3}, dtype);
    CHECK_CLOSE(slice_axis(nn::softmax(odd), 0, 0, 2), {NAN, NAN, NAN, 0, 0.5, 0.5});
    CHECK_CLOSE(slice_axis(nn::log_softmax(odd), 0, 0, 2), {NAN, NAN, NAN, -INFINITY, -std::log(2), -std::log(2)});
    const Tensor infinite = slice_axis(odd, 0, 2, 1);
    CHECK_CLOSE(nn::softmax(infinite), {1, 0, 0}, 0);
    CHECK_CLOSE(nn::log_softmax(infinite), {0, -INFINITY, -INFINITY}, 0);
    GradientTape tape;
    tape.watch(infinite);
    const Tensor first = slice_axis(nn::log_softmax(infinite), 1, 0, 1);
    CHECK_CLOSE(tape.gradient(first, infinite), {0, 0, 0}, 0);
  }
}

TEST_CASE("cross-entropies: values follow the formula") {
  for (const auto& row : losses) {
    CAPTURE(row.op);
    for (const Shape& shape : shapes) {
      CAPTURE(shape.str());
      for (const DType dtype : {float64, float32, bfloat16}) {
        const Tensor x = some(shape, dtype, -6, 6), labels = labels_for(x), y = row.f(labels, x);
        CHECK(y.dtype() == dtype);
        CHECK(y.shape() == labels.shape());
        CHECK_CLOSE(y, losses_of(labels, x), 8 * epsilon(dtype), 8 * epsilon(dtype));
      }
    }
  }
}

TEST_CASE("cross-entropies: the gradient is the probabilities minus the labels") {
  for (const auto& row : losses) {
    CAPTURE(row.op);
    for (const DType dtype : {float64, float32}) {
      const Tensor x = some({4, 5}, dtype, -6, 6), labels = labels_for(x);
      GradientTape tape;
      tape.watch(x);
      const Tensor dx = tape.gradient(row.f(labels, x), x);
      CHECK_CLOSE(dx, nn::softmax(x) - one_hot(labels, 5, dtype), 0, 4 * epsilon(dtype));
    }
  }
}

TEST_CASE("cross-entropies: gradients agree with finite differences to third order") {
  for (const auto& row : losses) {
    CAPTURE(row.op);
    for (const Shape& shape : {Shape{3}, Shape{2, 4}, Shape{2, 2, 3}}) {
      const Tensor x = some(shape), labels = labels_for(x);
      const GradientCheck check =
          check_gradients([&](const Tensor& logits) { return row.f(labels, logits); }, x, {.order = 3});
      CHECK_MESSAGE(check, check.message);
    }
  }
}

TEST_CASE("cross-entropies: soft labels, their gradient, and labels that do not sum to one") {
  const Tensor logits = some({3, 4}, float64, -3, 3), labels = abs(some({3, 4})) + 0.1;
  List expected;
  const auto x = rows_of(logits), y = rows_of(labels);
  for (std::size_t i = 0; i < 3; ++i) {
    double loss = 0;
    for (std::size_t k = 0; k < 4; ++k) loss += y[i][k] * (log_sum_exp(x[i]) - x[i][k]);
    expected.push_back(loss);
  }
  CHECK_CLOSE(nn::softmax_cross_entropy_with_logits(labels, logits), expected, 1e-14);
  const GradientCheck check = check_gradients(nn::softmax_cross_entropy_with_logits, labels, logits);
  CHECK_MESSAGE(check, check.message);
  // Integer labels are numbers too.
  const Tensor whole = constant({{0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}});
  CHECK_CLOSE(nn::softmax_cross_entropy_with_logits(whole, logits),
              nn::sparse_softmax_cross_entropy_with_logits(constant({1, 0, 3}), logits), 1e-15);
  // 0 log 0 is 0.
  CHECK_CLOSE(nn::softmax_cross_entropy_with_logits(tensor({1, 0}, float32), tensor({0, -INFINITY}, float32)), 0.0);
}

TEST_CASE("cross-entropies: extreme logits stay finite") {
  for (const auto& row : losses) {
    CAPTURE(row.op);
    for (const DType dtype : {float64, float32}) {
      const Tensor x = tensor({300, -300, 0, 300, -300, 0, 1e30, 0, -1e30}, {3, 3}, dtype);
      const Tensor labels = constant({0, 1, 2}, int64);
      CHECK_CLOSE(row.f(labels, x), {0, 600, 2e30}, 4 * epsilon(dtype));
      GradientTape tape;
      tape.watch(x);
      CHECK_CLOSE(tape.gradient(row.f(labels, x), x), {0, 0, 0, 1, -1, 0, 1, 0, -1}, 4 * epsilon(dtype), 1e-100);
      CHECK_CLOSE(row.f(constant({1}, int64), tensor({NAN, 1}, {1, 2}, dtype)), {NAN});
    }
  }
}

TEST_CASE("cross-entropies: labels of every integer dtype, and errors") {
  const Tensor logits = some({2, 3});
  const Tensor expected = nn::sparse_softmax_cross_entropy_with_logits(constant({2, 0}, int64), logits);
  for (const DType dtype : {int32, int64, uint8}) {
    CHECK_SAME_BITS(nn::sparse_softmax_cross_entropy_with_logits(constant({2, 0}, dtype), logits), expected);
  }
  const auto sparse = [](const Tensor& labels, const Tensor& x) {
    return nn::sparse_softmax_cross_entropy_with_logits(labels, x);
  };
  const std::string op = "[sparse_softmax_cross_entropy_with_logits] ";
  CHECK_THROWS_TEXT(IndexError, op + "label 3 at position 1 is outside [0, 3)", sparse(constant({0, 3}), logits));
  CHECK_THROWS_TEXT(IndexError, op + "label -1 at position 0 is outside [0, 3)", sparse(constant({-1, 0}), logits));
  CHECK_THROWS_TEXT(TypeError, op + "expected integer labels, received float32", sparse(constant({0.0, 1.0}), logits));
  CHECK_THROWS_TEXT(TypeError, op + "expected a floating tensor, received int32",
                    sparse(constant({0}), ones({1, 3}, int32)));
  CHECK_THROWS_TEXT(ValueError, op + "expected labels [...] and logits [..., classes]: (3,) and (2, 3)",
                    sparse(constant({0, 1, 2}), logits));
  CHECK_THROWS_TEXT(ValueError, op + "expected labels [...] and logits [..., classes]: () and ()",
                    sparse(constant(0), ones({})));
  CHECK_THROWS_TEXT(ValueError,
                    "[softmax_cross_entropy_with_logits] labels and logits must have one shape: (3,) and (2, 3)",
                    nn::softmax_cross_entropy_with_logits(ones({3}), logits));
  CHECK_THROWS_TEXT(TypeError, "[softmax_cross_entropy_with_logits] expected a floating tensor, received int32",
                    nn::softmax_cross_entropy_with_logits(ones({3}), ones({3}, int32)));
  // No classes, no examples: sums of nothing.
  CHECK_TENSOR_EQ(nn::softmax_cross_entropy_with_logits(ones({2, 0}), ones({2, 0})), zeros({2}));
  CHECK_TENSOR_EQ(nn::softmax_cross_entropy_with_logits(ones({0, 3}), ones({0, 3})), zeros({0}));
  CHECK_THROWS_TEXT(IndexError, "label 0 at position 0 is outside [0, 0)", sparse(constant({0, 0}), ones({2, 0})));
}

TEST_CASE("softmax ops and cross-entropies: a row's result depends neither on its place nor on the threads") {
  const Tensor x = some({5000, 37}, float32, -8, 8), labels = labels_for(x);
  const std::function<Tensor(const Tensor&, const Tensor&)> calls[] = {
      [](const Tensor& t, const Tensor&) { return nn::softmax(t); },
      [](const Tensor& t, const Tensor&) { return nn::log_softmax(t); },
      [](const Tensor& t, const Tensor& l) { return losses.begin()->f(l, t); },
      [](const Tensor& t, const Tensor& l) { return nn::sparse_softmax_cross_entropy_with_logits(l, t); },
  };
  for (const auto& call : calls) {
    const auto with_threads = [&](int count) {
      const Threads threads(count);
      return call(x, labels);
    };
    const Tensor y = with_threads(1);
    CHECK_SAME_BITS(with_threads(3), y);
    for (const std::int64_t begin : {0, 1, 7, 4990}) {
      CHECK_SAME_BITS(call(slice_axis(x, 0, begin, 3), slice_axis(labels, 0, begin, 3)), slice_axis(y, 0, begin, 3));
    }
  }
}
