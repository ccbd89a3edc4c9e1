#include "kernels/conv_onednn.hpp"

#ifdef XTAPE_HAS_ONEDNN

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <list>

#include "base/per_thread.hpp"
#include "kernels/onednn.hpp"
#include "kernels/scratch.hpp"
#include "kernels/thread_limit.hpp"
#include "xtape/base/memory.hpp"

// oneDNN's convolutions. Making a primitive costs far more than running a small one, so each thread keeps those that it
// has made (onednn::plan_for), with memory objects that are pointed at the operands of each use. A batch is cut into
// one part for each of our threads, each by a primitive that runs on one thread: oneDNN's own parallel loop is
// OpenMP's, which waits for every thread of the team.
//
// Images stay in our layout, channels last, which oneDNN takes without a copy; filters are reordered into the layout
// that it asks for in each call, because they change in each step.
namespace xtape::kernels {
namespace {

using onednn::engine;
using onednn::execute;
using onednn::point;

/// `backprop_filter` gives the gradient of the bias too.
enum class Kind : std::int64_t { forward, backprop_input, backprop_filter };

/// What a primitive is made for.
using Key = std::array<std::int64_t, 20>;

Key key_of(Kind kind, const Conv& c, bool bias, bool relu, std::int64_t place) {
  const auto &h = c.height, &w = c.width;
  return {static_cast<std::int64_t>(kind),
          place,
          bias,
          relu,
          c.batch,
          c.in_channels,
          c.out_channels,
          c.groups,
          h.in,
          h.out,
          h.size,
          h.stride,
          h.dilation,
          h.before,
          w.in,
          w.out,
          w.size,
          w.stride,
          w.dilation,
          w.before};
}

/// The memory descriptions of a problem: images as they are, filters as they are (`plain`) and as oneDNN likes them.
struct Descriptions {
  dnnl::memory::desc x, y, w, plain_w, bias;
  dnnl::memory::dims strides, dilations, before, after;

  Descriptions(const Conv& c, bool with_bias) {
    using dnnl::memory;
    const auto &h = c.height, &v = c.width;
    const auto f32 = memory::data_type::f32;
    x = memory::desc({c.batch, c.in_channels, h.in, v.in}, f32, memory::format_tag::nhwc);
    y = memory::desc({c.batch, c.out_channels, h.out, v.out}, f32, memory::format_tag::nhwc);
    const std::int64_t in = c.in_channels / c.groups, out = c.out_channels / c.groups, all = c.out_channels;
    memory::dims sizes = {out, in, h.size, v.size}, steps = {1, all, v.size * in * all, in * all};
    if (c.groups > 1) {
      sizes.insert(sizes.begin(), c.groups);
      steps.insert(steps.begin(), out);
    }
    plain_w = memory::desc(sizes, f32, steps);
    w = memory::desc(sizes, f32, memory::format_tag::any);
    if (with_bias) bias = memory::desc({all}, f32, memory::format_tag::x);
    strides = {h.stride, v.stride};
    dilations = {h.dilation - 1, v.dilation - 1};
    before = {h.before, v.before};
    const auto rest = [](const Window& a) {
      return (a.out - 1) * a.stride + (a.size - 1) * a.dilation + 1 - a.in - a.before;
    };
    after = {rest(h), rest(v)};
  }
};

/// A primitive, and memory objects that are pointed at the operands for each use.
struct Plan {
  Key key{};
  bool usable = false;
  dnnl::primitive primitive, reorder;
  dnnl::memory x, y, w, plain_w, bias, scratchpad;
  std::size_t w_bytes = 0;  ///< of the reordered filters, 0 where they are used as they are
  std::size_t scratchpad_bytes = 0;

