#include "xtape/layers/symbolic_ops.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/symbolic_ops_source.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/embedding.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/ops/map.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

using namespace xtape;

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Without white space, which scripts/format decides about.
std::string words(const std::string& text) {
  std::string all;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) all += c;
  }
  return all;
}

// The source of the symbolic ops is made of the headers of ops: after adding an op, or changing its parameters, run
//     XTAPE_WRITE_SYMBOLIC_OPS=1 build/release/tests/xtape_tests --test-case="symbolic ops: the source*" &&
//     scripts/format
TEST_CASE("symbolic ops: the source is what the headers of ops make it") {
  const auto ops = testing::op_declarations();
  const bool write = std::getenv("XTAPE_WRITE_SYMBOLIC_OPS") != nullptr;
  const std::string root = testing::source_dir() + "/";
  const auto check = [&](const std::string& path, const std::string& text) {
    if (write) std::ofstream(root + path) << text;
    CHECK_MESSAGE(words(contents(root + path)) == words(text), path,
                  " differs: tests/layers/symbolic_ops_test.cpp says how to write it again");
  };
  check("include/xtape/layers/symbolic_ops.hpp", testing::symbolic_ops_header(ops));
  check("src/layers/symbolic_ops.cpp", testing::symbolic_ops_source(ops));
}

TEST_CASE("ops: each begins with a note of its arguments, under the names that its header has") {
  std::set<std::string> notes;
  for (const auto& file : std::filesystem::directory_iterator(testing::source_dir() + "/src/ops")) {
    const std::string text = contents(file.path().string());
    const std::string begin = "XTAPE_NOTE(";
    for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
      std::string note = words(text.substr(at + begin.size(), text.find(')', at) - at - begin.size()));
      for (std::size_t i; (i = note.find("_,")) != std::string::npos;) note.erase(i, 1);
      if (note.ends_with('_')) note.pop_back();
      notes.insert(note);
    }
  }
  std::size_t count = 0;
  for (const auto& op : testing::op_declarations().functions) {
    if (!testing::takes_tensors(op) || testing::made_by_hand(op) || op.name.starts_with("operator") || op.is_alias())
      continue;
    // A template calls the op that is not one.
    if (op.name == "repeat" && !op.template_of.empty()) continue;
    std::string expected = op.full_name();
    for (const auto& parameter : op.parameters) expected += "," + parameter.name;
    CHECK_MESSAGE(notes.contains(expected), "src/ops has no line XTAPE_NOTE(", expected, ")");
    ++count;
  }
  CHECK(count >= 160);
}

/// An op of tensors, as functions of tensors and of symbolic tensors.
struct Row {
  template <class F>
  Row(std::string its_op, F f, std::vector<Shape> its_inputs, double its_low = -2, double its_high = 2)
      : op(std::move(its_op)), inputs(std::move(its_inputs)), low(its_low), high(its_high) {
    eager = [f](const std::vector<Tensor>& x) { return TensorList(f(x)); };
    symbolic = [f](const std::vector<SymbolicTensor>& x) { return SymbolicList(f(x)); };
  }
  std::string op;
  std::function<TensorList(const std::vector<Tensor>&)> eager;
  std::function<SymbolicList(const std::vector<SymbolicTensor>&)> symbolic;
  std::vector<Shape> inputs;
  double low, high;
};

Tensor some(const Shape& shape, double low, double high, int number) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    values.push_back(low +
                     (high - low) * std::fmod(0.137 + static_cast<double>(i + 31 * number) * 0.6180339887498949, 1.0));
  }
  return cast(constant(values, shape), float32);
}

template <class X>
auto ids(const X& x, std::int64_t count) {
  return cast(x * static_cast<double>(count), int64);
}
/// Positive definite.
template <class X>
auto definite(const X& x) {
  return matmul(x, x, {.transpose_b = true}) + eye(3);
}

#define ROW(op, inputs, ...)                              \
  Row {                                                   \
    op, [](const auto& x) { return __VA_ARGS__; }, inputs \
  }
#define INPUTS(...) \
  { __VA_ARGS__ }
#define ONE(op) ROW(#op, INPUTS({2, 3}), op(x[0]))
#define TWO(op) ROW(#op, INPUTS({2, 3}, {2, 3}), op(x[0], x[1]))

