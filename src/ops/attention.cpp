#include "xtape/ops/attention.hpp"

#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/attention.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/strided.hpp"
#include "ops/elementwise.hpp"
#include "ops/forward_rules.hpp"
#include "ops/fused_gradient.hpp"
#include "ops/in_float32.hpp"
#include "tape/accumulate.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;

/// The maximum number of weights that are kept for the gradient; more are recomputed.
constexpr std::int64_t max_kept = std::int64_t{1} << 24;

/// A checked call without its operands, which are {q, k, v} and the additive mask, if there is one.
struct Call {
  const char* op;
  bool heads_inside;  ///< [batch, steps, heads, size] instead of [..., steps, size]
  Shape scores;
  double scale = 1;
  bool causal = false;
  Tensor allowed = {}, chances = {};
  double rate = 0;

  int steps() const { return heads_inside ? -3 : -2; }
};

void check_dtypes(const char* op, const Tensor& q, const Tensor& k, const Tensor& v) {
  detail::expect_floating(op, q.dtype(), "floating tensors");
  if (k.dtype() != q.dtype() || v.dtype() != q.dtype()) {
    fail<TypeError>(op, "dtypes differ: queries {}, keys {}, values {}, cast them to one dtype", q.dtype(), k.dtype(),
                    v.dtype());
  }
}

Shape leading(const Tensor& t) {
  return Shape(std::span<const std::int64_t>(t.shape().begin(), static_cast<std::size_t>(t.rank() - 2)));
}

Shape with_matrices(const Shape& leading, std::int64_t rows, std::int64_t columns) {
  detail::PoolVector<std::int64_t> sizes(leading.begin(), leading.end());
  sizes.insert(sizes.end(), {rows, columns});
  return Shape(sizes);
}

/// The formula in public ops, for gradients of higher order and for cases that the kernel does not take.
Tensor by_definition(const Call& c, const Tensors& in) {
  const auto heads_moved = [&c](const Tensor& x) { return c.heads_inside ? transpose(x, {0, 2, 1, 3}) : x; };
  const Tensor q = heads_moved(in[0]), k = heads_moved(in[1]), v = heads_moved(in[2]);
  Tensor scores = matmul(q * c.scale, k, {.transpose_b = true});  // scales q, which has fewer elements than the scores
  if (in.size() > 3) scores = scores + in[3];
  Tensor allowed = c.allowed;
  if (c.causal) {
    const Tensor earlier = tril(broadcast_to(cast(constant(true), boolean), {q.shape(-2), k.shape(-2)}));
    allowed = allowed.defined() ? logical_and(allowed, earlier) : earlier;
  }
  Tensor weights;
  if (allowed.defined()) {
    // Finite, so that a row without keys gives finite numbers and gradients, which zeros then replace.
    constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
    weights = where(allowed, nn::softmax(where(allowed, scores, lowest)), 0);
  } else {
    weights = nn::softmax(scores);
  }
  if (c.chances.defined()) weights = where(c.chances < c.rate, 0, weights * (1 / (1 - c.rate)));
  return heads_moved(matmul(weights, v));
}

/// A mask in the form that the kernels take: its last axis is as long as that of the scores.
struct Mask {
  Tensor values;
  detail::PoolVector<std::int64_t> at;
  std::int64_t row = 0;

  Mask(const Tensor& mask, const Shape& scores) {
    if (!mask.defined()) return;
    values = mask;
    if (mask.rank() == 0 || mask.shape().back() != scores.back()) {
      Shape shape = mask.rank() == 0 ? Shape{1} : mask.shape();
      shape[shape.rank() - 1] = scores.back();
      const detail::NoRecording inside;
      values = detail::broadcast(mask, shape);
    }
    const Shape strides = kernels::broadcast_strides(values.shape(), scores);
    row = strides.at(-2);
    std::int64_t products = 1;
    for (int axis = 0; axis < scores.rank() - 2; ++axis) products *= scores[axis];
    at.resize(static_cast<std::size_t>(products));
    for (std::int64_t i = 0; i < products; ++i) {
      std::int64_t rest = i, first = 0;
      for (int axis = scores.rank() - 3; axis >= 0; --axis) {
        first += rest % scores[axis] * strides[axis];
        rest /= scores[axis];
      }
      at[static_cast<std::size_t>(i)] = first;
    }
  }
};