  template <class Description>
  void finish(const Description& pd, const Descriptions& d, const dnnl::memory::desc& wanted, bool filters_are_result) {
    usable = onednn::is_fast(pd);
    if (!usable) return;
    primitive = dnnl::primitive(pd);
    x = dnnl::memory(d.x, engine(), DNNL_MEMORY_NONE);
    y = dnnl::memory(d.y, engine(), DNNL_MEMORY_NONE);
    w = dnnl::memory(wanted, engine(), DNNL_MEMORY_NONE);
    if (d.bias) bias = dnnl::memory(d.bias, engine(), DNNL_MEMORY_NONE);
    scratchpad = dnnl::memory(pd.scratchpad_desc(), engine(), DNNL_MEMORY_NONE);
    scratchpad_bytes = pd.scratchpad_desc().get_size();
    if (wanted != d.plain_w) {
      w_bytes = wanted.get_size();
      plain_w = dnnl::memory(d.plain_w, engine(), DNNL_MEMORY_NONE);
      reorder = filters_are_result ? dnnl::reorder(w, plain_w) : dnnl::reorder(plain_w, w);
    }
  }
};

void make(Plan& plan, Kind kind, const Conv& c, bool with_bias, bool relu) {
  using namespace dnnl;
  const Descriptions d(c, with_bias);
  const auto direct = algorithm::convolution_direct;
  primitive_attr attributes;
  attributes.set_scratchpad_mode(scratchpad_mode::user);
  primitive_attr forward_attributes = attributes;
  if (relu) {
    post_ops after;
    onednn::append_relu(after);
    forward_attributes.set_post_ops(after);
  }
  const bool forward_bias = with_bias && kind == Kind::forward;
#if DNNL_VERSION_MAJOR >= 3
  const auto training = prop_kind::forward_training;
  const convolution_forward::primitive_desc forward =
      forward_bias ? convolution_forward::primitive_desc(engine(), training, direct, d.x, d.w, d.bias, d.y, d.strides,
                                                         d.dilations, d.before, d.after, forward_attributes)
                   : convolution_forward::primitive_desc(engine(), training, direct, d.x, d.w, d.y, d.strides,
                                                         d.dilations, d.before, d.after, forward_attributes);
#else
  const convolution_forward::primitive_desc forward(
      forward_bias ? convolution_forward::desc(prop_kind::forward_training, direct, d.x, d.w, d.bias, d.y, d.strides,
                                               d.dilations, d.before, d.after)
                   : convolution_forward::desc(prop_kind::forward_training, direct, d.x, d.w, d.y, d.strides,
                                               d.dilations, d.before, d.after),
      forward_attributes, engine());
#endif
  if (kind == Kind::forward) {
    plan.finish(forward, d, forward.weights_desc(), false);
  } else if (kind == Kind::backprop_input) {
#if DNNL_VERSION_MAJOR >= 3
    const convolution_backward_data::primitive_desc pd(engine(), direct, d.x, d.w, d.y, d.strides, d.dilations,
                                                       d.before, d.after, forward, attributes);
#else
    const convolution_backward_data::primitive_desc pd(
        {direct, d.x, d.w, d.y, d.strides, d.dilations, d.before, d.after}, attributes, engine(), forward);
#endif
    plan.finish(pd, d, pd.weights_desc(), false);
  } else {
#if DNNL_VERSION_MAJOR >= 3
    const convolution_backward_weights::primitive_desc pd =
        with_bias ? convolution_backward_weights::primitive_desc(engine(), direct, d.x, d.w, d.bias, d.y, d.strides,
                                                                 d.dilations, d.before, d.after, forward, attributes)
                  : convolution_backward_weights::primitive_desc(engine(), direct, d.x, d.w, d.y, d.strides,
                                                                 d.dilations, d.before, d.after, forward, attributes);
#else
    const convolution_backward_weights::primitive_desc pd(
        with_bias
            ? convolution_backward_weights::desc(direct, d.x, d.w, d.bias, d.y, d.strides, d.dilations, d.before,
                                                 d.after)
            : convolution_backward_weights::desc(direct, d.x, d.w, d.y, d.strides, d.dilations, d.before, d.after),
        attributes, engine(), forward);
#endif
    plan.finish(pd, d, pd.diff_weights_desc(), true);
  }
}

/// `place`: which of `parts` that run at the same time, or minus the number of threads that share it.
Plan& plan_for(Kind kind, const Conv& c, bool bias, bool relu, std::int64_t place, std::size_t parts) {
  static auto* const plans = new detail::PerThread<std::list<Plan>>;
  return onednn::plan_for(plans->get(), /*max_plans=*/64 * parts, key_of(kind, c, bias, relu, place),
                          [&](Plan& plan) { make(plan, kind, c, bias, relu); });
}

bool too_large(const Conv& c) {
  std::int64_t largest = std::max({c.batch, c.in_channels, c.out_channels});
  for (const Window& a : {c.height, c.width}) {
    largest = std::max({largest, a.in, a.out, a.size, a.stride, a.dilation, a.before});
  }
  return largest > std::numeric_limits<std::int32_t>::max() / 2;
}

struct Operands {
  const float* x;
  const float* w;
  const float* bias;
  const float* y;
};

bool execute_plan(Plan& plan, Kind kind, const Operands& o, void* filters, void* scratchpad) {
  const bool reorders = plan.w_bytes > 0;
  point(plan.x, o.x);
  point(plan.y, o.y);
  point(plan.w, reorders ? filters : o.w);
  if (reorders) point(plan.plain_w, o.w);
  if (o.bias != nullptr) point(plan.bias, o.bias);
  if (plan.scratchpad_bytes > 0) point(plan.scratchpad, scratchpad);

  if (reorders && kind != Kind::backprop_filter) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plan.plain_w.get()}, {DNNL_ARG_TO, plan.w.get()}};
    if (!execute(plan.reorder, arguments, 2)) return false;
  }
  dnnl_exec_arg_t arguments[] = {
      {kind == Kind::backprop_input ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, plan.x.get()},
      {kind == Kind::backprop_filter ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, plan.w.get()},
      {kind == Kind::forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, plan.y.get()},
      {},
      {}};
  int count = 3;
  if (plan.scratchpad_bytes > 0) arguments[count++] = {DNNL_ARG_SCRATCHPAD, plan.scratchpad.get()};
  if (o.bias != nullptr) {
    arguments[count++] = {kind == Kind::forward ? DNNL_ARG_BIAS : DNNL_ARG_DIFF_BIAS, plan.bias.get()};
  }
  if (!execute(plan.primitive, arguments, count)) return false;
  if (reorders && kind == Kind::backprop_filter) {
    const dnnl_exec_arg_t back[] = {{DNNL_ARG_FROM, plan.w.get()}, {DNNL_ARG_TO, plan.plain_w.get()}};
    return execute(plan.reorder, back, 2);
  }
  return true;
}

