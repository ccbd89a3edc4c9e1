#include "xtape/ops/random.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/parallel.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::random {
namespace {

using detail::fail;
using detail::launch;
using detail::LaunchKind;
using detail::Read;
using detail::Write;

/// Whether uniform float64 numbers in [0, 1) are below the probabilities; exact for probabilities 0 and 1.
Tensor draw(const Shape& shape, const Tensor& p, DType dtype, Generator& generator) {
  return detail::convert(less(generator.uniform(shape, 0, 1, float64), p), dtype);
}

/// For each row of logits x [batch, classes], chooses one class for each of the uniform numbers u [batch, count] in [0,
/// 1).
void choose(std::int64_t batch, std::int64_t classes, std::int64_t count, const double* x, const double* u,
            std::int64_t* out) {
  const std::int64_t grain =
      std::max<std::int64_t>(1, kernels::elementwise_grain / 16 / std::max<std::int64_t>({1, classes, count}));
  kernels::parallel_rows(batch, grain, [&](std::int64_t begin, std::int64_t end) {
    detail::PoolVector<double> sums(static_cast<std::size_t>(classes));
    for (std::int64_t r = begin; r < end; ++r) {
      const double* row = x + r * classes;
      const double largest = *std::max_element(row, row + classes);
      double total = 0;
      std::int64_t last = 0;  // the last class with a positive probability
      for (std::int64_t i = 0; i < classes; ++i) {
        const double e = std::exp(row[i] - largest);
        if (e > 0) last = i;
        sums[static_cast<std::size_t>(i)] = total += e;
      }
      for (std::int64_t i = r * count; i < (r + 1) * count; ++i) {
        out[i] = std::min(last, std::upper_bound(sums.begin(), sums.end(), u[i] * total) - sums.begin());
      }
    }
  });
}

}  // namespace

Tensor bernoulli(const Shape& shape, double p, DType dtype, Generator& generator) {
  if (!(p >= 0 && p <= 1)) fail<ValueError>("random.bernoulli", "expected 0 <= p <= 1, received {}", p);
  return draw(shape, p, dtype, generator);
}

Tensor bernoulli(const Tensor& probabilities, Generator& generator) {
  XTAPE_NOTE(random::bernoulli, probabilities, generator);
  const DType dtype = probabilities.dtype();
  detail::expect_floating("random.bernoulli", dtype);
  const Tensor wide = detail::convert(probabilities, float64);
  launch(
      LaunchKind::throws,
      [](Read chances) {
        const double* p = chances.data<double>();
        for (std::int64_t i = 0; i < chances.size(); ++i) {
          if (!(p[i] >= 0 && p[i] <= 1)) {
            fail<ValueError>("random.bernoulli", "expected probabilities from 0 to 1, received {} at position {}", p[i],
                             i);
          }
        }
      },
      wide);
  return record_no_gradient("bernoulli", {probabilities}, draw(wide.shape(), wide, dtype, generator));
}

Tensor categorical(const Tensor& logits, std::int64_t count, Generator& generator) {
  XTAPE_NOTE(random::categorical, logits, count, generator);
  const char* op = "random.categorical";
  detail::expect_floating(op, logits.dtype(), "floating logits");
  if (logits.rank() != 2 || count < 0 || (logits.shape()[1] == 0 && logits.shape()[0] > 0 && count > 0)) {
    fail<ValueError>(op, "expected logits [batch, classes] and a count of 0 or more: {} and {}", logits.shape(), count);
  }
  const std::int64_t batch = logits.shape()[0], classes = logits.shape()[1];
  const Tensor wide = detail::convert(logits, float64);
  launch(
      LaunchKind::throws,
      [op, batch, classes](Read logits) {
        const double* x = logits.data<double>();
        for (std::int64_t r = 0; r < batch && classes > 0; ++r) {
          double largest = x[r * classes];
          for (std::int64_t i = 0; i < classes; ++i) {
            if (!(x[r * classes + i] <= largest)) largest = x[r * classes + i];  // NaN stays
            if (std::isnan(largest)) break;
          }
          if (!std::isfinite(largest)) fail<ValueError>(op, "the largest logit of row {} is {}", r, largest);
        }
      },
      wide);
  const Tensor chances = generator.uniform({batch, count}, 0, 1, float64);
  Tensor y = detail::make_tensor({batch, count}, int64);
  launch(
      [batch, classes, count](Read logits, Read chances, Write chosen) {
        choose(batch, classes, count, logits.data<double>(), chances.data<double>(), chosen.data<std::int64_t>());
      },
      wide, chances, y);
  return record_no_gradient("categorical", {logits}, std::move(y));
}

Tensor shuffle(const Tensor& x, Generator& generator) {
  XTAPE_NOTE(random::shuffle, x, generator);
  if (x.rank() < 1) fail<ValueError>("random.shuffle", "expected a tensor of rank 1 or more, received a scalar");
  return gather(x, generator.permutation(x.shape()[0]));
}

}  // namespace xtape::random
