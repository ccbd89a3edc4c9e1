#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/philox.hpp"
#include "kernels/special.hpp"
#include "ops/elementwise.hpp"
#include "ops/in_float32.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/random.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/tape/record.hpp"

// Distributions whose numbers take any number of uniform ones: each element has a sequence of its own, whose key is a
// number of the generator.
namespace xtape::random {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

class Sequence {
 public:
  explicit Sequence(std::int64_t key) : at_{static_cast<std::uint64_t>(key), 0} {}
  /// In (0, 1).
  double uniform() {
    const std::uint64_t word = kernels::random_word(at_);
    ++at_.block;
    return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
  }
  double normal() {  // Box and Muller
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  kernels::PhiloxRange at_;
};

/// Elements f(sequence, a, b), as float64; a and b are float64 and have the shape, or one element.
template <class F>
Tensor drawn(const Shape& shape, const Tensor& a, const Tensor& b, Generator& generator, const F& f) {
  const Tensor keys = generator.uniform(shape, -0x1p63, 0x1p63, int64);
  Tensor y = detail::make_tensor(shape, float64);
  launch(
      [f](Read keys, Read a, Read b, Write y) {
        const std::int64_t step_a = a.size() == 1 ? 0 : 1, step_b = b.size() == 1 ? 0 : 1;
        constexpr std::int64_t grain = 256;
        kernels::parallel_for(y.size(), grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            Sequence sequence(keys.data<std::int64_t>()[i]);
            y.data<double>()[i] = f(sequence, a.data<double>()[i * step_a], b.data<double>()[i * step_b]);
          }
        });
      },
      keys, a, b, y);
  return y;
}

/// Throws unless `is_good` holds for all parameters.
template <class Good>
void check(const char* op, const char* expected, const Tensor& parameters, const Good& is_good) {
  launch(
      LaunchKind::throws,
      [op, expected, is_good](Read parameters) {
        const double* p = parameters.data<double>();
        for (std::int64_t i = 0; i < parameters.size(); ++i) {
          if (!is_good(p[i])) fail<ValueError>(op, "expected {}, received {} at position {}", expected, p[i], i);
        }
      },
      parameters);
}

/// Marsaglia and Tsang (2000).
double one_gamma(Sequence& sequence, double alpha) {
  if (alpha < 1) {
    const double more = one_gamma(sequence, alpha + 1);
    return std::exp(std::log(more) + std::log(sequence.uniform()) / alpha);
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = sequence.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(sequence.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

/// dz/dalpha where the distribution function stays the same. With P = z^a e^-z / Gamma(a + 1) S and S = sum over k of
/// z^k / ((a + 1) ... (a + k)) it is -z / a ((log z - digamma(a + 1)) S + dS/da).
double gamma_slope(double alpha, double z) {
  if (!(z > 0)) return 0;
  constexpr double many = 1e6;  // from there on the normal approximation is exact to float32
  if (alpha > many) return 1 + (z - alpha) / (2 * alpha);
  double sum = 1, derivative = 0, term = 1, harmonic = 0;
  for (double k = 1; k <= z - alpha || term * (1 + harmonic) > 1e-18 * sum; ++k) {
    term *= z / (alpha + k);
    harmonic += 1 / (alpha + k);
    sum += term;
    derivative -= term * harmonic;
  }
  return -z / alpha * ((std::log(z) - kernels::polygamma(0, alpha + 1)) * sum + derivative);
}

bool is_shape(double alpha) { return alpha > 0 && std::isfinite(alpha); }

/// Never 0: quotients of tiny numbers would be NaN.
Tensor gammas(const Shape& shape, const Tensor& alpha, DType dtype, Generator& generator) {
  const double least =
      dtype == float64 ? std::numeric_limits<double>::min() : static_cast<double>(std::numeric_limits<float>::min());
  return drawn(shape, alpha, alpha, generator,
               [least](Sequence& sequence, double a, double) { return std::max(one_gamma(sequence, a), least); });
}

/// Hoermann's PTRS (1993); for small rates by the number of uniform numbers whose product stays above e^-rate.
double one_poisson(Sequence& sequence, double rate) {
  constexpr double small = 10;
  if (rate < small) {
    const double limit = std::exp(-rate);
    double count = 0;
    for (double product = sequence.uniform(); product > limit; product *= sequence.uniform()) ++count;
    return count;
  }
  const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = sequence.uniform() - 0.5, v = sequence.uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v * inverse_alpha / (a / (us * us) + b)) <= k * std::log(rate) - rate - kernels::lgamma(k + 1))
      return k;
  }
}