/// How many parts of the batch are computed at the same time, each on one thread; 1 where they would be too unequal.
std::int64_t parts_for(const Conv& c) {
  if (c.work() < 2 * work_worth_a_thread || !may_share()) return 1;
  const std::int64_t threads = num_threads();
  return c.batch % threads == 0 || c.batch >= 4 * threads ? threads : 1;
}

/// The whole batch by one primitive, with OpenMP's threads inside oneDNN: for batches of a few images, which cannot be
/// cut into equal parts.
bool run_whole(Kind kind, const Conv& c, const Operands& o, bool relu) {
  const int threads = c.work() >= 2 * work_worth_a_thread && may_share() ? num_threads() : 1;
  const ThreadLimit limit(threads);
  Plan& plan = plan_for(kind, c, o.bias != nullptr, relu, -threads, 1);
  if (!plan.usable) return false;
  const Scratch filters(plan.w_bytes), scratchpad(plan.scratchpad_bytes);
  return execute_plan(plan, kind, o, filters.data(), scratchpad.data());
}

/// The first `part` becomes the sum of all of them.
void add_parts(std::int64_t parts, std::int64_t n, const float* part, std::int64_t distance, float* sum) {
  parallel_for(n, elementwise_grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float value = part[i];
      for (std::int64_t k = 1; k < parts; ++k) value += part[k * distance + i];
      sum[i] = value;
    }
  });
}

