#include "xtape/optimizers/muon.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using optimizers::Muon;
using optimizers::MuonOptions;

namespace {

using Matrix = std::vector<std::vector<double>>;

Matrix zero(std::size_t rows, std::size_t columns) { return Matrix(rows, std::vector<double>(columns)); }

Matrix transposed(const Matrix& a) {
  Matrix t = zero(a[0].size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[0].size(); ++j) t[j][i] = a[i][j];
  }
  return t;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c = zero(a.size(), b[0].size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b[0].size(); ++j) {
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

/// a x + b y
Matrix sum(double a, const Matrix& x, double b, const Matrix& y) {
  Matrix c = x;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < x[0].size(); ++j) c[i][j] = a * x[i][j] + b * y[i][j];
  }
  return c;
}

/// Keras's zeropower_via_newtonschulz5, with its coefficients.
Matrix newton_schulz(Matrix x, int steps) {
  const bool tall = x.size() > x[0].size();
  if (tall) x = transposed(x);
  double squares = 0;
  for (const auto& row : x) {
    for (const double value : row) squares += value * value;
  }
  x = sum(1 / (std::sqrt(squares) + 1e-7), x, 0, x);
  for (int step = 0; step < steps; ++step) {
    const Matrix a = product(x, transposed(x)), b = sum(-4.775, a, 2.0315, product(a, a));
    x = sum(3.4445, x, 1, product(b, x));
  }
  return tall ? transposed(x) : x;
}

Tensor tensor_of(const Matrix& a) {
  std::vector<double> values;
  for (const auto& row : a) values.insert(values.end(), row.begin(), row.end());
  return constant(values, {static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(a[0].size())});
}

Matrix waves(std::size_t rows, std::size_t columns, double phase) {
  Matrix a = zero(rows, columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      a[i][j] = std::sin(phase + 1.3 * static_cast<double>(i) - 0.7 * static_cast<double>(j * j));
    }
  }
  return a;
}

/// The options of a step that is the orthogonalized gradient alone.
MuonOptions bare() {
  return {.learning_rate = 1.0,
          .adam_weight_decay = {},
          .weight_decay = {},
          .momentum = 0,
          .nesterov = false,
          .rms_rate = {}};
}

/// What a bare step subtracts.
Tensor orthogonalized(const Tensor& gradient) {
  Muon optimizer(bare());
  const Variable w(zeros(gradient.shape(), gradient.dtype()), {.name = "kernel"});
  optimizer.apply_gradients(zip({gradient}, {w}));
  return 0.0 - w.peek();
}

bool takes_adam(const MuonOptions& options, const Variable& variable) {
  Muon optimizer(options);
  optimizer.build(std::vector<Variable>{variable});
  return optimizer.variables().size() == 4;
}

}  // namespace

TEST_CASE("Muon: the numbers of Keras's tests") {
  CHECK_CLOSE(orthogonalized(constant({{0.2499, 0.9105}, {0.2655, 0.8824}})),
              constant({{-0.4422, 0.6457}, {0.7285, 0.2968}}), 1e-3, 1e-3);
  Muon optimizer({.learning_rate = 0.5, .weight_decay = 0.0});
  const Variable w(constant({{1.0, 2.0}, {3.0, 4.0}}));
  optimizer.apply_gradients(zip({constant({{1.0, 6.0}, {7.0, 2.0}})}, {w}));
  CHECK_CLOSE(w, constant({{0.988775, 1.887053}, {2.873428, 3.97035}}), 1e-2, 1e-2);
  Muon adam({.learning_rate = 0.5, .adam_weight_decay = {}});
  const Variable v(constant({1.0, 2.0, 3.0, 4.0}));
  adam.apply_gradients(zip({constant({1.0, 6.0, 7.0, 2.0})}, {v}));
  CHECK_CLOSE(v, constant({0.5, 1.5, 2.5, 3.5}), 1e-4, 1e-4);
}

