#include "integrate/combination.hpp"

#include <algorithm>
#include <vector>

#include "core/launch.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::integrate {
namespace {

/// Block by block, so that the sum stays in the cache.
template <class T>
void sum_up(const detail::Reads& xs, const std::vector<double>& factors, T* y, std::int64_t size) {
  constexpr std::int64_t block = 1024;
  for (std::int64_t begin = 0; begin < size; begin += block) {
    const std::int64_t end = std::min(size, begin + block);
    for (std::size_t term = 0; term < factors.size(); ++term) {
      const T* x = xs[term].data<T>();
      const T factor = static_cast<T>(factors[term]);
      if (term == 0) {
        for (std::int64_t i = begin; i < end; ++i) y[i] = factor * x[i];
      } else {
        for (std::int64_t i = begin; i < end; ++i) y[i] += factor * x[i];
      }
    }
  }
}

}  // namespace

Tensor combination(std::span<const Tensor> xs, std::span<const double> factors) {
  std::vector<Tensor> terms;
  std::vector<double> weights;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (factors[i] == 0) continue;
    terms.push_back(xs[i]);
    weights.push_back(factors[i]);
  }
  Tensor y = detail::make_like(xs[0], xs[0].dtype(), "odeint");
  std::vector<const Tensor*> operands;
  for (const auto& term : terms) operands.push_back(&term);
  operands.push_back(&y);
  detail::launch_list(
      [weights](const detail::Reads& from, const detail::Writes& to) {
        const detail::Write sum = to[0];
        if (sum.dtype() == float64) {
          sum_up(from, weights, sum.data<double>(), sum.size());
        } else {
          sum_up(from, weights, sum.data<float>(), sum.size());
        }
      },
      operands, 1);
  return record_elementwise("odeint", terms, y, [&] {
    return [weights](const Tensor& dy, Needs need) {
      Grads gradients;
      for (std::size_t i = 0; i < weights.size(); ++i) gradients.push_back(need[i] ? dy * weights[i] : Tensor());
      return gradients;
    };
  });
}

}  // namespace xtape::integrate
