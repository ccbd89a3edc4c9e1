#include "xtape/layers/category_encoding.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::layers {
namespace {

using xtape::detail::fail;

/// Throws a ValueError unless the mode is known.
void check_mode(const char* layer, const std::string& mode, bool with_int) {
  constexpr std::array modes = {"one_hot", "multi_hot", "count"};
  if ((with_int && mode == "int") || std::find(modes.begin(), modes.end(), mode) != modes.end()) return;
  fail<ValueError>(layer, "expected output_mode to be one of {}one_hot, multi_hot, count: received '{}'",
                   with_int ? "int, " : "", mode);
}

/// `ids` are int64 and in range.
Tensor encode(const Tensor& ids, std::int64_t depth, const std::string& mode, const Tensor& weights, DType dtype) {
  if (mode == "one_hot") {
    return one_hot(ids.rank() > 1 && ids.shape().back() == 1 ? squeeze(ids, -1) : ids, depth, dtype);
  }
  const Tensor rows = ids.rank() == 0 ? reshape(ids, {1}) : ids;
  const Tensor each = one_hot(rows, depth, dtype);
  if (mode == "count") {
    const Tensor weighted =
        weights.defined() ? each * expand_dims(cast(reshape(weights, rows.shape()), dtype), -1) : each;
    return reduce_sum(weighted, -2);
  }
  return cast(reduce_any(each > 0, -2), dtype);
}

}  // namespace

CategoryEncoding::CategoryEncoding(std::int64_t num_tokens, CategoryEncodingOptions options)
    : LayerBase(options, {{"num_tokens", num_tokens}}), num_tokens_(num_tokens), options_(std::move(options)) {
  if (num_tokens < 1) {
    fail<ValueError>("CategoryEncoding", "expected a positive number of tokens, received num_tokens={}", num_tokens);
  }
  check_mode("CategoryEncoding", options_.output_mode, false);
  set_casts_inputs(false);
}

TensorList CategoryEncoding::call_list(const TensorList& inputs) {
  if (inputs.empty() || inputs.size() > 2 || (inputs.size() == 2 && options_.output_mode != "count")) {
    fail<ValueError>("CategoryEncoding", "expected one input{}, received {}",
                     options_.output_mode == "count" ? " and its weights or none" : "", inputs.size());
  }
  const Tensor weights = inputs.size() > 1 ? inputs[1] : Tensor();
  if (weights.defined() && weights.shape() != inputs[0].shape()) {
    fail<ValueError>("CategoryEncoding", "expected weights of shape {}, received {}", inputs[0].shape(),
                     weights.shape());
  }
  const Tensor ids = xtape::detail::whole_numbers("CategoryEncoding", "value", inputs[0]);
  xtape::detail::launch(
      xtape::detail::LaunchKind::throws,
      [limit = num_tokens_](xtape::detail::Read values) {
        const auto* id = values.data<std::int64_t>();
        for (std::int64_t i = 0; i < values.size(); ++i) {
          if (id[i] < 0 || id[i] >= limit) {
            fail<ValueError>("CategoryEncoding", "expected values in [0, {}), received {}", limit, id[i]);
          }
        }
      },
      ids);
  return encode(ids, num_tokens_, options_.output_mode, weights, compute_dtype());
}

Discretization::Discretization(DiscretizationOptions options) : LayerBase(options), options_(std::move(options)) {
  check_mode("Discretization", options_.output_mode, true);
  set_casts_inputs(false);
  const auto& boundaries = options_.bin_boundaries;
  if (boundaries.empty() != options_.num_bins.has_value()) {
    fail<ValueError>("Discretization", "expected either bin_boundaries or num_bins, received {}",
                     boundaries.empty() ? "neither" : "both");
  }
  if (options_.num_bins.value_or(1) < 1) {
    fail<ValueError>("Discretization", "expected a positive number of bins, received num_bins={}", *options_.num_bins);
  }
  if (!std::is_sorted(boundaries.begin(), boundaries.end())) {
    fail<ValueError>("Discretization", "expected bin_boundaries in ascending order");
  }
}

void Discretization::adapt(const Tensor& data) {
  if (!options_.num_bins) fail<ValueError>("Discretization.adapt", "the layer was given bin_boundaries");
  if (data.size() == 0) fail<ValueError>("Discretization.adapt", "expected data, received shape {}", data.shape());
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
    fail<ValueError>("Discretization", "the layer has no bins yet: call adapt() with data first");
  }
  const Tensor values = cast(inputs, float64);
  const Tensor ids = xtape::detail::make_tensor(inputs.shape(), int64);
  xtape::detail::launch(
      [boundaries](xtape::detail::Read numbers, xtape::detail::Write bins) {
        const auto* v = numbers.data<double>();
        auto* bin = bins.data<std::int64_t>();
        for (std::int64_t i = 0; i < bins.size(); ++i) {
          bin[i] = std::upper_bound(boundaries.begin(), boundaries.end(), v[i]) - boundaries.begin();
        }
      },
      values, ids);
  if (options_.output_mode == "int") return ids;
  return encode(ids, static_cast<std::int64_t>(boundaries.size()) + 1, options_.output_mode, {}, compute_dtype());
}

}  // namespace xtape::layers