/// The parameters of the kernels without the arrays.
struct Layout {
  std::int64_t batch = 1, heads, queries, keys, size, value_size;
  double scale, rate;
  bool causal;
  detail::PoolVector<std::int64_t> allowed_at, bias_at;
  std::int64_t allowed_row, bias_row;

  Layout(const Call& c, const Tensors& in, Mask& allowed, Mask& bias)
      : heads(c.heads_inside ? in[0].shape(2) : 1),
        queries(in[0].shape(c.steps())),
        keys(in[1].shape(c.steps())),
        size(in[0].shape(-1)),
        value_size(in[2].shape(-1)),
        scale(c.scale),
        rate(c.rate),
        causal(c.causal),
        allowed_at(std::move(allowed.at)),
        bias_at(std::move(bias.at)),
        allowed_row(allowed.row),
        bias_row(bias.row) {
    const int leading = c.heads_inside ? 1 : in[0].rank() - 2;
    for (int axis = 0; axis < leading; ++axis) batch *= in[0].shape()[axis];
  }

  template <class T>
  kernels::Attention<T> with(Read allowed, Read bias, Read chances) const {
    const auto rows = [this](std::int64_t steps, std::int64_t width) {
      return kernels::HeadRows{steps * heads * width, width, heads * width};
    };
    kernels::Attention<T> a{batch,
                            heads,
                            queries,
                            keys,
                            size,
                            value_size,
                            static_cast<T>(scale),
                            causal,
                            rows(queries, size),
                            rows(keys, size),
                            rows(keys, value_size),
                            rows(queries, value_size)};
    if (allowed.defined()) a.allowed = {allowed.data<bool>(), allowed_at.data(), allowed_row};
    if (bias.defined()) a.bias = {bias.data<T>(), bias_at.data(), bias_row};
    a.chances = chances.data<T>();
    a.rate = static_cast<T>(rate);
    return a;
  }
};

struct Rule {
  Call call;
  Tensors in;
  Tensor weights;  ///< empty if they are to be recomputed

  Grads operator()(const Tensor& dy, Needs need) const {
    return detail::fused_or_differentiated(
        [this](const Tensors& now) { return std::vector<Tensor>{by_definition(call, now)}; }, in, {&dy, 1},
        [&] { return fused(dy, need); });
  }

  Grads fused(const Tensor& dy, Needs need) const {
    const auto like = [](const Tensor& t) { return detail::make_tensor(t.shape(), t.dtype()); };
    const Tensor dq = like(in[0]), dk = like(in[1]), dv = like(in[2]);
    Tensor dscores;
    if (in.size() > 3 && need[3]) dscores = detail::make_tensor(call.scores, dy.dtype());
    Mask allowed(call.allowed, call.scores), bias(in.size() > 3 ? in[3] : Tensor(), call.scores);
    launch(
        [layout = Layout(call, in, allowed, bias)](Read q, Read k, Read v, Read allowed, Read bias, Read chances,
                                                   Read kept, Read dy, Write dq, Write dk, Write dv, Write dscores) {
          kernels::visit_floating(q.dtype(), [&]<class T>(kernels::Type<T>) {
            kernels::attention_grad(layout.with<T>(allowed, bias, chances), q.data<T>(), k.data<T>(), v.data<T>(),
                                    kept.data<T>(), dy.data<T>(), dq.data<T>(), dk.data<T>(), dv.data<T>(),
                                    dscores.data<T>());
          });
        },
        in[0], in[1], in[2], allowed.values, bias.values, call.chances, weights, dy, dq, dk, dv, dscores);
    Grads grads{dq, dk, dv};
    if (in.size() > 3) grads.push_back(dscores.defined() ? detail::sum_to(dscores, in[3].shape()) : Tensor());
    return grads;
  }
};

