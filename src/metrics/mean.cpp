#include "xtape/metrics/mean.hpp"

#include <numeric>

#include "core/convert.hpp"
#include "losses/shapes.hpp"
#include "tape/accumulate.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::metrics {

void Mean::update_state(const Tensor& values, const Tensor& sample_weight) {
  const detail::NoRecording unseen;
  const Tensor wide = detail::convert(values, float64);
  const auto v = wide.data<double>();
  const std::int64_t samples = wide.rank() == 0 ? 1 : wide.shape()[0];
  if (samples == 0) return;
  const auto per_sample = static_cast<double>(wide.size() / samples);
  if (!sample_weight.defined()) {
    total_ += std::accumulate(v.begin(), v.end(), 0.0) / per_sample;
    count_ += static_cast<double>(samples);
    return;
  }
  const Shape shape = detail::weight_shape(name().c_str(), sample_weight.shape(), wide.shape());
  const Tensor narrow = detail::make_view(detail::convert(sample_weight, float64), shape);
  const Tensor weights = detail::broadcast(narrow, wide.shape());
  const auto w = weights.data<double>();
  total_ += std::inner_product(v.begin(), v.end(), w.begin(), 0.0) / per_sample;
  count_ += std::accumulate(w.begin(), w.end(), 0.0) / per_sample;
}

void Mean::reset_state() { total_ = count_ = 0; }

double Mean::result() const { return count_ == 0 ? 0 : total_ / count_; }

}  // namespace xtape::metrics