/// Hoermann's BTRS (1993); for few successes by the numbers of trials up to each.
double one_binomial(Sequence& sequence, double n, double p) {
  if (p > 0.5) return n - one_binomial(sequence, n, 1 - p);
  if (p == 0 || n == 0) return 0;
  constexpr double few = 10;
  if (n * p < few) {
    double count = 0;
    for (double trials = 0;; ++count) {
      trials += std::ceil(std::log(sequence.uniform()) / std::log1p(-p));
      if (trials > n) return count;
    }
  }
  const double deviation = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p, c = n * p + 0.5, v_r = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * deviation, log_odds = std::log(p / (1 - p)), m = std::floor((n + 1) * p);
  const double h = kernels::lgamma(m + 1) + kernels::lgamma(n - m + 1);
  for (;;) {
    const double u = sequence.uniform() - 0.5, v = sequence.uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || k > n) continue;
    const double bound = h - kernels::lgamma(k + 1) - kernels::lgamma(n - k + 1) + (k - m) * log_odds;
    if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}

constexpr double most = 1e9;  // beyond it log Gamma is not exact enough
bool is_rate(double rate) { return rate >= 0 && rate <= most; }
bool is_count(double n) { return n >= 0 && n <= most && n == std::floor(n); }
bool is_probability(double p) { return p >= 0 && p <= 1; }
constexpr const char *rates = "rates from 0 to 10^9", *trials = "whole numbers of trials from 0 to 10^9",
                     *probabilities = "probabilities from 0 to 1", *shapes = "finite numbers above 0";

Tensor scalar(double value) { return cast(value, float64); }

Tensor poissons(const Shape& shape, const Tensor& rate, DType dtype, Generator& generator) {
  check("random.poisson", rates, rate, is_rate);
  const Tensor y = drawn(shape, rate, rate, generator,
                         [](Sequence& sequence, double r, double) { return one_poisson(sequence, r); });
  return detail::convert(y, dtype);
}

Tensor binomials(const Shape& shape, const Tensor& n, const Tensor& p, DType dtype, Generator& generator) {
  check("random.binomial", trials, n, is_count);
  check("random.binomial", probabilities, p, is_probability);
  const Tensor y = drawn(shape, n, p, generator, [](Sequence& sequence, double count, double chance) {
    return one_binomial(sequence, count, chance);
  });
  return detail::convert(y, dtype);
}

void check_counts(const char* op, DType dtype) { detail::expect_numeric(op, dtype); }

}  // namespace

Tensor exponential(const Shape& shape, double scale, DType dtype, Generator& generator) {
  detail::expect_floating("random.exponential", dtype, "a floating dtype");
  if (!(scale >= 0) || !std::isfinite(scale)) {
    fail<ValueError>("random.exponential", "expected a finite scale of at least 0, received {}", scale);
  }
  return cast(log1p(-generator.uniform(shape, 0, 1, float64)) * -scale, dtype);
}

Tensor gamma(const Shape& shape, double alpha, DType dtype, Generator& generator) {
  detail::expect_floating("random.gamma", dtype, "a floating dtype");
  const Tensor wide = scalar(alpha);
  check("random.gamma", shapes, wide, is_shape);
  return detail::convert(gammas(shape, wide, dtype, generator), dtype);
}

Tensor gamma(const Tensor& alpha, Generator& generator) {
  XTAPE_NOTE(random::gamma, alpha, generator);
  const DType dtype = alpha.dtype();
  detail::expect_floating("random.gamma", dtype);
  const Tensor wide = detail::convert(alpha, float64);
  check("random.gamma", shapes, wide, is_shape);
  const Tensor z = gammas(wide.shape(), wide, dtype, generator);
  return record("gamma", {alpha}, detail::convert(z, dtype), [&] {
    Tensor slopes = detail::make_tensor(wide.shape(), float64);
    launch(
        [](Read alpha, Read z, Write slopes) {
          constexpr std::int64_t grain = 64;
          kernels::parallel_for(slopes.size(), grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
              slopes.data<double>()[i] = gamma_slope(alpha.data<double>()[i], z.data<double>()[i]);
            }
          });
        },
        wide, z, slopes);
    return [slopes = detail::convert(slopes, dtype)](const Tensor& dy) { return Grads{dy * slopes}; };
  });
}

Tensor beta(const Shape& shape, double alpha, double beta, DType dtype, Generator& generator) {
  detail::expect_floating("random.beta", dtype, "a floating dtype");
  const Tensor a = scalar(alpha), b = scalar(beta);
  for (const Tensor& parameter : {a, b}) check("random.beta", shapes, parameter, is_shape);
  const Tensor x = gammas(shape, a, float64, generator), y = gammas(shape, b, float64, generator);
  return detail::convert(x / (x + y), dtype);
}

