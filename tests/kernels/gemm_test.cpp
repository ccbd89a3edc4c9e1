#include "kernels/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "xtape/base/threads.hpp"

namespace {

using xtape::kernels::gemm;
using xtape::kernels::gemm_bias_act;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Stored with `pad` extra columns of NaN, so that reading them shows.
template <class T>
struct Matrix {
  std::int64_t rows, columns, stride;
  std::vector<T> data;

  Matrix(std::int64_t r, std::int64_t c, std::int64_t pad = 0)
      : rows(r), columns(c), stride(c + pad), data(static_cast<std::size_t>(r * stride), T(not_a_number)) {}
  T& operator()(std::int64_t i, std::int64_t j) { return data[static_cast<std::size_t>(i * stride + j)]; }
  T operator()(std::int64_t i, std::int64_t j) const { return data[static_cast<std::size_t>(i * stride + j)]; }
};

template <class T>
Matrix<T> random_matrix(std::int64_t rows, std::int64_t columns, std::int64_t pad = 0) {
  static std::mt19937 generator(7);
  std::normal_distribution<T> normal;
  Matrix<T> result(rows, columns, pad);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) result(i, j) = normal(generator);
  }
  return result;
}

/// The largest |c - expected| in units of the rounding error of a sum of k products; NaN where one is NaN.
template <class T>
double worst_error(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, T beta,
                   std::int64_t pad) {
  const auto a = random_matrix<T>(ta ? k : m, ta ? m : k, pad);
  const auto b = random_matrix<T>(tb ? n : k, tb ? k : n, pad);
  auto c = random_matrix<T>(m, n, pad);
  const auto before = c;
  gemm(ta, tb, m, n, k, alpha, a.data.data(), a.stride, b.data.data(), b.stride, beta, c.data.data(), c.stride);
  double worst = 0;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      double size = 1;
      for (std::int64_t p = 0; p < k; ++p) {
        const double term = static_cast<double>(ta ? a(p, i) : a(i, p)) * static_cast<double>(tb ? b(j, p) : b(p, j));
        sum += term;
        size += std::abs(term);
      }
      const double expected =
          static_cast<double>(alpha) * sum + static_cast<double>(beta) * static_cast<double>(before(i, j));
      const double error = std::abs(static_cast<double>(c(i, j)) - expected);
      const double unit = std::numeric_limits<T>::epsilon() * size * (1 + std::abs(static_cast<double>(alpha)));
      if (!(error / unit <= worst)) worst = error / unit;
    }
    for (std::int64_t j = n; j < c.stride; ++j) REQUIRE(std::isnan(c(i, j)));
  }
  return worst;
}

struct ThreadsGuard {
  int before = xtape::num_threads();
  ~ThreadsGuard() { xtape::set_num_threads(before); }
};

}  // namespace

