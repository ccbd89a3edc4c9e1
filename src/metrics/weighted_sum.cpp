#include "metrics/weighted_sum.hpp"

#include <functional>
#include <numeric>

#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "losses/shapes.hpp"
#include "tape/accumulate.hpp"

namespace xtape::detail {
namespace {

double sum(const Tensor& t) {
  if (t.impl()->weak) return weak_value(t);
  double total = 0;
  kernels::visit(t.dtype(), [&]<class T>(kernels::Type<T>) {
    const T* v = host_read("Metric", t).data<T>();
    for (std::int64_t i = 0; i < t.size(); ++i) {
      if constexpr (std::is_same_v<T, BFloat16>) {
        total += static_cast<float>(v[i]);
      } else {
        total += static_cast<double>(v[i]);
      }
    }
  });
  return total;
}

}  // namespace

Tensor weights_for(const char* op, const Tensor& sample_weight, const Shape& values) {
  const Shape shape = weight_shape(op, sample_weight.shape(), values);
  const Tensor weights = convert(sample_weight, float64);
  return broadcast(weights.shape() == shape ? weights : make_view(weights, shape), values);
}

WeightedSum weighted_sum(const char* op, const Tensor& values, const Tensor& sample_weight) {
  if (!sample_weight.defined()) return {sum(values), static_cast<double>(values.size())};
  const Tensor wide = convert(values, float64), weights = weights_for(op, sample_weight, wide.shape());
  const auto v = wide.data<double>(), w = weights.data<double>();
  // What has no weight does not count, even if it is NaN.
  const auto weighted = [](double value, double weight) { return weight == 0 ? 0 : value * weight; };
  return {std::inner_product(v.begin(), v.end(), w.begin(), 0.0, std::plus<>(), weighted),
          std::accumulate(w.begin(), w.end(), 0.0)};
}

}  // namespace xtape::detail