/// By parts of the batch, with a primitive for each. The primitives belong to the calling thread, whichever thread runs
/// them: the calling thread waits until all are done.
bool run(Kind kind, const Conv& c, const Operands& o, bool relu) {
  if (too_large(c)) return false;
  const std::int64_t parts = parts_for(c);
  if (parts < 2) return run_whole(kind, c, o, relu);
  const auto begin_of = [&](std::int64_t part) { return c.batch * part / parts; };
  const std::size_t n_parts = static_cast<std::size_t>(parts);
  detail::PoolVector<Plan*> plans(n_parts);
  std::size_t filters_room = 0, scratchpad_room = 0;
  const auto aligned = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
  {
    const ThreadLimit one(1);
    for (std::int64_t i = 0; i < parts; ++i) {
      Conv part = c;
      part.batch = begin_of(i + 1) - begin_of(i);
      Plan& plan = plan_for(kind, part, o.bias != nullptr, relu, i, n_parts);
      if (!plan.usable) return false;
      plans[static_cast<std::size_t>(i)] = &plan;
      filters_room = std::max(filters_room, aligned(plan.w_bytes));
      scratchpad_room = std::max(scratchpad_room, aligned(plan.scratchpad_bytes));
    }
  }
  // The gradients of filters and bias are sums over the images: each part writes its own, add_parts() adds them.
  const bool sums = kind == Kind::backprop_filter;
  const std::size_t filter = aligned(static_cast<std::size_t>(c.filter_size()) * sizeof(float)),
                    bias = aligned(static_cast<std::size_t>(c.out_channels) * sizeof(float)),
                    sum_room = sums ? filter + bias : 0, room = filters_room + scratchpad_room + sum_room;
  const Scratch scratch(room * n_parts);
  const auto at = [&](std::int64_t part) {
    return static_cast<std::byte*>(scratch.data()) + static_cast<std::size_t>(part) * room;
  };
  std::atomic<bool> done{true};
  const auto run_part = [&](std::int64_t i) {
    std::byte* const own = at(i);
    const std::int64_t first = begin_of(i), x_size = c.in_size() / c.batch, y_size = c.out_size() / c.batch;
    Operands part = {o.x + first * x_size, o.w, o.bias, o.y + first * y_size};
    if (sums) {
      part.w = reinterpret_cast<float*>(own);
      if (o.bias != nullptr) part.bias = reinterpret_cast<float*>(own + filter);
    }
    const ThreadLimit one(1);
    const bool did =
        execute_plan(*plans[static_cast<std::size_t>(i)], kind, part, own + sum_room, own + sum_room + filters_room);
    if (!did) done.store(false, std::memory_order_relaxed);
  };
  share_calls(parts, static_cast<std::int64_t>(c.work() / work_worth_a_thread), run_part);
  if (!done) return false;
  if (sums) {
    const auto distance = static_cast<std::int64_t>(room / sizeof(float));
    const auto* const from = reinterpret_cast<const float*>(at(0));
    add_parts(parts, c.filter_size(), from, distance, const_cast<float*>(o.w));
    if (o.bias != nullptr) {
      add_parts(parts, c.out_channels, from + filter / sizeof(float), distance, const_cast<float*>(o.bias));
    }
  }
  return true;
}

}  // namespace

bool has_onednn() { return true; }

bool onednn_conv2d(const Conv& c, const float* x, const float* w, const float* bias, bool relu, float* y) {
  return run(Kind::forward, c, {x, w, bias, y}, relu);
}

bool onednn_conv2d_backprop_input(const Conv& c, const float* dy, const float* w, float* dx) {
  return run(Kind::backprop_input, c, {dx, w, nullptr, dy}, false);
}

bool onednn_conv2d_backprop_filter(const Conv& c, const float* x, const float* dy, float* dw, float* db) {
  return run(Kind::backprop_filter, c, {x, dw, db, dy}, false);
}

}  // namespace xtape::kernels

#else

namespace xtape::kernels {

bool has_onednn() { return false; }

bool onednn_conv2d(const Conv&, const float*, const float*, const float*, bool, float*) { return false; }
bool onednn_conv2d_backprop_input(const Conv&, const float*, const float*, float*) { return false; }
bool onednn_conv2d_backprop_filter(const Conv&, const float*, const float*, float*, float*) { return false; }

}  // namespace xtape::kernels

#endif