TEST_CASE_TEMPLATE("gemm: every shape up to a few tiles, all transposes", T, float, double) {
  for (std::int64_t m : {1, 2, 3, 5, 8, 11, 16, 19}) {
    for (std::int64_t n : {1, 2, 7, 8, 10, 16, 17, 33, 48, 63, 65, 100}) {
      for (std::int64_t k : {1, 2, 3, 4, 7, 16, 21}) {
        for (int flags = 0; flags < 4; ++flags) {
          CAPTURE(m);
          CAPTURE(n);
          CAPTURE(k);
          CAPTURE(flags);
          REQUIRE(worst_error<T>(flags & 1, flags & 2, m, n, k, T(1), T(0), 0) < 4);
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("gemm: alpha, beta and rows that lie apart", T, float, double) {
  for (int flags = 0; flags < 4; ++flags) {
    CAPTURE(flags);
    CHECK(worst_error<T>(flags & 1, flags & 2, 13, 29, 300, T(-0.5), T(2), 3) < 8);
    CHECK(worst_error<T>(flags & 1, flags & 2, 150, 37, 600, T(3), T(1), 5) < 8);
  }
}

TEST_CASE_TEMPLATE("gemm: products large enough for several threads", T, float, double) {
  const ThreadsGuard guard;
  for (int threads : {1, 2, 3, 8}) {
    xtape::set_num_threads(threads);
    for (int flags = 0; flags < 4; ++flags) {
      CAPTURE(threads);
      CAPTURE(flags);
      CHECK(worst_error<T>(flags & 1, flags & 2, 50, 100, 784, T(1), T(0), 0) < 8);
      CHECK(worst_error<T>(flags & 1, flags & 2, 200, 10, 700, T(1), T(0), 0) < 8);
      CHECK(worst_error<T>(flags & 1, flags & 2, 3, 400, 900, T(1), T(0), 0) < 8);
    }
  }
}

TEST_CASE_TEMPLATE("gemm: very large products agree with a product by a vector", T, float, double) {
  const std::int64_t m = 790, n = 800, k = 810;
  const ThreadsGuard guard;
  for (int flags = 0; flags < 4; ++flags) {
    for (int threads : {1, 2}) {
      CAPTURE(flags);
      CAPTURE(threads);
      xtape::set_num_threads(threads);
      const bool ta = flags & 1;
      const bool tb = flags & 2;
      const auto a = random_matrix<T>(ta ? k : m, ta ? m : k);
      const auto b = random_matrix<T>(tb ? n : k, tb ? k : n);
      Matrix<T> c(m, n);
      gemm_bias_act(ta, tb, m, n, k, a.data.data(), a.stride, b.data.data(), b.stride, static_cast<const T*>(nullptr),
                    false, c.data.data(), c.stride);
      std::vector<double> bv(k), abv(m);
      for (std::int64_t p = 0; p < k; ++p) {
        for (std::int64_t j = 0; j < n; ++j) bv[p] += double(tb ? b(j, p) : b(p, j)) * double(j % 3 - 1);
      }
      double worst = 0;
      for (std::int64_t i = 0; i < m; ++i) {
        double expected = 0, sum = 0;
        for (std::int64_t p = 0; p < k; ++p) expected += double(ta ? a(p, i) : a(i, p)) * bv[p];
        for (std::int64_t j = 0; j < n; ++j) sum += double(c(i, j)) * double(j % 3 - 1);
        if (!(std::abs(sum - expected) <= worst)) worst = std::abs(sum - expected);
      }
      CHECK(worst < std::numeric_limits<T>::epsilon() * 1e5);
    }
  }
}

TEST_CASE_TEMPLATE("gemm: the number of threads does not change a bit, nor does another run", T, float, double) {
#if defined(__AVX512F__) || defined(__FMA__) || defined(__aarch64__)
  const std::vector<int> counts = {1, 2, 2, 3, 4, 7};
#else
  const std::vector<int> counts = {2, 2, 2};  // a library's work here
#endif
  const ThreadsGuard guard;
  const std::int64_t k = 517;
  for (int variant = 0; variant < 16; ++variant) {
    const bool ta = variant & 1;
    const bool tb = variant & 2;
    const std::int64_t m = variant & 4 ? 200 : 61;
    const std::int64_t n = variant & 8 ? 128 : 123;
    const auto a = random_matrix<T>(ta ? k : m, ta ? m : k);
    const auto b = random_matrix<T>(tb ? n : k, tb ? k : n);
    std::vector<std::vector<T>> results;
    for (int threads : counts) {
      CAPTURE(variant);
      CAPTURE(threads);
      xtape::set_num_threads(threads);
      Matrix<T> c(m, n);
      gemm(ta, tb, m, n, k, T(1), a.data.data(), a.stride, b.data.data(), b.stride, T(0), c.data.data(), c.stride);
      results.push_back(c.data);
      CHECK(results.back() == results.front());
    }
  }
}

TEST_CASE_TEMPLATE("gemm: empty sums give zeros, empty results nothing", T, float, double) {
  std::vector<T> c(6, T(not_a_number));
  const T* const none = nullptr;
  gemm(false, false, 2, 3, 0, T(1), none, 0, none, 3, T(0), c.data(), 3);
  CHECK(c == std::vector<T>(6, T(0)));
  c.assign(6, T(5));
  gemm(false, true, 2, 3, 0, T(1), none, 0, none, 0, T(2), c.data(), 3);
  CHECK(c == std::vector<T>(6, T(10)));
  gemm(false, false, 0, 3, 2, T(1), none, 2, none, 3, T(0), c.data(), 3);
  gemm(false, false, 2, 0, 2, T(1), none, 2, none, 0, T(0), c.data(), 0);
  CHECK(c == std::vector<T>(6, T(10)));
  const std::vector<T> bias = {T(1), T(-2), T(3)};
  gemm_bias_act(false, false, 2, 3, 0, none, 0, none, 3, bias.data(), true, c.data(), 3);
  CHECK(c == std::vector<T>{T(1), T(0), T(3), T(1), T(0), T(3)});
}

TEST_CASE_TEMPLATE("gemm: NaN and infinity propagate, and beta == 0 forgets what was in c", T, float, double) {
  const T inf = std::numeric_limits<T>::infinity();
  for (std::int64_t size : {2, 40, 800}) {  // by tiles, and by a library
    CAPTURE(size);
    auto a = Matrix<T>(size, size);
    auto b = a;
    for (auto& x : a.data) x = T(1);
    for (auto& x : b.data) x = T(0);
    auto c = Matrix<T>(size, size);  // all NaN
    const auto run = [&](T beta) {
      gemm(false, false, size, size, size, T(1), a.data.data(), size, b.data.data(), size, beta, c.data.data(), size);
    };
    run(T(0));
    CHECK(c.data == std::vector<T>(static_cast<std::size_t>(size * size), T(0)));
    a(1, 0) = T(not_a_number);  // NaN * 0
    run(T(0));
    CHECK(c(0, size - 1) == T(0));
    CHECK(std::isnan(c(1, 0)));
    CHECK(std::isnan(c(1, size - 1)));
    a(1, 0) = inf;  // infinity * 0
    run(T(0));
    CHECK(std::isnan(c(1, size - 1)));
    b(0, 0) = T(2);
    run(T(0));
    CHECK(c(1, 0) == inf);
    CHECK(c(0, 0) == T(2));
    a(1, 0) = T(1);
    c(0, 1) = T(not_a_number);
    run(T(1));
    CHECK(std::isnan(c(0, 1)));
  }
}

TEST_CASE_TEMPLATE("gemm_bias_act: bias and relu after the product", T, float, double) {
  for (std::int64_t n : {1, 10, 100}) {
    for (std::int64_t k : {3, 784}) {
      const std::int64_t m = 21;
      const auto a = random_matrix<T>(m, k);
      const auto b = random_matrix<T>(k, n);
      const auto bias = random_matrix<T>(1, n);
      Matrix<T> plain(m, n), fused(m, n), positive(m, n), only_relu(m, n);
      gemm(false, false, m, n, k, T(1), a.data.data(), k, b.data.data(), n, T(0), plain.data.data(), n);
      const auto run = [&](const T* with_bias, bool relu, Matrix<T>& c) {
        gemm_bias_act(false, false, m, n, k, a.data.data(), k, b.data.data(), n, with_bias, relu, c.data.data(), n);
      };
      run(bias.data.data(), false, fused);
      run(bias.data.data(), true, positive);
      run(nullptr, true, only_relu);
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          CAPTURE(i);
          CAPTURE(j);
          REQUIRE(fused(i, j) == plain(i, j) + bias(0, j));
          REQUIRE(positive(i, j) == std::max(T(0), plain(i, j) + bias(0, j)));
          REQUIRE(only_relu(i, j) == std::max(T(0), plain(i, j)));
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("gemm_bias_act: relu keeps a NaN", T, float, double) {
  for (std::int64_t size : {3, 20, 800}) {
    CAPTURE(size);
    auto a = random_matrix<T>(size, size);
    a(0, 1) = T(not_a_number);
    const auto b = random_matrix<T>(size, size);
    const auto bias = random_matrix<T>(1, size);
    Matrix<T> c(size, size);
    gemm_bias_act(false, false, size, size, size, a.data.data(), size, b.data.data(), size, bias.data.data(), true,
                  c.data.data(), size);
    CHECK(std::isnan(c(0, 0)));
    CHECK(std::isnan(c(0, size - 1)));
    CHECK(c(1, 0) >= T(0));
  }
}

TEST_CASE_TEMPLATE("gemm: any number of threads may call at once", T, float, double) {
  const std::int64_t m = 64, n = 96, k = 320;
  const auto a = random_matrix<T>(m, k);
  const auto b = random_matrix<T>(n, k);
  Matrix<T> expected(m, n);
  gemm(false, true, m, n, k, T(1), a.data.data(), k, b.data.data(), k, T(0), expected.data.data(), n);
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  for (int& count : equal) {
    threads.emplace_back([&] {
      for (int run = 0; run < 20; ++run) {
        Matrix<T> c(m, n);
        gemm(false, true, m, n, k, T(1), a.data.data(), k, b.data.data(), k, T(0), c.data.data(), n);
        count += c.data == expected.data;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(equal == std::vector<int>(4, 20));
}
