#include "xtape/ops/attention.hpp"

#include <cmath>
#include <limits>

#include "core/check.hpp"
#include "ops/elementwise.hpp"
#include "tape/accumulate.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace {

using detail::fail;

constexpr const char* op = "scaled_dot_product_attention";

void check_operands(const Tensor& q, const Tensor& k, const Tensor& v) {
  if (!is_floating(q.dtype())) fail<TypeError>(op, "expected floating tensors, received {}", q.dtype());
  if (k.dtype() != q.dtype() || v.dtype() != q.dtype()) {
    fail<TypeError>(op, "dtypes differ: queries {}, keys {}, values {}", q.dtype(), k.dtype(), v.dtype());
  }
  const auto &a = q.shape(), &b = k.shape(), &c = v.shape();
  if (a.rank() < 2 || b.rank() < 2 || c.rank() < 2 || a.at(-1) != b.at(-1) || b.at(-2) != c.at(-2)) {
    fail<ValueError>(
        op, "expected queries [..., T, d], keys [..., S, d] and values [..., S, e]: received {}, {} and {}", a, b, c);
  }
}

/// [T, S], true at and below the diagonal.
Tensor causal_mask(std::int64_t queries, std::int64_t keys) {
  Tensor mask = detail::make_tensor({queries, keys}, boolean);
  bool* to = detail::mutable_data<bool>(mask);
  for (std::int64_t i = 0; i < queries; ++i) {
    for (std::int64_t j = 0; j < keys; ++j) *to++ = j <= i;
  }
  return mask;
}

/// Whether there is a query that may attend to no key.
bool any_row_empty(const Tensor& allowed) {
  const Tensor rows = allowed.rank() == 0 ? reshape(allowed, {1}) : allowed;
  return !reduce_all(reduce_any(rows, -1)).item<bool>();
}

}  // namespace

Tensor nn::scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                        const AttentionOptions& options) {
  check_operands(q, k, v);
  const std::int64_t d = q.shape(-1);
  // Of the queries, which are fewer numbers than the scores.
  Tensor scores = matmul(q * options.scale.value_or(d == 0 ? 1.0 : 1 / std::sqrt(static_cast<double>(d))), k,
                         {.transpose_b = true});
  Tensor allowed = options.is_causal ? causal_mask(q.shape(-2), k.shape(-2)) : Tensor();
  if (options.mask) {
    const Tensor& mask = options.mask;
    if (!detail::broadcasts_to(mask.shape(), scores.shape())) {
      fail<ValueError>(op, "expected a mask that broadcasts to the scores of shape {}: received {}", scores.shape(),
                       mask.shape());
    }
    if (mask.dtype() == boolean) {
      allowed = allowed ? logical_and(mask, allowed) : mask;
    } else if (mask.dtype() == q.dtype()) {
      scores = scores + mask;
    } else {
      fail<TypeError>(op, "expected a mask of dtype bool or {}, received {}", q.dtype(), mask.dtype());
    }
  }
  if (!allowed.defined()) return matmul(softmax(scores), v);
  // Finite, so that a row without keys and its gradients are numbers, to be replaced by zeros.
  scores = where(allowed, scores, -static_cast<double>(std::numeric_limits<float>::max()) / 2);
  Tensor weights = softmax(scores);
  if (any_row_empty(allowed)) weights = where(allowed, weights, 0);
  return matmul(weights, v);
}

}  // namespace xtape