/// The fused op, for float32 or float64.
Tensor fused(const Call& c, const Tensors& in) {
  Shape shape = in[0].shape();
  shape[shape.rank() - 1] = in[2].shape(-1);
  Tensor y = detail::make_tensor(shape, in[0].dtype()), weights;
  const bool tracked = is_tracked(std::span<const Tensor>(in));
  if (tracked && c.scores.numel() <= max_kept) weights = detail::make_tensor(c.scores, y.dtype());
  Mask allowed(c.allowed, c.scores), bias(in.size() > 3 ? in[3] : Tensor(), c.scores);
  launch(
      [layout = Layout(c, in, allowed, bias)](Read q, Read k, Read v, Read allowed, Read bias, Read chances, Write y,
                                              Write weights) {
        kernels::visit_floating(q.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::attention(layout.with<T>(allowed, bias, chances), q.data<T>(), k.data<T>(), v.data<T>(), y.data<T>(),
                             weights.data<T>());
        });
      },
      in[0], in[1], in[2], allowed.values, bias.values, c.chances, y, weights);
  return record(
      c.op, std::span<const Tensor>(in), std::move(y),
      [&] {
        return Rule{c, in, weights};
      },
      [&](Tangents t) {
        return detail::tangents_by_ops([&](const Tensors& now) { return std::vector<Tensor>{by_definition(c, now)}; },
                                       in, t);
      });
}

/// The operands fit; `scores` is the shape of their scores.
Tensor attention(const char* op, bool heads_inside, const Tensor& q, const Tensor& k, const Tensor& v,
                 const Shape& scores, const nn::AttentionOptions& options) {
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    fail<ValueError>(op, "expected 0 <= dropout < 1, received dropout={}", options.dropout);
  }
  const std::int64_t size = q.shape(-1);
  const double scale = options.scale.value_or(size == 0 ? 1.0 : 1 / std::sqrt(static_cast<double>(size)));
  Call call{.op = op, .heads_inside = heads_inside, .scores = scores, .scale = scale, .causal = options.is_causal};
  Tensors in{q, k, v};
  if (const Tensor& mask = options.mask; mask.defined()) {
    if (!detail::broadcasts_to(mask.shape(), scores)) {
      fail<ValueError>(op, "expected a mask that broadcasts to the scores of shape {}: received {}", scores,
                       mask.shape());
    }
    if (mask.dtype() == boolean) {
      call.allowed = mask;
    } else if (mask.dtype() == q.dtype()) {
      in.push_back(mask);
    } else {
      fail<TypeError>(op, "expected a mask of dtype bool or {}, received {}: cast or compare it", q.dtype(),
                      mask.dtype());
    }
  }
  for (Tensor& t : in) t = detail::widened(t);
  if (options.dropout > 0) {
    random::Generator& generator = options.generator != nullptr ? *options.generator : random::default_generator();
    call.rate = options.dropout;
    call.chances = detail::convert(generator.uniform(scores), in[0].dtype());
  }
  const bool broadcasts = !heads_inside && (leading(k) != leading(q) || leading(v) != leading(q));
  const Tensor y = broadcasts ? by_definition(call, in) : fused(std::move(call), std::move(in));
  return q.dtype() == bfloat16 ? detail::narrowed(y) : y;
}

}  // namespace

Tensor nn::scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                        const AttentionOptions& options) {
  XTAPE_NOTE(nn::scaled_dot_product_attention, q, k, v, options);
  const char* op = "scaled_dot_product_attention";
  check_dtypes(op, q, k, v);
  const auto &a = q.shape(), &b = k.shape(), &c = v.shape();
  if (a.rank() < 2 || b.rank() < 2 || c.rank() < 2 || a.at(-1) != b.at(-1) || b.at(-2) != c.at(-2)) {
    fail<ValueError>(
        op, "expected queries [..., T, d], keys [..., S, d] and values [..., S, e]: received {}, {} and {}", a, b, c);
  }
  const Shape batch = detail::broadcast_shape(op, leading(q), leading(k));
  return attention(op, false, q, k, v, with_matrices(batch, a.at(-2), b.at(-2)), options);
}

Tensor nn::dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  XTAPE_NOTE(nn::dot_product_attention, q, k, v, options);
  const char* op = "dot_product_attention";
  check_dtypes(op, q, k, v);
  const auto &a = q.shape(), &b = k.shape(), &c = v.shape();
  const bool fits = a.rank() == 4 && b.rank() == 4 && c.rank() == 4 && a[0] == b[0] && a[0] == c[0] && b[1] == c[1] &&
                    a[2] == b[2] && a[2] == c[2] && a[3] == b[3];
  if (!fits) {
    fail<ValueError>(op,
                     "expected queries [batch, T, heads, d], keys [batch, S, heads, d] and values [batch, S, heads, "
                     "e]: received {}, {} and {}",
                     a, b, c);
  }
  return attention(op, true, q, k, v, {a[0], a[2], a[1], b[1]}, options);
}

}  // namespace xtape