/// Rows for each op, its overloads and its kinds of operands. All inputs are between 0.1 and 0.9.
std::vector<Row> rows() {
  static const Tensor known = constant({{0.5, -1.0, 2.0}}, float32), numbers = constant({1, 0}, int64);
  std::vector<Row> all;
  const auto add_rows = [&](std::vector<Row> more) { all.insert(all.end(), more.begin(), more.end()); };
  using xtape::add;  // NOLINT: of the many names that std has as well
  add_rows({TWO(add), TWO(subtract), TWO(multiply), TWO(divide), TWO(maximum), TWO(minimum), TWO(divide_no_nan),
            TWO(floordiv), TWO(mod), TWO(squared_difference), TWO(equal), TWO(not_equal), TWO(less), TWO(less_equal),
            TWO(greater), TWO(greater_equal)});
  add_rows({ROW("pow", INPUTS({2, 3}, {2, 3}), xtape::pow(x[0], x[1])),
            ROW("pow", INPUTS({2, 3}), xtape::pow(x[0], 2)),
            ROW("pow", INPUTS({2, 3}), xtape::pow(2.0, x[0])),
            ROW("atan2", INPUTS({2, 3}, {2, 3}), xtape::atan2(x[0], x[1])),
            ROW("add", INPUTS({2, 3}), add(x[0], known)),
            ROW("add", INPUTS({2, 3}), add(known, x[0])),
            ROW("maximum", INPUTS({2, 3}), maximum(x[0], 0.5)),
            ROW("operator+", INPUTS({2, 3}, {1, 3}), x[0] * 2 + x[1] + known + 1),
            ROW("operator-", INPUTS({2, 3}, {2, 3}), 1 - x[0] - (-x[1]) - known - 0.5),
            ROW("operator*", INPUTS({2, 3}, {2, 3}), 3 * (x[0] * x[1]) * known),
            ROW("operator/", INPUTS({2, 3}, {2, 3}), 1 / (x[0] / x[1]) / 2 + known / x[0]),
            ROW("operator<", INPUTS({2, 3}, {2, 3}), (x[0] < x[1]) | (x[0] < 0.3)),
            ROW("operator<=", INPUTS({2, 3}, {2, 3}), (x[0] <= x[1]) & (known <= x[0])),
            ROW("operator>", INPUTS({2, 3}, {2, 3}), ~(x[0] > x[1])),
            ROW("operator>=", INPUTS({2, 3}, {2, 3}), x[0] >= x[1]),
            ROW("operator&", INPUTS({2, 3}), (x[0] > 0.2) & (x[0] < 0.8)),
            ROW("operator|", INPUTS({2, 3}), (x[0] < 0.2) | (x[0] > 0.8)),
            ROW("operator~", INPUTS({2, 3}), ~(x[0] < 0.2)),
            ROW("logical_and", INPUTS({2, 3}), logical_and(x[0] > 0.2, x[0] < 0.8)),
            ROW("logical_or", INPUTS({2, 3}), logical_or(x[0]<0.2, x[0]> 0.8)),
            ROW("logical_xor", INPUTS({2, 3}), logical_xor(x[0] > 0.2, x[0] < 0.8)),
            ROW("logical_not", INPUTS({2, 3}), logical_not(x[0] > 0.5)),
            ROW("clip_by_value", INPUTS({2, 3}), clip_by_value(x[0], 0.3, 0.6)),
            ROW("clip_by_value", INPUTS({2, 3}, {2, 3}), clip_by_value(x[0], x[1] * 0.5, x[1])),
            ROW("where", INPUTS({2, 3}, {2, 3}), where(x[0] > x[1], x[0], x[1])),
            ROW("where", INPUTS({2, 3}), where(x[0] > 0.5, x[0], 0)),
            ROW("where", INPUTS({2, 3}), where(known > 0, 2.0, x[0])),
            ROW("cast", INPUTS({2, 3}), cast(x[0], float64)),
            ROW("cast", INPUTS({2, 3}), cast(x[0] * 9, int32)),
            ROW("stop_gradient", INPUTS({2, 3}), x[0] * stop_gradient(x[0]))});
  add_rows({ONE(negative),
            ONE(sign),
            ONE(square),
            ONE(sigmoid),
            ONE(reciprocal),
            ONE(rsqrt),
            ONE(digamma),
            ONE(is_nan),
            ONE(is_inf),
            ONE(is_finite),
            ROW("abs", INPUTS({2, 3}), xtape::abs(x[0] - 0.5)),
            ROW("sqrt", INPUTS({2, 3}), xtape::sqrt(x[0])),
            ROW("exp", INPUTS({2, 3}), xtape::exp(x[0])),
            ROW("log", INPUTS({2, 3}), xtape::log(x[0])),
            ROW("tanh", INPUTS({2, 3}), xtape::tanh(x[0])),
            ROW("expm1", INPUTS({2, 3}), xtape::expm1(x[0])),
            ROW("log1p", INPUTS({2, 3}), xtape::log1p(x[0])),
            ROW("sin", INPUTS({2, 3}), xtape::sin(x[0])),
            ROW("cos", INPUTS({2, 3}), xtape::cos(x[0])),
            ROW("tan", INPUTS({2, 3}), xtape::tan(x[0])),
            ROW("asin", INPUTS({2, 3}), xtape::asin(x[0])),
            ROW("acos", INPUTS({2, 3}), xtape::acos(x[0])),
            ROW("atan", INPUTS({2, 3}), xtape::atan(x[0])),
            ROW("sinh", INPUTS({2, 3}), xtape::sinh(x[0])),
            ROW("cosh", INPUTS({2, 3}), xtape::cosh(x[0])),
            ROW("asinh", INPUTS({2, 3}), xtape::asinh(x[0])),
            ROW("acosh", INPUTS({2, 3}), xtape::acosh(x[0] + 1)),
            ROW("atanh", INPUTS({2, 3}), xtape::atanh(x[0])),
            ROW("erf", INPUTS({2, 3}), xtape::erf(x[0])),
            ROW("erfc", INPUTS({2, 3}), xtape::erfc(x[0])),
            ROW("lgamma", INPUTS({2, 3}), xtape::lgamma(x[0])),
            ROW("polygamma", INPUTS({2, 3}), polygamma(1, x[0])),
            ROW("floor", INPUTS({2, 3}), xtape::floor(x[0] * 3)),
            ROW("ceil", INPUTS({2, 3}), xtape::ceil(x[0] * 3)),
            ROW("round", INPUTS({2, 3}), xtape::round(x[0] * 3)),
            ROW("trunc", INPUTS({2, 3}), xtape::trunc(x[0] * 3)),
            ROW("exp2", INPUTS({2, 3}), xtape::exp2(x[0])),
            ROW("log2", INPUTS({2, 3}), xtape::log2(x[0])),
            ROW("log10", INPUTS({2, 3}), xtape::log10(x[0])),
            ROW("signbit", INPUTS({2, 3}), xtape::signbit(x[0] - 0.5)),
            ROW("copysign", INPUTS({2, 3}, {2, 3}), xtape::copysign(x[0], x[1] - 0.5)),
            ROW("hypot", INPUTS({2, 3}, {2, 3}), xtape::hypot(x[0], x[1])),
            ROW("bitwise_and", INPUTS({2, 3}, {2, 3}), bitwise_and(ids(x[0], 9), ids(x[1], 9))),
            ROW("bitwise_or", INPUTS({2, 3}, {2, 3}), bitwise_or(ids(x[0], 9), ids(x[1], 9))),
            ROW("bitwise_xor", INPUTS({2, 3}), bitwise_xor(ids(x[0], 9), 5)),
            ROW("bitwise_not", INPUTS({2, 3}), bitwise_not(ids(x[0], 9))),
            ROW("bitwise_left_shift", INPUTS({2, 3}), bitwise_left_shift(ids(x[0], 9), 2)),
            ROW("bitwise_right_shift", INPUTS({2, 3}, {2, 3}), bitwise_right_shift(ids(x[0], 9), ids(x[1], 3))),
            ROW("nan_to_num", INPUTS({2, 3}), nan_to_num(xtape::log(x[0] - 0.5), {.nan = 3})),
            ROW("count_nonzero", INPUTS({2, 3}), count_nonzero(x[0] > 0.5, 1)),
            ONE(deg2rad),
            ONE(rad2deg),
            TWO(heaviside),
            TWO(logaddexp)});
  add_rows({ONE(nn::relu),
            ONE(nn::leaky_relu),
            ONE(nn::softplus),
            ONE(nn::sigmoid),
            ONE(nn::tanh),
            ONE(nn::linear),
            ONE(nn::softmax),
            ONE(nn::log_softmax),
            ONE(nn::relu6),
            ONE(nn::elu),
            ONE(nn::selu),
            ONE(nn::gelu),
            ONE(nn::silu),
            ONE(nn::swish),
            ONE(nn::mish),
            ONE(nn::hard_sigmoid),
            ONE(nn::hard_silu),
            ONE(nn::hard_swish),
            ONE(nn::log_sigmoid),
            ONE(nn::softsign),
            ONE(nn::exponential),
            ONE(nn::celu),
            ONE(nn::squareplus),
            ONE(nn::hard_tanh),
            ONE(nn::hard_shrink),
            ONE(nn::soft_shrink),
            ONE(nn::tanh_shrink),
            ONE(nn::sparse_plus),
            ONE(nn::sparse_sigmoid),
            ONE(nn::sparsemax),
            ROW("nn::relu", INPUTS({2, 3}), nn::relu(x[0], nn::ReluOptions{.max_value = 0.5})),
            ROW("nn::celu", INPUTS({2, 3}), nn::celu(x[0] - 0.5, 0.3)),
            ROW("nn::squareplus", INPUTS({2, 3}), nn::squareplus(x[0], 2)),
            ROW("nn::hard_shrink", INPUTS({2, 3}), nn::hard_shrink(x[0], 0.3)),
            ROW("nn::soft_shrink", INPUTS({2, 3}), nn::soft_shrink(x[0], 0.3)),
            ROW("nn::threshold", INPUTS({2, 3}), nn::threshold(x[0], 0.3, -1)),
            ROW("nn::glu", INPUTS({2, 4}), nn::glu(x[0])),
            ROW("nn::glu", INPUTS({2, 3}), nn::glu(x[0], 0)),
            ROW("nn::sparsemax", INPUTS({2, 3}), nn::sparsemax(x[0], 0)),
            ROW("nn::leaky_relu", INPUTS({2, 3}), nn::leaky_relu(x[0] - 0.5, 0.3)),
            ROW("nn::elu", INPUTS({2, 3}), nn::elu(x[0] - 0.5, 0.3)),
            ROW("nn::gelu", INPUTS({2, 3}), nn::gelu(x[0], {.approximate = true})),
            ROW("nn::softmax", INPUTS({2, 3}), nn::softmax(x[0], 0)),
            ROW("nn::log_softmax", INPUTS({2, 3}), nn::log_softmax(x[0], 0)),
            TWO(nn::softmax_cross_entropy_with_logits),
            TWO(nn::sigmoid_cross_entropy_with_logits),
            ROW("nn::sparse_softmax_cross_entropy_with_logits", INPUTS({2, 3}),
                nn::sparse_softmax_cross_entropy_with_logits(numbers, x[0])),
            ROW("nn::ctc_loss", INPUTS({2, 4, 3}),
                nn::ctc_loss(constant({{1, 2}, {1, 1}}), x[0], constant({2, 1}), constant({4, 3}))),
            ROW("nn::bias_add", INPUTS({2, 3}, {3}), nn::bias_add(x[0], x[1])),
            ROW("nn::embedding_lookup", INPUTS({4, 3}, {2, 2}), nn::embedding_lookup(x[0], ids(x[1], 4)))});
  add_rows({ROW("matmul", INPUTS({2, 3}, {3, 4}), matmul(x[0], x[1])),
            ROW("matmul", INPUTS({2, 3}), matmul(x[0], known, {.transpose_b = true})),
            ROW("linear", INPUTS({2, 3}, {3, 4}, {4}), linear(x[0], x[1], x[2])),
            ROW("linear", INPUTS({2, 3}, {3, 4}), linear(x[0], x[1])),
            ROW("einsum", INPUTS({2, 3}, {3, 4}), einsum("ij,jk->ik", {x[0], x[1]})),
            ROW("einsum", INPUTS({2, 3}), einsum("ij,kj->ik", {x[0], known})),
            ROW("tensordot", INPUTS({2, 3}, {3, 4}), tensordot(x[0], x[1], 1)),
            ROW("tensordot", INPUTS({2, 3}, {4, 2}), tensordot(x[0], x[1], {{0}, {1}})),
            ROW("dot", INPUTS({3}, {3}), dot(x[0], x[1])),
            ROW("outer", INPUTS({3}, {2}), outer(x[0], x[1])),
            ROW("linalg::matvec", INPUTS({2, 3}, {3}), linalg::matvec(x[0], x[1])),
            ROW("linalg::matrix_transpose", INPUTS({2, 3}), linalg::matrix_transpose(x[0])),
            ROW("linalg::diag", INPUTS({3}), linalg::diag(x[0], 1)),
            ROW("linalg::diag_part", INPUTS({3, 3}), linalg::diag_part(x[0])),
            ROW("linalg::set_diag", INPUTS({3, 3}, {3}), linalg::set_diag(x[0], x[1])),
            ROW("linalg::trace", INPUTS({3, 3}), linalg::trace(x[0])),
            ROW("linalg::band_part", INPUTS({3, 3}), linalg::band_part(x[0], 0, 1)),
            ROW("linalg::qr", INPUTS({3, 2}), linalg::qr(x[0]).q),
            ROW("linalg::qr", INPUTS({3, 2}), linalg::qr(x[0]).r),
            ROW("linalg::svd", INPUTS({3, 2}), linalg::svd(x[0]).s),
            ROW("linalg::eigh", INPUTS({3, 3}), linalg::eigh(definite(x[0])).w),
            ROW("linalg::slogdet", INPUTS({3, 3}), linalg::slogdet(definite(x[0])).logdet),
            ROW("linalg::det", INPUTS({3, 3}), linalg::det(x[0])),
            ROW("linalg::inv", INPUTS({3, 3}), linalg::inv(definite(x[0]))),
            ROW("linalg::inverse", INPUTS({3, 3}), linalg::inverse(definite(x[0]))),
            ROW("linalg::solve", INPUTS({3, 3}, {3, 2}), linalg::solve(definite(x[0]), x[1], {.adjoint = true})),
            ROW("linalg::triangular_solve", INPUTS({3, 3}, {3, 2}), linalg::triangular_solve(definite(x[0]), x[1])),
            ROW("linalg::cholesky", INPUTS({3, 3}), linalg::cholesky(definite(x[0]))),
            ROW("linalg::lstsq", INPUTS({3, 2}, {3, 1}), linalg::lstsq(x[0], x[1])),
            ROW("linalg::pinv", INPUTS({3, 2}), linalg::pinv(x[0])),
            ROW("linalg::eigvalsh", INPUTS({3, 3}), linalg::eigvalsh(definite(x[0]))),
            ROW("linalg::logdet", INPUTS({3, 3}), linalg::logdet(definite(x[0]))),
            ROW("linalg::matrix_power", INPUTS({3, 3}), linalg::matrix_power(x[0], 3)),
            ROW("linalg::expm", INPUTS({3, 3}), linalg::expm(x[0])),
            ROW("linalg::matrix_rank", INPUTS({3, 2}), linalg::matrix_rank(x[0])),
            ROW("linalg::cond", INPUTS({3, 2}), linalg::cond(x[0])),
            ROW("linalg::matrix_norm", INPUTS({2, 3}), linalg::matrix_norm(x[0], 1, true)),
            ROW("linalg::matrix_norm", INPUTS({2, 3}), linalg::matrix_norm(x[0], "fro"))});
  add_rows(
      {ROW("reshape", INPUTS({2, 3}), reshape(x[0], {3, -1})),
       ROW("flatten", INPUTS({2, 3}), flatten(x[0])),
       ROW("expand_dims", INPUTS({2, 3}), expand_dims(x[0], 1)),
       ROW("squeeze", INPUTS({2, 1, 3}), squeeze(x[0])),
       ROW("squeeze", INPUTS({2, 1, 3}), squeeze(x[0], 1)),
       ROW("transpose", INPUTS({2, 3}), transpose(x[0])),
       ROW("transpose", INPUTS({2, 3, 4}), transpose(x[0], {2, 0, 1})),
       ROW("swapaxes", INPUTS({2, 3, 4}), swapaxes(x[0], 0, 2)),
       ROW("moveaxis", INPUTS({2, 3, 4}), moveaxis(x[0], 0, 2)),
       ROW("concat", INPUTS({2, 3}, {1, 3}), concat({x[0], x[1]}, 0)),
       ROW("concat", INPUTS({2, 3}), concat({x[0], known}, 0)),
       ROW("stack", INPUTS({2, 3}, {2, 3}), stack({x[0], x[1]})),
       ROW("unstack", INPUTS({2, 3}), unstack(x[0], 1)),
       ROW("split", INPUTS({2, 3}), split(x[0], 3, 1)),
       ROW("split", INPUTS({2, 3}), split(x[0], {1, 2}, 1)),
       ROW("slice", INPUTS({2, 3}), slice(x[0], {0, 1}, {-1, 2})),
       ROW("slice_axis", INPUTS({2, 3}), slice_axis(x[0], 1, 0, 2)),
       ROW("gather", INPUTS({2, 3}, {2, 2}), gather(x[0], ids(x[1], 3), 1)),
       ROW("gather", INPUTS({2, 3}), gather(x[0], numbers)),
       ROW("gather", INPUTS({2, 3}, {2, 2}), gather(x[0], ids(x[1], 3), 1, 1)),
       ROW("broadcast_to", INPUTS({1, 3}), broadcast_to(x[0], {2, 3})),
       ROW("tile", INPUTS({2, 3}), tile(x[0], {1, 2})),
       ROW("repeat", INPUTS({2, 3}), repeat(x[0], {1, 2}, 0)),
       ROW("repeat", INPUTS({2, 3}), repeat(x[0], {1, 0, 2, 1, 1, 1})),
       ROW("repeat", INPUTS({2, 3}), repeat(x[0], 2, 0)),
       ROW("repeat", INPUTS({2, 3}), repeat(x[0], 2)),
       ROW("reverse", INPUTS({2, 3}), reverse(x[0], {1})),
       ROW("roll", INPUTS({2, 3}), roll(x[0], 1, 1)),
       ROW("roll", INPUTS({2, 3}), roll(x[0], {1, 1}, {0, 1})),
       ROW("meshgrid", INPUTS({2}, {3}), meshgrid({x[0], x[1]}, {.indexing = "ij"})),
       ROW("tril", INPUTS({3, 3}), tril(x[0])),
       ROW("triu", INPUTS({3, 3}), triu(x[0], 1)),
       ROW("index", INPUTS({2, 3}), index(x[0], {xtape::all, 1})),
       ROW("index", INPUTS({2, 3}), index(x[0], {Ellipsis(), Slice(0, 2)})),
       ROW("strided_slice", INPUTS({2, 3}), strided_slice(x[0], {0, 0}, {2, 3}, {1, 2})),
       ROW("gather_nd", INPUTS({2, 3}, {2, 1}), gather_nd(x[0], ids(x[1], 2))),
       ROW("scatter_nd", INPUTS({2, 3}, {2, 1}), scatter_nd(ids(x[1], 2), x[0], {4, 3})),
       ROW("tensor_scatter_add", INPUTS({2, 3}, {2, 1}, {2, 3}), tensor_scatter_add(x[0], ids(x[1], 2), x[2])),
       ROW("tensor_scatter_update", INPUTS({2, 3}, {1, 1}, {1, 3}), tensor_scatter_update(x[0], ids(x[1], 2), x[2])),
       ROW("pad", INPUTS({2, 3}), pad(x[0], {{0, 0}, {1, 2}}, {.mode = "reflect"})),
       ROW("rot90", INPUTS({2, 3, 4}), rot90(x[0], 1, 1, 2)),
       ROW("nn::space_to_depth", INPUTS({2, 4, 4, 1}), nn::space_to_depth(x[0], 2)),
       ROW("nn::depth_to_space", INPUTS({2, 2, 2, 4}), nn::depth_to_space(x[0], 2)),
       ROW("take_along_axis", INPUTS({2, 3}, {2, 2}), take_along_axis(x[0], ids(x[1], 3), 1)),
       ROW("put_along_axis", INPUTS({2, 3}, {2, 1}, {2, 1}), put_along_axis(x[0], ids(x[1], 3), x[2], 1)),
       ROW("searchsorted", INPUTS({2, 3}, {2, 2}), searchsorted(xtape::sort(x[0]), x[1], {.side = "right"})),
       ROW("histogram", INPUTS({2, 3}), histogram(x[0], {.bins = 3}).counts),
       ROW("histogram", INPUTS({2, 3}), histogram(x[0], {.bins = 3}).edges),
       ROW("bincount", INPUTS({5}), bincount(ids(x[0], 4), {.length = 4})),
       ROW("bincount", INPUTS({5}, {5}), bincount(ids(x[0], 4), x[1], {.length = 4})),
       ROW("unsorted_segment_sum", INPUTS({4, 3}, {4}), unsorted_segment_sum(x[0], ids(x[1], 3), 3)),
       ROW("unsorted_segment_mean", INPUTS({4, 3}, {4}), unsorted_segment_mean(x[0], ids(x[1], 3), 3)),
       ROW("unsorted_segment_prod", INPUTS({4, 3}, {4}), unsorted_segment_prod(x[0], ids(x[1], 3), 3)),
       ROW("unsorted_segment_max", INPUTS({4, 3}, {4}), unsorted_segment_max(x[0], ids(x[1], 1), 1)),
       ROW("unsorted_segment_min", INPUTS({4, 3}, {4}), unsorted_segment_min(x[0], ids(x[1], 1), 1)),
       ROW("sequence_mask", INPUTS({4}), sequence_mask(ids(x[0], 4), 5)),
       ROW("diff", INPUTS({2, 3}), diff(x[0])),
       ROW("inner", INPUTS({2, 3}, {4, 3}), inner(x[0], x[1])),
       ROW("kron", INPUTS({2, 3}, {2, 2}), kron(x[0], x[1])),
       ROW("cross", INPUTS({2, 3}, {2, 3}), cross(x[0], x[1])),
       ROW("quantile", INPUTS({2, 5}), quantile(x[0], 0.3, 1)),
       ROW("quantile", INPUTS({2, 5}, {3}), quantile(x[0], x[1], {}, {.method = "lower"}, true)),
       ROW("median", INPUTS({2, 5}), median(x[0], 1)),
       ROW("ptp", INPUTS({2, 5}), ptp(x[0], 1)),
       ROW("nansum", INPUTS({2, 3}), nansum(xtape::log(x[0] - 0.3), 1)),
       ROW("nanprod", INPUTS({2, 3}), nanprod(x[0])),
       ROW("nanmean", INPUTS({2, 3}), nanmean(xtape::log(x[0] - 0.3), {}, true)),
       ROW("nanmax", INPUTS({2, 3}), nanmax(x[0], 1)),
       ROW("nanmin", INPUTS({2, 3}), nanmin(x[0], 1)),
       ROW("nanvar", INPUTS({2, 3}), nanvar(x[0], 1)),
       ROW("nanstd", INPUTS({2, 3}), nanstd(x[0], 1)),
       ROW("cov", INPUTS({2, 5}), cov(x[0], {.ddof = 0})),
       ROW("corrcoef", INPUTS({2, 5}), corrcoef(x[0])),
       ROW("average", INPUTS({2, 3}, {3}), average(x[0], 1, x[1])),
       ROW("average", INPUTS({2, 3}), average(x[0], 1))});
  add_rows({ONE(reduce_sum),
            ROW("reduce_sum", INPUTS({2, 3}), reduce_sum(x[0], {1}, true)),
            ROW("reduce_mean", INPUTS({2, 3}), reduce_mean(x[0], {1})),
            ROW("reduce_prod", INPUTS({2, 3}), reduce_prod(x[0], 0)),
            ROW("reduce_max", INPUTS({2, 3}), reduce_max(x[0], -1)),
            ROW("reduce_min", INPUTS({2, 3}), reduce_min(x[0], {0, 1})),
            ROW("reduce_all", INPUTS({2, 3}), reduce_all(x[0] > 0.2, 1)),
            ROW("reduce_any", INPUTS({2, 3}), reduce_any(x[0] > 0.8, 1)),
            ROW("argmax", INPUTS({2, 3}), argmax(x[0], 1)),
            ROW("argmin", INPUTS({2, 3}), argmin(x[0], 1)),
            ROW("reduce_logsumexp", INPUTS({2, 3}), reduce_logsumexp(x[0], 1)),
            ROW("reduce_variance", INPUTS({2, 3}), reduce_variance(x[0], 1)),
            ROW("reduce_std", INPUTS({2, 3}), reduce_std(x[0], 1)),
            ROW("norm", INPUTS({2, 3}), norm(x[0], {.ord = 1})),
            ROW("cumsum", INPUTS({2, 3}), cumsum(x[0], 1, {.exclusive = true})),
            ROW("cumprod", INPUTS({2, 3}), cumprod(x[0], 1)),
            ROW("sort", INPUTS({2, 3}), xtape::sort(x[0])),
            ROW("argsort", INPUTS({2, 3}), argsort(x[0], 0, SortDirection::descending)),
            ROW("top_k", INPUTS({2, 3}), top_k(x[0], 2).values),
            ROW("top_k", INPUTS({2, 3}), top_k(x[0], 2).indices),
            ROW("nn::moments", INPUTS({2, 3}), nn::moments(x[0], 0).first * nn::moments(x[0], 0).second),
            ROW("clip_by_norm", INPUTS({2, 3}), clip_by_norm(x[0], 0.5)),
            ROW("global_norm", INPUTS({2, 3}, {2}), global_norm({x[0], x[1]})),
            ROW("clip_by_global_norm", INPUTS({2, 3}, {2}), clip_by_global_norm({x[0], x[1]}, 0.7).first),
            ROW("clip_by_global_norm", INPUTS({2, 3}, {2}), clip_by_global_norm({x[0], x[1]}, 0.7).second)});
  add_rows({ROW("nn::conv2d", INPUTS({2, 5, 5, 2}, {3, 3, 2, 4}), nn::conv2d(x[0], x[1], {.padding = "same"})),
            ROW("nn::conv1d", INPUTS({2, 5, 2}, {3, 2, 4}), nn::conv1d(x[0], x[1])),
            ROW("nn::depthwise_conv2d", INPUTS({2, 5, 5, 2}, {3, 3, 2, 1}), nn::depthwise_conv2d(x[0], x[1])),
            ROW("nn::conv2d_transpose", INPUTS({2, 3, 3, 2}, {3, 3, 4, 2}), nn::conv2d_transpose(x[0], x[1])),
            ROW("nn::conv2d_backprop_input", INPUTS({3, 3, 2, 4}, {2, 3, 3, 4}),
                nn::conv2d_backprop_input({2, 5, 5, 2}, x[0], x[1])),
            ROW("nn::conv2d_backprop_filter", INPUTS({2, 5, 5, 2}, {2, 3, 3, 4}),
                nn::conv2d_backprop_filter(x[0], {3, 3, 2, 4}, x[1])),
            ROW("nn::max_pool2d", INPUTS({2, 4, 4, 2}), nn::max_pool2d(x[0], 2)),
            ROW("nn::max_pool1d", INPUTS({2, 4, 2}), nn::max_pool1d(x[0], 2, {.strides = 1})),
            ROW("nn::avg_pool2d", INPUTS({2, 4, 4, 2}), nn::avg_pool2d(x[0], {2, 1})),
            ROW("nn::avg_pool1d", INPUTS({2, 4, 2}), nn::avg_pool1d(x[0], 2)),
            ROW("nn::global_average_pool", INPUTS({2, 4, 4, 2}), nn::global_average_pool(x[0])),
            ROW("nn::global_max_pool", INPUTS({2, 4, 4, 2}), nn::global_max_pool(x[0], true)),
            ROW("image::resize", INPUTS({2, 4, 4, 2}), image::resize(x[0], {3, 5})),
            ROW("image::affine_transform", INPUTS({2, 4, 4, 2}, {8}), image::affine_transform(x[0], x[1] * 0.1)),
            ROW("image::extract_patches", INPUTS({2, 4, 4, 2}), image::extract_patches(x[0], {2, 1})),
            ROW("image::grid_sample", INPUTS({2, 4, 4, 2}, {2, 3, 3, 2}), image::grid_sample(x[0], x[1])),
            ROW("nn::l2_normalize", INPUTS({2, 3}), nn::l2_normalize(x[0], 1)),
            ROW("nn::layer_norm", INPUTS({2, 3}, {3}, {3}), nn::layer_norm(x[0], x[1], x[2])),
            ROW("nn::layer_norm", INPUTS({2, 3}), nn::layer_norm(x[0], {}, {}, {.axes = 0})),
            ROW("nn::batch_norm", INPUTS({2, 3}, {3}), nn::batch_norm(x[0], x[1], 2.0, 0.5, known)),
            ROW("nn::batch_norm_training", INPUTS({4, 3}, {3}), nn::batch_norm_training(x[0], x[1]).y),
            ROW("nn::batch_norm_training", INPUTS({4, 3}), nn::batch_norm_training(x[0]).variance),
            ROW("nn::scaled_dot_product_attention", INPUTS({2, 3, 4}, {2, 5, 4}),
                nn::scaled_dot_product_attention(x[0], x[1], x[1], {.scale = 0.3})),
            ROW("nn::dot_product_attention", INPUTS({2, 3, 2, 4}, {2, 5, 2, 4}),
                nn::dot_product_attention(x[0], x[1], x[1])),
            ROW("nn::lstm", INPUTS({2, 4, 3}, {3, 8}, {2, 8}, {8}), nn::lstm(x[0], x[1], x[2], x[3]).outputs),
            ROW("nn::lstm", INPUTS({2, 4, 3}, {3, 8}, {2, 8}), nn::lstm(x[0], x[1], x[2]).c),
            ROW("nn::gru", INPUTS({2, 4, 3}, {3, 6}, {2, 6}, {2, 6}), nn::gru(x[0], x[1], x[2], x[3]).h),
            ROW("nn::dropout", INPUTS({2, 3}), nn::dropout(x[0], 0.5)),
            ROW("random::bernoulli", INPUTS({2, 3}), random::bernoulli(x[0])),
            ROW("random::categorical", INPUTS({2, 3}), random::categorical(x[0], 4)),
            ROW("random::gamma", INPUTS({2, 3}), random::gamma(x[0])),
            ROW("random::beta", INPUTS({2, 3}, {3}), random::beta(x[0], x[1])),
            ROW("random::poisson", INPUTS({2, 3}), random::poisson(x[0] * 20)),
            ROW("random::binomial", INPUTS({2, 3}), random::binomial(30.0, x[0])),
            ROW("random::choice", INPUTS({4, 3}), random::choice(x[0], 5)),
            ROW("random::shuffle", INPUTS({4, 3}), random::shuffle(x[0])),
            ROW("map", INPUTS({2, 3}, {3}), map([](auto a, auto b) { return a * tanh(b) + 1; }, x[0], x[1])),
            ROW("map", INPUTS({2, 3}), map([](auto a, auto b) { return a * b; }, x[0], 2.0))});
  return all;
}