TEST_CASE("Muon: of a diagonal matrix the polynomial of each element; rotations commute with it") {
  const auto polynomial = [](double x) {
    for (int step = 0; step < 5; ++step) x = 3.4445 * x - 4.775 * x * x * x + 2.0315 * x * x * x * x * x;
    return x;
  };
  const double size = std::sqrt(9 + 1 + 0.25) + 1e-7;
  const double a = polynomial(3 / size), b = polynomial(-1 / size), c = polynomial(0.5 / size);
  for (const double value : {a, -b, c}) CHECK(std::abs(value - 1) < 0.35);
  const Tensor diagonal = constant({{3.0, 0.0, 0.0}, {0.0, -1.0, 0.0}, {0.0, 0.0, 0.5}}, float64);
  const Tensor result = constant({{a, 0.0, 0.0}, {0.0, b, 0.0}, {0.0, 0.0, c}}, float64);
  CHECK_CLOSE(orthogonalized(diagonal), result, 1e-13, 1e-13);
  // Rows of zeros below make it tall, columns of zeros beside it wide.
  const Tensor below = zeros({2, 3}, float64), beside = zeros({3, 2}, float64);
  CHECK_CLOSE(orthogonalized(concat({diagonal, below}, 0)), concat({result, below}, 0), 1e-13, 1e-13);
  CHECK_CLOSE(orthogonalized(concat({diagonal, beside}, 1)), concat({result, beside}, 1), 1e-13, 1e-13);
  const double cosine = std::cos(0.4), sine = std::sin(0.4);
  const Tensor turn = constant({{cosine, sine, 0.0}, {-sine, cosine, 0.0}, {0.0, 0.0, 1.0}}, float64);
  CHECK_CLOSE(orthogonalized(matmul(turn, diagonal)), matmul(turn, result), 1e-12, 1e-12);
}

TEST_CASE("Muon: Keras's algorithm over several steps, of wide, square and tall matrices") {
  for (const auto& size : {std::pair<std::size_t, std::size_t>{2, 5}, {3, 3}, {6, 2}, {1, 4}}) {
    const std::size_t rows = size.first, columns = size.second;
    for (const bool nesterov : {true, false}) {
      for (const std::optional<double> rms_rate : {std::optional<double>(0.3), std::optional<double>()}) {
        CAPTURE(rows);
        CAPTURE(columns);
        CAPTURE(nesterov);
        Muon optimizer({.learning_rate = 0.1,
                        .adam_weight_decay = 7.0,  // of other variables
                        .weight_decay = 0.5,
                        .momentum = 0.8,
                        .ns_steps = 4,
                        .nesterov = nesterov,
                        .rms_rate = rms_rate});
        Muon in_float32({.learning_rate = 0.1,
                         .weight_decay = 0.5,
                         .momentum = 0.8,
                         .ns_steps = 4,
                         .nesterov = nesterov,
                         .rms_rate = rms_rate});
        Matrix w = waves(rows, columns, 0.5), m = zero(rows, columns);
        const Variable v(tensor_of(w), {.name = "dense/kernel"}), f(cast(tensor_of(w), float32));
        for (int t = 1; t <= 5; ++t) {
          const Matrix g = waves(rows, columns, 3.0 * t);
          optimizer.apply_gradients(zip({tensor_of(g)}, {v}));
          in_float32.apply_gradients(zip({cast(tensor_of(g), float32)}, {f}));
          w = sum(1 - 0.5 * 0.1, w, 0, w);
          m = sum(1, m, 1, sum(1, g, 0.8 - 1, m));
          const Matrix u = newton_schulz(nesterov ? sum(1, g, 0.8, m) : m, 4);
          const double adjusted = rms_rate ? std::sqrt(static_cast<double>(std::max(rows, columns))) * *rms_rate : 1.0;
          w = sum(1, w, -0.1 * adjusted, u);
          CHECK_CLOSE(v, tensor_of(w), 1e-12, 1e-12);
          CHECK_CLOSE(cast(f.peek(), float64), tensor_of(w), 1e-5, 1e-5);
        }
        const auto state = optimizer.variables();
        REQUIRE(state.size() == 3);
        CHECK(state[2].name() == "muon/dense_kernel_momentum");
        CHECK_CLOSE(state[2], tensor_of(m), 1e-13, 1e-13);
      }
    }
  }
}

