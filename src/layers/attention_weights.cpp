#include "layers/attention_weights.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

void check_dropout(const char* layer, double dropout) {
  if (!(dropout >= 0 && dropout < 1)) {
    fail<ValueError>(layer, "expected 0 <= dropout < 1, received dropout={}", dropout);
  }
}

Tensor attention_weights(const Tensor& scores, const Tensor& mask, bool causal) {
  Tensor allowed = mask;
  if (causal) {
    const Tensor earlier = tril(ones({scores.shape(-2), scores.shape(-1)}, boolean));
    allowed = allowed.defined() ? logical_and(allowed, earlier) : earlier;
  }
  if (!allowed.defined()) return nn::softmax(scores);
  // Finite, so that a row without keys gives finite numbers, which zeros then replace.
  constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
  return where(allowed, nn::softmax(where(allowed, scores, lowest)), 0);
}

namespace {

void check_sequence(const char* layer, const char* name, const Shape& shape) {
  if (shape.rank() != 3) {
    fail<ValueError>(layer, "expected the {} to be [batch, steps, features], received shape {}", name, shape);
  }
}

}  // namespace

void check_query_value_key(const char* layer, std::span<const Shape> shapes, const Shape& features) {
  if (shapes.size() < 2 || shapes.size() > 4) {
    fail<ValueError>(layer, "expected {{query, value[, key[, mask]]}}, received {} tensor(s)", shapes.size());
  }
  const Shape &query = shapes[0], &value = shapes[1], &key = shapes[shapes.size() > 2 ? 2 : 1];
  check_sequence(layer, "query", query);
  check_sequence(layer, "value", value);
  check_sequence(layer, "key", key);
  if (value[0] != query[0] || key[0] != query[0] || key[1] != value[1]) {
    fail<ValueError>(layer,
                     "expected as many keys as values, in batches of one size: received query {}, value {}, key {}",
                     query, value, key);
  }
  if (features.rank() != 0 && Shape{query[2], value[2], key[2]} != features) {
    fail<ValueError>(layer, "expected queries, values and keys of {} features, received {}, {} and {}", features, query,
                     value, key);
  }
}

Tensor mask_of_scores(const char* layer, const TensorList& inputs) {
  Tensor all = inputs.size() > 3 ? inputs[3] : Tensor();
  if (all.defined() && all.dtype() != boolean) fail<TypeError>(layer, "expected a bool mask, received {}", all.dtype());
  if (all.defined() && all.rank() == 3) all = expand_dims(all, 1);
  constexpr std::array names = {"query", "value", "key"};
  const Tensor of_values = get_mask(inputs[1]);
  for (std::size_t i = 0; i < std::min(inputs.size(), names.size()); ++i) {
    const Tensor carried = get_mask(inputs[i]);
    if (!carried.defined() || (i == 2 && carried.is_same(of_values))) continue;
    const Shape &x = inputs[i].shape(), steps{x[0], x[1]};
    if (carried.shape() != steps) {
      fail<ValueError>(layer, "expected the {}'s mask to be of shape {}, received {}", names[i], steps,
                       carried.shape());
    }
    const Tensor part = reshape(carried, i == 0 ? Shape{x[0], 1, x[1], 1} : Shape{x[0], 1, 1, x[1]});
    all = all.defined() ? logical_and(all, part) : part;
  }
  return all;
}

Tensor project_to_heads(const Tensor& x, const Tensor& kernel, const Tensor& bias) {
  const Shape& shape = kernel.shape();
  const std::int64_t width = shape[1] * shape[2];
  const Tensor y = linear(x, reshape(kernel, {shape[0], width}), bias.defined() ? reshape(bias, {width}) : Tensor());
  return reshape(y, {x.shape()[0], x.shape()[1], shape[1], shape[2]});
}

Tensor project_from_heads(const Tensor& x, const Tensor& kernel, const Tensor& bias) {
  const Shape& shape = kernel.shape();
  const std::int64_t width = shape[0] * shape[1];
  return linear(reshape(x, {x.shape()[0], x.shape()[1], width}), reshape(kernel, {width, shape[2]}), bias);
}

}  // namespace xtape::detail