/// What f gives for some inputs, and the gradients of the floating ones' squares for them.
template <class F>
std::vector<Tensor> with_gradients(const F& f, const std::vector<Tensor>& inputs) {
  random::set_seed(4);
  GradientTape tape;
  tape.watch(inputs);
  const TensorList outputs = f(inputs);
  std::vector<Tensor> all(outputs.begin(), outputs.end());
  Tensor sum = 0;
  for (const Tensor& y : outputs) {
    if (is_floating(y.dtype())) sum = sum + reduce_sum(square(cast(y, float32)));
  }
  for (const Tensor& gradient : tape.gradient(sum, inputs)) all.push_back(gradient);
  return all;
}

TEST_CASE("symbolic ops: a model of each op gives what the op gives, bit for bit, and its gradients") {
  for (const Row& row : rows()) {
    CAPTURE(row.op);
    std::vector<Tensor> inputs;
    SymbolicList symbolic;
    for (const Shape& shape : row.inputs) {
      inputs.push_back(some(shape, 0.1, 0.9, static_cast<int>(inputs.size())));
      symbolic.push_back(
          Input(Shape(std::vector<std::int64_t>(shape.begin() + 1, shape.end())), {.batch_size = shape[0]}));
    }
    const SymbolicList outputs = row.symbolic(symbolic);
    const Model model(symbolic, outputs), copy = clone(model);
    const std::vector<Tensor> expected = with_gradients(row.eager, inputs);
    for (const Model* each : {&model, &copy}) {
      Model again = *each;
      const auto received = with_gradients([&](const std::vector<Tensor>& x) { return again(TensorList(x)); }, inputs);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(i);
        REQUIRE(received[i].defined() == expected[i].defined());
        if (expected[i].defined()) CHECK_SAME_BITS(received[i], expected[i]);
      }
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      CHECK(outputs[i].shape() == expected[i].shape());
      CHECK(outputs[i].dtype() == expected[i].dtype());
    }
  }
}

