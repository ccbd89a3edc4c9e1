#include "xtape/layers/category_encoding.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "layers/category_encoding.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace detail {

void check_output_mode(const char* layer, const std::string& mode, bool with_int) {
  constexpr std::array modes = {"one_hot", "multi_hot", "count"};
  if ((with_int && mode == "int") || std::find(modes.begin(), modes.end(), mode) != modes.end()) return;
  fail<ValueError>(layer, "expected output_mode to be one of {}one_hot, multi_hot, count: received '{}'",
                   with_int ? "int, " : "", mode);
}

Tensor encode_categories(const Tensor& ids, std::int64_t depth, const std::string& mode, const Tensor& weights,
                         DType dtype) {
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

}  // namespace detail

namespace layers {

CategoryEncoding::CategoryEncoding(std::int64_t num_tokens, CategoryEncodingOptions options)
    : LayerBase(options, {{"num_tokens", num_tokens}}), num_tokens_(num_tokens), options_(std::move(options)) {
  if (num_tokens < 1) {
    detail::fail<ValueError>("CategoryEncoding", "expected a positive number of tokens, received num_tokens={}",
                             num_tokens);
  }
  detail::check_output_mode("CategoryEncoding", options_.output_mode, false);
  set_casts_inputs(false);
}

TensorList CategoryEncoding::call_list(const TensorList& inputs) {
  if (inputs.empty() || inputs.size() > 2 || (inputs.size() == 2 && options_.output_mode != "count")) {
    detail::fail<ValueError>("CategoryEncoding", "expected one input{}, received {}",
                             options_.output_mode == "count" ? " and its weights or none" : "", inputs.size());
  }
  const Tensor weights = inputs.size() > 1 ? inputs[1] : Tensor();
  if (weights.defined() && weights.shape() != inputs[0].shape()) {
    detail::fail<ValueError>("CategoryEncoding", "expected weights of shape {}, received {}", inputs[0].shape(),
                             weights.shape());
  }
  const Tensor ids = detail::whole_numbers("CategoryEncoding", "value", inputs[0]);
  detail::launch(
      detail::LaunchKind::throws,
      [limit = num_tokens_](detail::Read values) {
        const auto* id = values.data<std::int64_t>();
        for (std::int64_t i = 0; i < values.size(); ++i) {
          if (id[i] < 0 || id[i] >= limit) {
            detail::fail<ValueError>("CategoryEncoding", "expected values in [0, {}), received {}", limit, id[i]);
          }
        }
      },
      ids);
  return detail::encode_categories(ids, num_tokens_, options_.output_mode, weights, compute_dtype());
}

}  // namespace layers
}  // namespace xtape
