#include "ops/function_rows.hpp"

#include <algorithm>
#include <exception>
#include <typeinfo>

#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/dropout.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/map.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/random.hpp"
#include "xtape/ops/recurrent.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// The results of a row's op: alone, with the gradients for all floating inputs, and with their gradients. Squared, so
/// that the second derivative is not zero.
Tensors everything(const FunctionRow& row, const OpInputs& x) {
  const OpInputs sources = floating(x);
  Tensors all{row.f(x)};
  if (sources.empty() || !is_floating(all[0].dtype())) return all;
  const auto add = [&all](const Tensors& more) { all.insert(all.end(), more.begin(), more.end()); };
  {
    GradientTape tape;
    tape.watch(sources);
    add(tape.gradient(square(row.f(x)), sources));
  }
  GradientTape outer;
  outer.watch(sources);
  OpInputs first;
  {
    GradientTape inner;
    inner.watch(sources);
    for (const Tensor& gradient : inner.gradient(square(row.f(x)), sources)) {
      if (gradient.defined()) first.push_back(gradient);
    }
  }
  if (first.empty()) return all;
  for (const Tensor& gradient : first) all.push_back(gradient);
  add(outer.gradient(first, sources));
  return all;
}

/// The type and text of the exception; empty without one.
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return std::string(typeid(error).name()) + " " + error.what();
  }
  return "";
}

Tensor indices(std::vector<std::int64_t> values, int call, std::int64_t size, const Shape& shape = {}) {
  for (auto& value : values) value = (value + call) % size;
  const auto count = static_cast<std::int64_t>(values.size());
  return constant(values, shape.rank() == 0 ? Shape{count} : shape);
}

Tensor mask(const Shape& shape, int call) { return fresh(shape, call + 5) > -1; }

OpInputs with(OpInputs list, const Tensor& t) {
  list.push_back(t);
  return list;
}
/// Inputs of some shapes, and one more.
template <class F>
std::function<OpInputs(int)> and_then(std::vector<Shape> shapes, F last, double low = -2, double high = 2) {
  return [inputs = fresh_inputs(std::move(shapes), float32, low, high), last](int call) {
    return with(inputs(call), last(call));
  };
}

/// Positive definite.
Tensor definite(const Tensor& x) {
  return matmul(x, x, {.transpose_b = true}) + linalg::diag(ones({x.shape(0)}, x.dtype()));
}
const Tensor singular = constant({{1.0, 2.0}, {2.0, 4.0}}, float32), hole = constant({2, -1, 0}, int64);