TEST_CASE("symbolic ops: a model of an op is made again from its text, or the error names the op") {
  std::set<std::string> written;
  for (const Row& row : rows()) {
    CAPTURE(row.op);
    TensorList inputs;
    SymbolicList symbolic;
    for (const Shape& shape : row.inputs) {
      inputs.push_back(some(shape, 0.1, 0.9, static_cast<int>(inputs.size())));
      symbolic.push_back(
          Input(Shape(std::vector<std::int64_t>(shape.begin() + 1, shape.end())), {.batch_size = shape[0]}));
    }
    Model model(symbolic, row.symbolic(symbolic));
    std::string text;
    try {
      text = model.to_json();
    } catch (const ValueError& error) {
      CHECK_MESSAGE(error.message().find("the op '") != std::string::npos, error.message());
      continue;
    }
    written.insert(row.op);
    Model again = models::model_from_json(text);
    CHECK(again.to_json() == text);
    const TensorList expected = model(inputs), received = again(inputs);
    REQUIRE(received.size() == expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) CHECK_SAME_BITS(received[k], expected[k]);
  }
  INFO(written.size());
  CHECK(written.size() >= 70);
  for (const char* op : {"add", "operator*", "matmul", "reduce_mean", "reshape", "concat", "split", "where",
                         "nn::softmax", "nn::gelu", "slice_axis", "gather", "einsum"}) {
    CHECK_MESSAGE(written.contains(op), op);
  }
}

