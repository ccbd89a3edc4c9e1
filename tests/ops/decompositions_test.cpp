#include "xtape/ops/linalg_decompositions.hpp"

#include "ops/matrix_table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

Tensor t(const Tensor& x) { return linalg::matrix_transpose(x); }
Tensor scaled(const Tensor& u, const Tensor& s) { return u * expand_dims(s, -2); }
/// Symmetric, with the eigenvalues of x x^T apart from each other.
Tensor symmetric(const Tensor& x) { return x + t(x); }

bool orthonormal(const Tensor& q) { return close_to_eye(matmul(q, q, {.transpose_a = true})); }

// Signs are free: what is differentiated does not depend on them. The weights make each element count for itself.
Tensor weights(const Tensor& like) { return some(like.shape(), like.dtype()) + 3; }

Tensor qr_both(const OpInputs& x) {
  const auto [q, r] = linalg::qr(x[0]);
  return concat({flatten(square(q)), flatten(square(r)), flatten(matmul(q, r))}, 0);
}
Tensor svd_values(const OpInputs& x) { return linalg::svd(x[0]).s; }
Tensor svd_left(const OpInputs& x) {
  const Tensor u = linalg::svd(x[0]).u;
  return square(u) * weights(u);
}
Tensor svd_right(const OpInputs& x) {
  const Tensor v = linalg::svd(x[0]).v;
  return square(v) * weights(v);
}
Tensor svd_all(const OpInputs& x) {  // u f(s) v^T: u and v only with one sign
  const auto [s, u, v] = linalg::svd(x[0]);
  return matmul(scaled(u, square(s) + 1), v, {.transpose_b = true});
}
Tensor eigh_values(const OpInputs& x) { return linalg::eigh(symmetric(x[0])).w; }
Tensor eigh_all(const OpInputs& x) {
  const auto [w, v] = linalg::eigh(symmetric(x[0]));
  return matmul(scaled(v, exp(w * 0.1)), v, {.transpose_b = true});
}
Tensor eigh_vectors(const OpInputs& x) {
  const Tensor v = linalg::eigh(x[0]).v;  // of the lower triangle alone
  return square(v) * weights(v);
}

bool is_svd(const OpInputs& x, const Tensor&) {
  const auto [s, u, v] = linalg::svd(x[0]);
  bool descends = true;
  const std::vector<double> values = to_doubles(s);
  const auto k = static_cast<std::size_t>(s.shape(-1));
  for (std::size_t i = 0; i < values.size(); ++i) {
    descends = descends && values[i] >= 0 && (i % k == 0 || values[i] <= values[i - 1]);
  }
  return descends && orthonormal(u) && orthonormal(v) && close_to(matmul(scaled(u, s), v, {.transpose_b = true}), x[0]);
}
bool is_qr(const OpInputs& x, const Tensor&) {
  const auto [q, r] = linalg::qr(x[0]);
  return orthonormal(q) && close_to(triu(r), r) && close_to(matmul(q, r), x[0]);
}
bool is_eigh(const OpInputs& x, const Tensor&) {
  const auto [w, v] = linalg::eigh(symmetric(x[0]));
  return orthonormal(v) && close_to(matmul(symmetric(x[0]), v), scaled(v, w));
}

/// a^T (a x - b) = 0, which defines the least squares for m >= n.
bool normal_equations(const OpInputs& x, const Tensor& y) {
  const Tensor b = x[1].rank() == 1 ? expand_dims(x[1], 1) : x[1], solution = x[1].rank() == 1 ? expand_dims(y, -1) : y;
  const Tensor residual = matmul(t(x[0]), matmul(x[0], solution) - b);
  return close_to(residual, 0 * residual);
}