// Ops without a table, and ops that throw for some elements.
const FunctionRows rows{
    {"cast", [](const auto& x) { return cast(cast(x[0], float64) * 3, float32); }, fresh_inputs({{3, 5}})},
    {"cast", [](const auto& x) { return cast(x[0], int32); }, fresh_inputs({{3, 5}})},
    {"where", [](const auto& x) { return where(x[0] > x[1], x[0] * 2, x[1]); }, fresh_inputs({{4, 4}, {4}})},
    {"where", [](const auto& x) { return where(x[1], x[0], 0.25); },
     and_then({{4, 4}},
              [](int call) {
                return mask({4, 1}, call);
              })},
    {"logical_not", [](const auto& x) { return logical_not(x[0] > 0); }, fresh_inputs({{7}})},
    {"linalg::trace", [](const auto& x) { return linalg::trace(x[0]); }, fresh_inputs({{2, 3, 3}})},
    {"polygamma", [](const auto& x) { return polygamma(1, x[0]); }, fresh_inputs({{5}}, float64, 1, 4)},
    {"is_nan", [](const auto& x) { return is_nan(sqrt(x[0])); }, fresh_inputs({{9}})},
    {"is_inf", [](const auto& x) { return is_inf(1 / nn::relu(x[0])); }, fresh_inputs({{9}})},
    {"is_finite", [](const auto& x) { return is_finite(log(nn::relu(x[0]))); }, fresh_inputs({{9}})},
    {"clip_by_norm", [](const auto& x) { return clip_by_norm(x[0], 1.5); }, fresh_inputs({{3, 4}})},
    {"clip_by_norm", [](const auto& x) { return clip_by_norm(x[0], x[1], 1); }, fresh_inputs({{3, 4}, {}})},
    {"global_norm",
     [](const auto& x) {
       return global_norm({x[0], x[1]});
     },
     fresh_inputs({{3, 4}, {2}})},
    {"clip_by_global_norm",
     [](const auto& x) {
       const auto [clipped, norm] = clip_by_global_norm({x[0], x[1]}, 1.5);
       return clipped[0] * reduce_sum(clipped[1]) + norm;
     },
     fresh_inputs({{3, 4}, {2}})},
    {"floordiv", [](const auto& x) { return floordiv(x[0], x[1]); }, fresh_inputs({{3, 4}, {4}})},
    {"mod", [](const auto& x) { return mod(x[0], x[1]); }, fresh_inputs({{3, 4}, {4}})},
    {"floordiv", [](const auto& x) { return floordiv(x[0], x[1]); },
     [](int call) {
       return OpInputs{indices({7, -9, 30}, call, 40), indices({0, 2, 5}, call, 7) + 1};
     },
     [] {
       return OpInputs{hole, hole + 0};
     }},
    {"mod", [](const auto& x) { return mod(x[0], x[1]); },
     [](int call) {
       return OpInputs{indices({7, -9, 30}, call, 40), indices({0, 2, 5}, call, 7) + 1};
     },
     [] {
       return OpInputs{hole, hole + 0};
     }},
    {"argmax", [](const auto& x) { return argmax(x[0], 1); }, fresh_inputs({{3, 5}})},
    {"argmin", [](const auto& x) { return argmin(x[0], 0); }, fresh_inputs({{3, 5}})},
    {"sort", [](const auto& x) { return sort(x[0]); }, fresh_inputs({{3, 5}})},
    {"sort", [](const auto& x) { return sort(x[0], 0, SortDirection::descending); }, fresh_inputs({{3, 5}})},
    {"argsort", [](const auto& x) { return argsort(x[0]); }, fresh_inputs({{3, 5}})},
    {"top_k", [](const auto& x) { return top_k(x[0], 2).values; }, fresh_inputs({{3, 5}})},
    {"top_k", [](const auto& x) { return top_k(x[0], 2).indices; }, fresh_inputs({{3, 5}})},
    {"reduce_variance", [](const auto& x) { return reduce_variance(x[0], 1); }, fresh_inputs({{2, 3, 2}})},
    {"nn::moments",
     [](const auto& x) {
       const auto [mean, variance] = nn::moments(x[0], 0);
       return mean * variance;
     },
     fresh_inputs({{5, 3}})},
    {"nn::sigmoid_cross_entropy_with_logits",
     [](const auto& x) { return nn::sigmoid_cross_entropy_with_logits(sigmoid(x[1]), x[0]); },
     fresh_inputs({{3, 4}, {3, 4}})},
    {"nn::dropout", [](const auto& x) { return nn::dropout(x[0], 0.4); }, fresh_inputs({{30}})},
    {"nn::dropout", [](const auto& x) { return nn::dropout(x[0], 0.4, {.seed = 3}); }, fresh_inputs({{30}})},
    {"nn::bias_add", [](const auto& x) { return nn::bias_add(x[0], x[1]); }, fresh_inputs({{3, 4}, {4}})},
    {"nn::embedding_lookup", [](const auto& x) { return nn::embedding_lookup(x[0], x[1]); },
     and_then({{5, 3}},
              [](int call) {
                return indices({0, 4, 2, 2}, call, 5, {2, 2});
              }),
     [] {
       return OpInputs{ones({5, 3}), constant({{1, 5}, {0, 0}}, int64)};
     }},
    {"nn::sparse_softmax_cross_entropy_with_logits",
     [](const auto& x) { return nn::sparse_softmax_cross_entropy_with_logits(x[1], x[0]); },
     and_then({{3, 4}},
              [](int call) {
                return indices({0, 3, 2}, call, 4);
              }),
     [] {
       return OpInputs{ones({3, 4}), constant({1, 4, 0}, int64)};
     }},
    {"nn::l2_normalize", [](const auto& x) { return nn::l2_normalize(x[0], 1); }, fresh_inputs({{3, 4}})},
    {"nn::layer_norm", [](const auto& x) { return nn::layer_norm(x[0], x[1], x[2]); },
     fresh_inputs({{3, 4}, {4}, {4}})},
    {"nn::layer_norm",
     [](const auto& x) {
       return nn::layer_norm(x[0], {}, {}, {.axes = {0, 1}});
     },
     fresh_inputs({{3, 4, 2}})},
    {"nn::batch_norm", [](const auto& x) { return nn::batch_norm(x[0], x[1], square(x[2]), x[3], x[4]); },
     fresh_inputs({{3, 4}, {4}, {4}, {4}, {4}})},
    {"nn::batch_norm_training", [](const auto& x) { return nn::batch_norm_training(x[0], x[1], x[2]).y; },
     fresh_inputs({{5, 3}, {3}, {3}})},
    {"nn::batch_norm_training",
     [](const auto& x) {
       const auto result = nn::batch_norm_training(x[0]);
       return result.y * result.mean + result.variance;
     },
     fresh_inputs({{5, 3}})},
    {"nn::global_average_pool", [](const auto& x) { return nn::global_average_pool(x[0]); },
     fresh_inputs({{2, 3, 3, 2}})},
    {"nn::global_max_pool", [](const auto& x) { return nn::global_max_pool(x[0]); }, fresh_inputs({{2, 3, 3, 2}})},
    {"image::affine_transform",
     [](const auto& x) { return image::affine_transform(x[0], x[1] * 0.2, {.fill_mode = "reflect"}); },
     fresh_inputs({{2, 4, 4, 2}, {8}})},
    {"image::resize",
     [](const auto& x) {
       return image::resize(x[0], {5, 3});
     },
     fresh_inputs({{2, 4, 4, 2}})},
    {"random::bernoulli", [](const auto& x) { return random::bernoulli(x[0]); }, fresh_inputs({{20}}, float32, 0, 1),
     [] { return OpInputs{full({20}, 1.5)}; }},
    {"random::bernoulli", [](const auto& x) { return random::bernoulli({20}, 0.3) * x[0]; }, fresh_inputs({{20}})},
    {"random::categorical", [](const auto& x) { return random::categorical(x[0], 6); }, fresh_inputs({{2, 5}}),
     [] {
       return OpInputs{full({2, 5}, NAN)};
     }},
    {"random::shuffle", [](const auto& x) { return random::shuffle(x[0]); }, fresh_inputs({{8, 2}})},
    {"map", [](const auto& x) { return map([](auto a, auto b) { return a * tanh(b) + a / (b * b + 1); }, x[0], x[1]); },
     fresh_inputs({{3, 4}, {4}})},
    {"nn::scaled_dot_product_attention",
     [](const auto& x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2], {.is_causal = true}); },
     fresh_inputs({{2, 4, 3}, {2, 5, 3}, {2, 5, 2}})},
    {"nn::scaled_dot_product_attention",
     [](const auto& x) { return nn::scaled_dot_product_attention(x[0], x[1], x[2], {.mask = x[3], .dropout = 0.3}); },
     and_then({{2, 4, 3}, {2, 5, 3}, {2, 5, 2}},
              [](int call) {
                return mask({4, 5}, call);
              })},
    {"nn::dot_product_attention",
     [](const auto& x) { return nn::dot_product_attention(x[0], x[1], x[2], {.mask = x[3]}); },
     fresh_inputs({{2, 4, 2, 3}, {2, 5, 2, 3}, {2, 5, 2, 3}, {4, 5}})},
    {"nn::lstm", [](const auto& x) { return nn::lstm(x[0], x[1], x[2], x[3]).outputs; },
     fresh_inputs({{2, 4, 3}, {3, 8}, {2, 8}, {8}})},
    {"nn::lstm",
     [](const auto& x) {
       const auto y = nn::lstm(x[0], x[1], x[2], {}, {.initial_h = x[3], .initial_c = x[4], .mask = x[5]});
       return y.h * y.c;
     },
     and_then({{2, 4, 3}, {3, 8}, {2, 8}, {2, 2}, {2, 2}},
              [](int call) {
                return mask({2, 4}, call);
              })},
    {"nn::gru", [](const auto& x) { return nn::gru(x[0], x[1], x[2], x[3]).outputs; },
     fresh_inputs({{2, 4, 3}, {3, 6}, {2, 6}, {2, 6}})},
    {"nn::gru",
     [](const auto& x) {
       return nn::gru(x[0], x[1], x[2], {}, {.initial_h = x[3], .reset_after = false, .mask = x[4]}).h;
     },
     and_then({{2, 4, 3}, {3, 6}, {2, 6}, {2, 2}},
              [](int call) {
                return mask({2, 4}, call);
              })},
    {"gather", [](const auto& x) { return gather(x[0], x[1], 1); },
     and_then({{2, 5, 3}},
              [](int call) {
                return indices({0, 4, 2, 2}, call, 5, {2, 2});
              }),
     [] {
       return OpInputs{ones({2, 5, 3}), constant({{1, 5}, {0, 0}}, int64)};
     }},
    {"gather", [](const auto& x) { return gather(x[0], x[1]) * 2; },
     and_then({{5, 3}},
              [](int call) {
                return indices({0, 4, 2, 2}, call, 5);
              }),
     [] {
       return OpInputs{ones({5, 3}), constant({1, -1, 0, 0}, int64)};
     }},
    // Rows that are gathered several times, by several gathers, and used by another op as well.
    {"gather",
     [](const auto& x) {
       return concat({gather(x[0], x[1]) * 1.1, gather(x[0], mod(x[1], 3)) * tanh(x[0])}, 0);
     },
     and_then({{4, 3}},
              [](int call) {
                return indices({0, 2, 2, 2}, call, 4);
              })},
    {"gather", [](const auto& x) { return gather(x[0], x[1], 1, 1); },
     and_then({{2, 5, 3}},
              [](int call) {
                return indices({0, 4, 2, 2}, call, 5, {2, 2});
              }),
     [] {
       return OpInputs{ones({2, 5, 3}), constant({{1, 5}, {0, 0}}, int64)};
     }},
    {"gather_nd", [](const auto& x) { return gather_nd(x[0], x[1]); },
     and_then({{3, 3, 2}},
              [](int call) {
                return indices({0, 2, 1, 1}, call, 3, {2, 2});
              }),
     [] {
       return OpInputs{ones({3, 3, 2}), constant({{1, 3}, {0, 0}}, int64)};
     }},
    {"scatter_nd",
     [](const auto& x) {
       return scatter_nd(x[1], x[0], {3, 2});
     },
     and_then({{4, 2}},
              [](int call) {
                return indices({0, 2, 1, 1}, call, 3, {4, 1});
              }),
     [] {
       return OpInputs{ones({4, 2}), constant({{1}, {3}, {0}, {0}}, int64)};
     }},
    {"tensor_scatter_add", [](const auto& x) { return tensor_scatter_add(x[0], x[2], x[1]); },
     and_then({{3, 2}, {4, 2}},
              [](int call) {
                return indices({0, 2, 1, 1}, call, 3, {4, 1});
              }),
     [] {
       return OpInputs{ones({3, 2}), ones({4, 2}), constant({{1}, {3}, {0}, {0}}, int64)};
     }},
    {"tensor_scatter_update", [](const auto& x) { return tensor_scatter_update(x[0], x[2], x[1]); },
     // With and without an update that a later one overwrites.
     and_then({{3, 2}, {2, 2}},
              [](int call) {
                return constant({{1}, {call % 2 == 0 ? 1 : 2}}, int64);
              }),
     [] {
       return OpInputs{ones({3, 2}), ones({2, 2}), constant({{1}, {3}}, int64)};
     }},
    {.op = "boolean_mask",
     .f = [](const auto& x) { return boolean_mask(x[0], x[1]); },
     .inputs = and_then({{4, 2}}, [](int call) { return mask({4}, call); }),
     .looks_at_elements = true},
    {"linalg::inv", [](const auto& x) { return linalg::inv(x[0]); }, fresh_inputs({{2, 2}}),
     [] { return OpInputs{singular}; }},
    {"linalg::solve", [](const auto& x) { return linalg::solve(x[0], x[1]); }, fresh_inputs({{2, 2}, {2, 3}}),
     [] {
       return OpInputs{singular, ones({2, 3})};
     }},
    {"linalg::triangular_solve", [](const auto& x) { return linalg::triangular_solve(x[0], x[1]); },
     fresh_inputs({{2, 2}, {2, 3}}),
     [] {
       return OpInputs{singular - 1, ones({2, 3})};
     }},
    {"linalg::cholesky", [](const auto& x) { return linalg::cholesky(definite(x[0])); }, fresh_inputs({{3, 3}})},
    {"linalg::cholesky", [](const auto& x) { return linalg::cholesky(x[0]); },
     [](int call) {
       return OpInputs{definite(fresh({2, 2}, call))};
     },
     [] { return OpInputs{-singular}; }},
    {"linalg::lstsq", [](const auto& x) { return linalg::lstsq(x[0], x[1]); }, fresh_inputs({{2, 2}, {2, 1}}),
     [] {
       return OpInputs{singular, ones({2, 1})};
     }},
    // Matrices that are singular only in some calls.
    {"linalg::det", [](const auto& x) { return linalg::det(x[0]); },
     [](int call) {
       return OpInputs{stack({fresh({3, 3}, call, float64),
                              fresh({3, 3}, call + 9, float64) * (call % 2 == 0 ? 1.0 : tensor({1, 0, 1}))})};
     }},
    {"linalg::slogdet", [](const auto& x) { return linalg::slogdet(x[0]).logdet; }, fresh_inputs({{2, 2}}),
     [] { return OpInputs{singular}; }},
};

}  // namespace