TEST_CASE("symbolic ops: every op of tensors has a row") {
  // Those whose results have shapes that depend on elements have no symbolic results.
  std::set<std::string> tested = {"argwhere",     "nonzero",     "unique",      "segment_sum",  "segment_mean",
                                  "segment_prod", "segment_max", "segment_min", "boolean_mask", "operator==",
                                  "operator!=",   "operator+=",  "operator-=",  "operator*=",   "operator/="};
  for (const Row& row : rows()) tested.insert(row.op);
  for (const auto& op : testing::op_declarations().functions) {
    if (testing::takes_tensors(op) && !op.is_alias()) CHECK_MESSAGE(tested.contains(op.full_name()), op.full_name());
  }
}

TEST_CASE("symbolic ops: sizes that are not known stay so") {
  const auto x = Input({-1, 4}), y = Input({-1, 4});
  CHECK((x * 2 + 1).shape() == Shape{-1, -1, 4});
  CHECK(reduce_mean(x, {1}).shape() == Shape{-1, 4});
  CHECK(concat({x, y}, -1).shape() == Shape{-1, -1, 8});
  CHECK(matmul(x, y, {.transpose_b = true}).shape() == Shape{-1, -1, -1});
  CHECK(reshape(x, {-1, 4}).shape() == Shape{-1, 4});
  CHECK(top_k(x, 2).indices.shape() == Shape{-1, -1, 2});
}