Tensor beta(const Tensor& alpha, const Tensor& beta, Generator& generator) {
  XTAPE_NOTE(random::beta, alpha, beta, generator);
  const char* op = "random.beta";
  const DType dtype = detail::common_dtype(op, alpha, beta);
  detail::expect_floating(op, dtype);
  const Tensor a = detail::strong(alpha, dtype), b = detail::strong(beta, dtype);
  const Shape shape = detail::broadcast_shape(op, a.shape(), b.shape());
  for (const Tensor& parameter : {a, b}) check(op, shapes, detail::convert(parameter, float64), is_shape);
  const Tensor x = gamma(broadcast_to(detail::widened(a), shape), generator);
  const Tensor y = gamma(broadcast_to(detail::widened(b), shape), generator);
  return dtype == bfloat16 ? detail::narrowed(x / (x + y)) : x / (x + y);
}

Tensor poisson(const Shape& shape, double rate, DType dtype, Generator& generator) {
  check_counts("random.poisson", dtype);
  return poissons(shape, scalar(rate), dtype, generator);
}

Tensor poisson(const Tensor& rate, Generator& generator) {
  XTAPE_NOTE(random::poisson, rate, generator);
  detail::expect_floating("random.poisson", rate.dtype());
  return record_no_gradient("poisson", {rate},
                            poissons(rate.shape(), detail::convert(rate, float64), rate.dtype(), generator));
}

Tensor binomial(const Shape& shape, double n, double p, DType dtype, Generator& generator) {
  check_counts("random.binomial", dtype);
  return binomials(shape, scalar(n), scalar(p), dtype, generator);
}

Tensor binomial(const Tensor& n, const Tensor& p, Generator& generator) {
  XTAPE_NOTE(random::binomial, n, p, generator);
  const char* op = "random.binomial";
  const DType dtype = detail::common_dtype(op, n, p);
  detail::expect_floating(op, dtype);
  const Shape shape = detail::broadcast_shape(op, n.shape(), p.shape());
  const auto wide = [&](const Tensor& t) { return broadcast_to(detail::convert(stop_gradient(t), float64), shape); };
  return record_no_gradient("binomial", {n, p}, binomials(shape, wide(n), wide(p), dtype, generator));
}

Tensor choice(const Tensor& x, std::int64_t count, const ChoiceOptions& options, Generator& generator) {
  XTAPE_NOTE(random::choice, x, count, options, generator);
  const char* op = "random.choice";
  const std::int64_t n = x.rank() < 1 ? 0 : x.shape()[0];
  if (x.rank() < 1 || count < 0 || (n == 0 && count > 0) || (!options.replace && count > n)) {
    fail<ValueError>(op, "expected slices to choose from, and a count of at least 0 that they suffice for: {} and {}",
                     x.shape(), count);
  }
  if (!options.p.defined()) {
    if (!options.replace) return gather(x, slice_axis(generator.permutation(n), 0, 0, count));
    const auto end = static_cast<double>(std::max<std::int64_t>(n, 1));
    return gather(x, generator.uniform({count}, 0, end, int64));
  }
  detail::expect_floating(op, options.p.dtype(), "floating probabilities");
  if (options.p.shape() != Shape{n}) {
    fail<ValueError>(op, "expected {} probabilities, received shape {}", n, options.p.shape());
  }
  const Tensor p = detail::convert(stop_gradient(options.p), float64);
  const std::int64_t needed = options.replace ? std::min<std::int64_t>(count, 1) : count;
  launch(
      LaunchKind::throws,
      [op, needed](Read chances) {
        std::int64_t possible = 0;
        for (std::int64_t i = 0; i < chances.size(); ++i) {
          const double chance = chances.data<double>()[i];
          if (!(chance >= 0) || !std::isfinite(chance)) {
            fail<ValueError>(op, "expected finite probabilities of at least 0, received {} at position {}", chance, i);
          }
          possible += chance > 0 ? 1 : 0;
        }
        if (possible < needed) {
          fail<ValueError>(op, "expected at least {} probabilities above 0, received {}", needed, possible);
        }
      },
      p);
  if (options.replace) {
    if (count == 0) return gather(x, zeros({0}, int64));
    return gather(x, squeeze(categorical(expand_dims(log(p), 0), count, generator), 0));
  }
  // The largest of log p + Gumbel's numbers are a draw without replacement (Kool, van Hoof, Welling, 2019).
  const Tensor waiting = -log1p(-generator.uniform({n}, 0, 1, float64));
  return gather(x, top_k(log(p) - log(waiting), count).indices);
}

}  // namespace xtape::random