const Table<MatrixRow> decompositions_table{
    {"linalg::qr", qr_both, {{3, 3}}, is_qr},
    {"linalg::qr", qr_both, {{4, 2}}, is_qr},
    {"linalg::qr", qr_both, {{2, 4}}, is_qr},
    {"linalg::qr", qr_both, {{2, 3, 2}}, is_qr},
    {"linalg::qr", qr_both, {{1, 1}}, is_qr},
    {"linalg::qr", [](const OpInputs& x) { return square(linalg::qr(x[0]).q); }, {{4, 3}}, is_qr},
    {"linalg::qr", [](const OpInputs& x) { return square(linalg::qr(x[0]).r); }, {{4, 3}}, is_qr},
    {"linalg::qr", [](const OpInputs& x) { return square(linalg::qr(x[0]).q); }, {{2, 3}}, is_qr},
    {"linalg::qr", [](const OpInputs& x) { return square(linalg::qr(x[0]).r); }, {{2, 3}}, is_qr},
    {"linalg::svd", svd_values, {{3, 3}}, is_svd},
    {"linalg::svd", svd_values, {{2, 4}}, is_svd},
    {"linalg::svd", svd_left, {{3, 3}}, is_svd},
    {"linalg::svd", svd_left, {{4, 2}}, is_svd},
    {"linalg::svd", svd_left, {{2, 4}}, is_svd},
    {"linalg::svd", svd_right, {{3, 3}}, is_svd},
    {"linalg::svd", svd_right, {{4, 2}}, is_svd},
    {"linalg::svd", svd_right, {{2, 4}}, is_svd},
    {"linalg::svd", svd_all, {{3, 3}}, is_svd},
    {"linalg::svd", svd_all, {{4, 2}}, is_svd},
    {"linalg::svd", svd_all, {{2, 2, 3}}, is_svd},
    {"linalg::svd", svd_all, {{1, 1}}, is_svd},
    {"linalg::eigh", eigh_values, {{3, 3}}, is_eigh},
    {"linalg::eigh", eigh_all, {{3, 3}}, is_eigh},
    {"linalg::eigh", eigh_all, {{2, 4, 4}}, is_eigh},
    {"linalg::eigh", eigh_vectors, {{3, 3}}, is_eigh},
    {"linalg::eigh", eigh_all, {{1, 1}}, is_eigh},
    {"linalg::lstsq", [](const auto& x) { return linalg::lstsq(x[0], x[1]); }, {{4, 2}, {4, 3}}, normal_equations},
    {"linalg::lstsq", [](const auto& x) { return linalg::lstsq(x[0], x[1]); }, {{4, 2}, {4}}, normal_equations},
    {"linalg::lstsq", [](const auto& x) { return linalg::lstsq(x[0], x[1]); }, {{3, 3}, {3, 1}}, normal_equations},
    {"linalg::lstsq", [](const auto& x) { return linalg::lstsq(x[0], x[1]); }, {{2, 4, 2}, {4, 1}}, normal_equations},
    {"linalg::lstsq",
     [](const auto& x) { return linalg::lstsq(x[0], x[1]); },
     {{2, 4}, {2, 1}},
     [](const auto& x, const Tensor& y) {  // a^T (a a^T)^-1 b
       return close_to(y, matmul(t(x[0]), linalg::solve(matmul(x[0], t(x[0])), x[1])));
     }},
    {"linalg::lstsq",
     [](const auto& x) { return linalg::lstsq(x[0], x[1], {.l2_regularizer = 0.5}); },
     {{2, 3}, {2, 1}},
     [](const auto& x, const Tensor& y) {  // (a^T a + l) x = a^T b
       return close_to(matmul(matmul(t(x[0]), x[0]) + eye(3, -1, x[0].dtype()) * 0.5, y), matmul(t(x[0]), x[1]));
     }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0]); },
     {{2, 3, 2}},
     [](const auto& x, const Tensor& y) {
       return close_to(square(y), reduce_sum(square(x[0]), {1, 2}));
     }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0], "nuc"); },
     {{3, 2}},
     [](const auto& x, const Tensor& y) {  // the roots of the eigenvalues of x^T x
       return close_to(y, reduce_sum(sqrt(linalg::eigh(matmul(t(x[0]), x[0])).w)));
     }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0], 2); },
     {{3, 2}},
     [](const auto& x, const Tensor& y) {
       return close_to(square(y), reduce_max(linalg::eigh(matmul(t(x[0]), x[0])).w));
     }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0], -2); },
     {{2, 3, 3}},
     [](const auto& x, const Tensor& y) {
       return close_to(square(y), reduce_min(linalg::eigh(matmul(t(x[0]), x[0])).w, -1));
     }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0], 1, true); },
     {{2, 3, 2}},
     [](const auto& x, const Tensor& y) { return close_to(y, reduce_max(reduce_sum(abs(x[0]), 1, true), 2, true)); }},
    {"linalg::matrix_norm",
     [](const auto& x) { return linalg::matrix_norm(x[0], std::numeric_limits<double>::infinity()); },
     {{3, 3}},
     [](const auto& x, const Tensor& y) { return close_to(y, reduce_max(reduce_sum(abs(x[0]), 1))); }},
};

const FunctionRows decompositions_replays(decompositions_table, [](const auto& row) { return under_function(row); });

}  // namespace

TEST_CASE("decompositions: what defines them, in both dtypes; gradients to the second order") {
  check_matrix_rows(decompositions_table);
}