TEST_CASE("symbolic ops: names, classes and lists in the summary") {
  const auto input = Input({4}, {.name = "x"});
  const auto parts = split(nn::relu(input), 2, 1);
  const Model model(input, reduce_mean(concat({parts[1], parts[0], 2 * parts[0]}, 1), {1}, true));
  CHECK(parts[0].name() == "split");
  const std::string text = model.summary_text();
  for (const char* row :
       {"relu (Relu)", "split (Split)", "multiply (Multiply)", "concat (Concat)", "reduce_mean (ReduceMean)"}) {
    CHECK_MESSAGE(text.find(row) != std::string::npos, row, " in ", text);
  }
}

TEST_CASE("symbolic ops: variables among the operands are weights of the model") {
  Variable scale(constant({2.0, 3.0}, float32), {.name = "scale"});
  const auto input = Input({2});
  Model model(input, reduce_sum(input * scale + scale, {1}));
  CHECK(model(constant({{1.0, 2.0}}, float32)).to_vector<float>() == std::vector<float>{13});
  REQUIRE(model.trainable_variables().size() == 1);
  GradientTape tape;
  const Tensor y = model(constant({{1.0, 2.0}}, float32));
  const auto gradients = tape.gradient(y, model.trainable_variables());
  CHECK(gradients[0].to_vector<float>() == std::vector<float>{2, 3});
  scale.assign(constant({1.0, 1.0}, float32));
  CHECK(model(constant({{1.0, 2.0}}, float32)).to_vector<float>() == std::vector<float>{5});
}