TEST_CASE("Muon: which variables take Adam's steps") {
  const auto matrix = [](const char* name) { return Variable(ones({3, 2}), {.name = name}); };
  CHECK_FALSE(takes_adam({}, matrix("dense/kernel")));
  CHECK(takes_adam({}, Variable(ones({3}), {.name = "dense/bias"})));
  CHECK(takes_adam({}, Variable(ones({}), {.name = "scale"})));
  CHECK(takes_adam({}, Variable(ones({3, 3, 2, 2}), {.name = "conv/kernel"})));
  CHECK(takes_adam({}, matrix("token_Embedding/embeddings")));
  CHECK_FALSE(takes_adam({.exclude_embeddings = false}, matrix("embedding/embeddings")));
  CHECK(takes_adam({.exclude_layers = {"output", "^head_[0-9]+/"}}, matrix("model/output_dense/kernel")));
  CHECK(takes_adam({.exclude_layers = {"output", "^head_[0-9]+/"}}, matrix("head_12/kernel")));
  CHECK_FALSE(takes_adam({.exclude_layers = {"output", "^head_[0-9]+/"}}, matrix("big_head_12/kernel")));
}

TEST_CASE("Muon: each kind of step has its own weight decay, and exclude_from_weight_decay() is for both") {
  for (const bool excluded : {false, true}) {
    Muon optimizer({.learning_rate = 1.0, .adam_weight_decay = 0.25, .weight_decay = 0.5, .adam_lr_ratio = 0.1});
    if (excluded) optimizer.exclude_from_weight_decay({}, {"e"});
    const Variable matrix(ones({2, 2}) * 8, {.name = "kernel"}), vector(ones({2}) * 8, {.name = "e"});
    optimizer.apply_gradients(zip({zeros({2, 2}), zeros({2})}, {matrix, vector}));
    CHECK_TENSOR_EQ(matrix.peek(), ones({2, 2}) * (excluded ? 8 : 4));  // "kernel" has an e as well
    CHECK_TENSOR_EQ(vector.peek(), ones({2}) * (excluded ? 8 : 6));
  }
  Muon without({.learning_rate = 1.0, .adam_weight_decay = {}, .weight_decay = 0.5});
  const Variable matrix(ones({2, 2}) * 8), vector(ones({2}) * 8);
  without.apply_gradients(zip({zeros({2, 2}), zeros({2})}, {matrix, vector}));
  CHECK_TENSOR_EQ(matrix.peek(), ones({2, 2}) * 4);
  CHECK_TENSOR_EQ(vector.peek(), ones({2}) * 8);
}

TEST_CASE("Muon: an embedding's sparse gradient gives the numbers of the dense one, in Adam's steps") {
  const Tensor ids = constant(std::vector<std::int64_t>{5, 1, 5, 9, 1}, {5}), start = random::normal({10, 3});
  const Variable sparse(start + 0, {.name = "embedding/embeddings"}),
      dense(start + 0, {.name = "embedding/embeddings"});
  Muon one({.learning_rate = 0.1}), other({.learning_rate = 0.1});
  for (int step = 0; step < 3; ++step) {
    const auto gradient = [&](const Variable& v) {
      GradientTape tape;
      return tape.gradient(reduce_sum(square(gather(v, ids))), v);
    };
    one.apply_gradients(zip({gradient(sparse)}, {sparse}));
    other.apply_gradients(zip({gradient(dense) * 1}, {dense}));
    CHECK_SAME_BITS(sparse.peek(), dense.peek());
  }
}

TEST_CASE("Muon: nothing to update and a gradient of zero are no step into NaN") {
  Muon optimizer({.weight_decay = {}});
  const Variable none(zeros({3, 0})), still(ones({2, 2}));
  optimizer.apply_gradients(zip({zeros({3, 0}), zeros({2, 2})}, {none, still}));
  CHECK_TENSOR_EQ(still.peek(), ones({2, 2}));
}

TEST_CASE("Muon: wrong options are refused") {
  CHECK_THROWS_TEXT(ValueError, "[Muon] expected beta_1 and beta_2 in [0, 1), received 1 and 0.999",
                    Muon({.adam_beta_1 = 1}));
  CHECK_THROWS_TEXT(ValueError, "[Muon] expected momentum in [0, 1], received -1", Muon({.momentum = -1}));
  CHECK_THROWS_TEXT(ValueError, "[Muon] expected ns_steps >= 0, received -1", Muon({.ns_steps = -1}));
  CHECK_THROWS_TEXT(ValueError, "`adam_weight_decay` needs to be positive or zero", Muon({.adam_weight_decay = -1.0}));
  CHECK_THROWS_TEXT(ValueError, "[Muon] exclude_layers: expected a regular expression, received \"head(\"",
                    Muon({.exclude_layers = {"head("}}));
}