TEST_CASE("function: every row of every op is replayed, with its gradients to the second order") {
  for (const auto& row : function_rows()) {
    CAPTURE(row.op);
    auto replayed = function([&row](const OpInputs& x) { return everything(row, x); });
    for (int call = 0; call < 4; ++call) {
      CAPTURE(call);
      const OpInputs inputs = row.inputs(call);
      random::set_seed(static_cast<std::uint64_t>(call));
      const Tensors expected = everything(row, inputs);
      random::set_seed(static_cast<std::uint64_t>(call));
      const Tensors received = replayed(inputs);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(i);
        REQUIRE(received[i].defined() == expected[i].defined());
        if (expected[i].defined()) CHECK_SAME_BITS(received[i], expected[i]);
      }
      if (row.bad != nullptr && call == 1) {
        const OpInputs bad = row.bad();
        const std::string error = error_of([&] { everything(row, bad); });
        CHECK(error != "");
        CHECK(error_of([&] { replayed(bad); }) == error);
      }
    }
    if (row.looks_at_elements) {
      CHECK(replayed.obstacle().find(row.op) != std::string::npos);
    } else {
      CHECK_MESSAGE(replayed.obstacle().empty(), replayed.obstacle());
      CHECK(replayed.trace_count() == 1);
    }
  }
}

TEST_CASE("function: every op that has a row has one that is replayed") {
  std::set<std::string> replayed;
  for (const auto& row : function_rows()) replayed.insert(row.op);
  for (const auto& name : ops_with_rows()) {
    CHECK_MESSAGE(replayed.contains(name), "no row of tests/ops says how ", name, " runs under function()");
  }
}
