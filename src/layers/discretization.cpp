#include "xtape/layers/discretization.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "layers/category_encoding.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::layers {

Discretization::Discretization(DiscretizationOptions options) : LayerBase(options), options_(std::move(options)) {
  detail::check_output_mode("Discretization", options_.output_mode, true);
  set_casts_inputs(false);
  const auto& boundaries = options_.bin_boundaries;
  if (boundaries.empty() != options_.num_bins.has_value()) {
    detail::fail<ValueError>("Discretization", "expected either bin_boundaries or num_bins, received {}",
                             boundaries.empty() ? "neither" : "both");
  }
  if (options_.num_bins.value_or(1) < 1) {
    detail::fail<ValueError>("Discretization", "expected a positive number of bins, received num_bins={}",
                             *options_.num_bins);
  }
  if (!std::is_sorted(boundaries.begin(), boundaries.end())) {
    detail::fail<ValueError>("Discretization", "expected bin_boundaries in ascending order");
  }
}

void Discretization::adapt(const Tensor& data) {
  if (!options_.num_bins) detail::fail<ValueError>("Discretization.adapt", "the layer was given bin_boundaries");
  if (data.size() == 0)
    detail::fail<ValueError>("Discretization.adapt", "expected data, received shape {}", data.shape());
  std::vector<double> values = cast(data, float64).to_vector<double>();
  std::sort(values.begin(), values.end());
  options_.bin_boundaries.clear();
  for (std::int64_t i = 1; i < *options_.num_bins; ++i) {
    const double place =
        static_cast<double>(i) / static_cast<double>(*options_.num_bins) * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place), above = std::min(below + 1, values.size() - 1);
    const double share = place - std::floor(place);
    options_.bin_boundaries.push_back(values[below] * (1 - share) + values[above] * share);
  }
}

Tensor Discretization::call(const Tensor& inputs) {
  const auto& boundaries = options_.bin_boundaries;
  if (boundaries.empty() && *options_.num_bins > 1) {
    detail::fail<ValueError>("Discretization", "the layer has no bins yet: call adapt() with data first");
  }
  const Tensor values = cast(inputs, float64);
  const Tensor ids = detail::make_tensor(inputs.shape(), int64);
  detail::launch(
      [boundaries](detail::Read numbers, detail::Write bins) {
        const auto* v = numbers.data<double>();
        auto* bin = bins.data<std::int64_t>();
        for (std::int64_t i = 0; i < bins.size(); ++i) {
          bin[i] = std::upper_bound(boundaries.begin(), boundaries.end(), v[i]) - boundaries.begin();
        }
      },
      values, ids);
  if (options_.output_mode == "int") return ids;
  return detail::encode_categories(ids, static_cast<std::int64_t>(boundaries.size()) + 1, options_.output_mode, {},
                                   compute_dtype());
}

}  // namespace xtape::layers