TEST_CASE("decompositions: published values") {
  // Strang's example: the singular values of [[3, 0], [4, 5]] are 3 sqrt(5) and sqrt(5).
  const Tensor x = constant({{3.0, 0.0}, {4.0, 5.0}}, float64);
  CHECK_CLOSE(linalg::svd(x).s, {3 * std::sqrt(5.0), std::sqrt(5.0)}, 1e-14);
  CHECK_CLOSE(linalg::matrix_norm(x, "nuc"), 4 * std::sqrt(5.0), 1e-14);
  CHECK_CLOSE(linalg::matrix_norm(x, 2), 3 * std::sqrt(5.0), 1e-14);
  CHECK_CLOSE(linalg::matrix_norm(x), std::sqrt(50.0), 1e-14);
  CHECK_CLOSE(linalg::matrix_norm(x, 1), 7);
  CHECK_CLOSE(linalg::matrix_norm(x, -1), 5);
  CHECK_CLOSE(linalg::matrix_norm(x, std::numeric_limits<double>::infinity()), 9);
  CHECK_CLOSE(linalg::matrix_norm(x, -std::numeric_limits<double>::infinity()), 3);
  // Wikipedia's example of a QR decomposition, up to signs.
  const auto [q, r] = linalg::qr(constant({{12.0, -51.0, 4.0}, {6.0, 167.0, -68.0}, {-4.0, 24.0, -41.0}}, float64));
  CHECK_CLOSE(abs(r), {14, 21, 14, 0, 175, 70, 0, 0, 35}, 1e-13, 1e-12);
  CHECK_CLOSE(abs(q) * 175, {150, 69, 58, 75, 158, 6, 50, 30, 165}, 1e-13, 1e-11);
  const auto [w, v] = linalg::eigh(constant({{2.0, 99.0}, {1.0, 2.0}}, float64));  // the upper triangle is not read
  CHECK_CLOSE(w, {1, 3}, 1e-14);
  CHECK_CLOSE(abs(v), std::vector<double>(4, std::sqrt(0.5)), 1e-14);
  CHECK(v.to_vector<double>()[0] * v.to_vector<double>()[2] < 0);
  // numpy.linalg.lstsq's documentation: the line 1 x - 0.95.
  CHECK_CLOSE(linalg::lstsq(constant({{0.0, 1.0}, {1.0, 1.0}, {2.0, 1.0}, {3.0, 1.0}}, float64),
                            constant({-1.0, 0.2, 0.9, 2.1}, float64)),
              {1, -0.95}, 1e-13);
}

TEST_CASE("decompositions: equal values and zeros leave the gradients finite") {
  const Tensor x = eye(3, -1, float64);
  const auto gradient = [&x](auto f) {
    GradientTape tape;
    tape.watch(x);
    return tape.gradient(f(x), x);
  };
  CHECK_CLOSE(gradient([](const Tensor& a) { return reduce_sum(linalg::svd(a).s); }), x, 1e-14, 1e-14);
  CHECK_CLOSE(gradient([](const Tensor& a) { return reduce_sum(linalg::eigh(a).w); }), x, 1e-14, 1e-14);
  for (const Tensor& g : {gradient([](const Tensor& a) { return svd_all({a}); }),
                          gradient([](const Tensor& a) { return eigh_vectors({a}); }),
                          gradient([](const Tensor& a) { return svd_left({slice_axis(a * 0, 1, 0, 2)}); })}) {
    for (const double value : g.to_vector<double>()) CHECK(std::isfinite(value));
  }
  CHECK_CLOSE(gradient([](const Tensor& a) { return linalg::matrix_norm(a * 0); }), 0 * x, 0);
}

TEST_CASE("decompositions: NaN and infinity give NaN, to their matrix alone") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x =
      constant({{{1.0, 2.0}, {2.0, 5.0}}, {{1.0, 2.0}, {std::nan(""), 5.0}}, {{inf, 2.0}, {2.0, 5.0}}}, float64);
  for (const Tensor& y : {linalg::svd(x).s, linalg::eigh(x).w, linalg::svd(x).u, linalg::eigh(x).v}) {
    const std::vector<double> values = y.to_vector<double>();
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(std::isnan(values[i]) == (i >= values.size() / 3));
  }
}

TEST_CASE("decompositions: large and small elements") {
  for (const double scale : {300.0, 1e-12, 1e12}) {
    const Tensor x = well_conditioned({4, 3}, float64);
    CHECK_CLOSE(linalg::svd(x * scale).s, linalg::svd(x).s * scale, 1e-13);
    CHECK_CLOSE(linalg::eigh(gram(x) * scale).w, linalg::eigh(gram(x)).w * scale, 1e-12);
    CHECK_CLOSE(linalg::matrix_norm(x * scale), linalg::matrix_norm(x) * scale, 1e-14);
    CHECK_CLOSE(abs(linalg::qr(x * scale).r), abs(linalg::qr(x).r) * scale, 1e-12, 1e-12 * scale);
  }
}