TEST_CASE("symbolic ops: what they refuse") {
  const auto x = Input({3}), y = Input({4});
  CHECK_THROWS_TEXT(RuntimeError, "[boolean_mask] looks at the elements of a symbolic tensor", boolean_mask(x, x > 0));
  CHECK_THROWS_TEXT(RuntimeError, "[unique] looks at the elements of a symbolic tensor", unique(x));
  CHECK_THROWS_TEXT(ValueError, "in layer 'add', called with inputs of shapes (None, 3), (None, 4)", x + y);
  CHECK_THROWS_TEXT(ValueError, "[concat]", concat({x, y}, 0));
  CHECK_THROWS_TEXT(TypeError, "[matmul]", matmul(x, cast(y, float64)));
  CHECK_THROWS_TEXT(ValueError, "[stack] expected at least one symbolic tensor", symbolic::stack({}, 0));
}

TEST_CASE("symbolic ops: a mask that does not depend on the input picks elements") {
  const auto x = Input({3});
  const auto picked = boolean_mask(x, constant({true, false, true}), 1);
  CHECK(picked.shape() == Shape{-1, 2});
}

TEST_CASE("symbolic ops: results have no mask, as of ops") {
  const auto input = Input({3}, {.dtype = int32});
  Model model(input, layers::Embedding(5, 2, {.mask_zero = true})(input) * 2);
  CHECK(!get_mask(model(constant({{1, 0, 2}}, int32))).defined());
}

TEST_CASE("symbolic ops: bfloat16 beside float32 gives float32, as in Keras") {
  const auto a = Input({2}, {.dtype = bfloat16}), b = Input({2});
  CHECK((a + b).dtype() == float32);
  CHECK(maximum(a, b).dtype() == float32);
  CHECK((a * 2).dtype() == bfloat16);
}

}  // namespace