TEST_CASE("decompositions: empty matrices and batches") {
  const Tensor x = zeros({0, 3}, float64);
  CHECK(linalg::qr(x).q.shape() == Shape{0, 0});
  CHECK(linalg::qr(x).r.shape() == Shape{0, 3});
  CHECK(linalg::svd(x).s.shape() == Shape{0});
  CHECK(linalg::svd(x).v.shape() == Shape{3, 0});
  CHECK(linalg::svd(zeros({0, 3, 2})).u.shape() == Shape{0, 3, 2});
  CHECK(linalg::eigh(zeros({0, 0})).w.shape() == Shape{0});
  CHECK(linalg::eigh(zeros({0, 2, 2})).v.shape() == Shape{0, 2, 2});
  CHECK_CLOSE(linalg::matrix_norm(x), 0);
  CHECK_CLOSE(linalg::matrix_norm(x, "nuc"), 0);
  CHECK(linalg::lstsq(zeros({3, 2}) + eye(3, 2), zeros({3, 0})).shape() == Shape{2, 0});
}

TEST_CASE("decompositions: many matrices on several threads, and large ones") {
  const Tensor x = well_conditioned({2000, 5, 4}, float64), square_one = well_conditioned({1, 120, 120}, float64);
  const Threads set(3);
  CHECK(is_qr({x}, {}));
  CHECK(is_svd({x}, {}));
  CHECK(is_qr({square_one}, {}));
  CHECK(is_qr({slice_axis(square_one, 1, 0, 70)}, {}));
  CHECK(is_qr({slice_axis(square_one, 2, 0, 70)}, {}));
  CHECK(is_svd({square_one}, {}));
  CHECK(is_svd({slice_axis(square_one, 1, 0, 70)}, {}));
  CHECK(is_eigh({square_one}, {}));
  CHECK(is_eigh({slice_axis(x, 1, 0, 4)}, {}));
}

TEST_CASE("decompositions: errors") {
  const Tensor x = ones({3, 2});
  CHECK_THROWS_TEXT(TypeError, "[linalg.qr] expected float32 or float64, received int32",
                    linalg::qr(ones({2, 2}, int32)).q);
  CHECK_THROWS_TEXT(ValueError, "[linalg.qr] expected matrices [..., m, n]: received shape (3,)",
                    linalg::qr(ones({3})).q);
  CHECK_THROWS_TEXT(TypeError, "[linalg.svd] expected float32 or float64, received bfloat16",
                    linalg::svd(ones({2, 2}, bfloat16)).s);
  CHECK_THROWS_TEXT(ValueError, "[linalg.svd] expected matrices", linalg::svd(ones({})).s);
  CHECK_THROWS_TEXT(ValueError, "[linalg.eigh] expected square matrices [..., n, n]: received shape (3, 2)",
                    linalg::eigh(x).w);
  CHECK_THROWS_TEXT(ValueError, "[linalg.lstsq] the matrix has a rank below 2: pass an l2_regularizer",
                    linalg::lstsq(x, ones({3, 1})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.lstsq] matrix 1 of the batch has a rank below 2",
                    linalg::lstsq(stack({eye(3, 2), x}), ones({3, 1})));
  CHECK_THROWS_TEXT(ValueError,
                    "[linalg.lstsq] a right-hand side of shape (2, 1) does not fit matrices of shape (3, 2)",
                    linalg::lstsq(x, ones({2, 1})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.lstsq] the l2_regularizer must not be negative: received -1",
                    linalg::lstsq(x, ones({3, 1}), {.l2_regularizer = -1}));
  CHECK_THROWS_TEXT(TypeError, "[linalg.lstsq] dtypes differ: float32 and float64",
                    linalg::lstsq(x, ones({3, 1}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[linalg.matrix_norm] the norm must be \"fro\", \"nuc\" or a number: received \"max\"",
                    linalg::matrix_norm(x, "max"));
  CHECK_THROWS_TEXT(ValueError,
                    "[linalg.matrix_norm] the norm must be 1, 2 or infinity, or the negative of one: received 3",
                    linalg::matrix_norm(x, 3));
  CHECK_THROWS_TEXT(ValueError, "[linalg.matrix_norm] expected matrices", linalg::matrix_norm(ones({3})));
}
