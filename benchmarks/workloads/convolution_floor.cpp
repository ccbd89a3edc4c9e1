#include "workloads/convolution_floor.hpp"

#ifdef XTAPE_BENCH_ONEDNN

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "kernels/thread_limit.hpp"
#include "workloads/products.hpp"

namespace bench {
namespace {

using dnnl::memory;

struct Call {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
};

// oneDNN 3 has no operation descriptors; their members are arguments of the primitive descriptor.
template <class Primitive, class... A>
typename Primitive::primitive_desc forward_of(const dnnl::engine& engine, const A&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, arguments...};
#else
  return {typename Primitive::desc(arguments...), engine};
#endif
}
template <class Primitive, class Forward, class... A>
typename Primitive::primitive_desc backward_of(const dnnl::engine& engine, const Forward& forward,
                                               const A&... arguments) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, arguments..., forward};
#else
  return {typename Primitive::desc(arguments...), engine, forward};
#endif
}

/// One layer in one layout.
class Layer {
 public:
  Layer(const dnnl::engine& engine, std::int64_t batch, std::int64_t side, std::int64_t channels, std::int64_t filters,
        memory::format_tag layout, bool first)
      : engine_(engine) {
    using namespace dnnl;
    const auto f32 = memory::data_type::f32;
    const std::int64_t k = Network::kernel_side;
    const memory::desc x({batch, channels, side, side}, f32, layout), y({batch, filters, side, side}, f32, layout);
    const memory::desc half({batch, filters, side / 2, side / 2}, f32, layout);
    const memory::desc w({filters, channels, k, k}, f32, memory::format_tag::any);
    const memory::dims strides = {1, 1}, padding = {k / 2, k / 2}, two = {2, 2}, none = {0, 0};
    const auto direct = algorithm::convolution_direct;

    const auto forward = forward_of<convolution_forward>(engine, prop_kind::forward_training, direct, x, w, y, strides,
                                                         padding, padding);
    add(convolution_forward(forward), {{DNNL_ARG_SRC, make(forward.src_desc())},
                                       {DNNL_ARG_WEIGHTS, make(forward.weights_desc())},
                                       {DNNL_ARG_DST, make(forward.dst_desc())}});
    const auto weights =
        backward_of<convolution_backward_weights>(engine, forward, direct, x, w, y, strides, padding, padding);
    add(convolution_backward_weights(weights), {{DNNL_ARG_SRC, make(weights.src_desc())},
                                                {DNNL_ARG_DIFF_WEIGHTS, make(weights.diff_weights_desc())},
                                                {DNNL_ARG_DIFF_DST, make(weights.diff_dst_desc())}});
#if DNNL_VERSION_MAJOR >= 3
    const pooling_forward::primitive_desc pool(engine, prop_kind::forward_training, algorithm::pooling_max,
                                               forward.dst_desc(), half, two, two, none, none, none);
    const pooling_backward::primitive_desc unpool(engine, algorithm::pooling_max, pool.src_desc(), pool.dst_desc(), two,
                                                  two, none, none, none, pool);
#else
    const auto pool = forward_of<pooling_forward>(engine, prop_kind::forward_training, algorithm::pooling_max,
                                                  forward.dst_desc(), half, two, two, none, none);
    const auto unpool = backward_of<pooling_backward>(engine, pool, algorithm::pooling_max, pool.src_desc(),
                                                      pool.dst_desc(), two, two, none, none);
#endif
    const memory chosen = make(pool.workspace_desc());
    add(pooling_forward(pool),
        {{DNNL_ARG_SRC, make(pool.src_desc())}, {DNNL_ARG_DST, make(pool.dst_desc())}, {DNNL_ARG_WORKSPACE, chosen}});
    add(pooling_backward(unpool), {{DNNL_ARG_DIFF_SRC, make(unpool.diff_src_desc())},
                                   {DNNL_ARG_DIFF_DST, make(unpool.diff_dst_desc())},
                                   {DNNL_ARG_WORKSPACE, chosen}});
    if (first) return;
    const auto data =
        backward_of<convolution_backward_data>(engine, forward, direct, x, w, y, strides, padding, padding);
    add(convolution_backward_data(data), {{DNNL_ARG_DIFF_SRC, make(data.diff_src_desc())},
                                          {DNNL_ARG_WEIGHTS, make(data.weights_desc())},
                                          {DNNL_ARG_DIFF_DST, make(data.diff_dst_desc())}});
  }

  std::vector<Call>& calls() { return calls_; }

 private:
  memory make(const memory::desc& description) {
    memory result(description, engine_);
    std::memset(result.get_data_handle(), 0, description.get_size());
    return result;
  }
  void add(dnnl::primitive primitive, std::unordered_map<int, memory> arguments) {
    calls_.push_back({std::move(primitive), std::move(arguments)});
  }

  dnnl::engine engine_;
  std::vector<Call> calls_;
};

struct Convolutions {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  int threads;
  std::vector<Call> calls;

  Convolutions(const Network& network, int threads_) : threads(threads_) {
    const xtape::kernels::ThreadLimit limit(threads);
    std::int64_t side = Network::image_side, channels = 1;
    for (const std::int64_t filters : network.filters) {
      const bool first = channels == 1;
      Layer own(engine, network.batch, side, channels, filters, memory::format_tag::any, first);
      Layer last(engine, network.batch, side, channels, filters, memory::format_tag::nhwc, first);
      for (std::size_t i = 0; i < own.calls().size(); ++i) {
        Call &a = own.calls()[i], &b = last.calls()[i];
        calls.push_back(seconds(a) < seconds(b) ? std::move(a) : std::move(b));
      }
      side /= 2;
      channels = filters;
    }
  }

  void run(Call& call) {
    call.primitive.execute(stream, call.arguments);
    stream.wait();
  }

  double seconds(Call& call) {
    std::vector<double> times;
    for (int round = 0; round < (trials + 1) / 2; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      run(call);
      times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }
};

}  // namespace

std::function<void()> convolution_floor(const Network& network, int threads) {
  if (network.filters.empty()) return {};
  return [convolutions = std::make_shared<Convolutions>(network, threads)] {
    const xtape::kernels::ThreadLimit limit(convolutions->threads);
    for (auto& call : convolutions->calls) convolutions->run(call);
  };
}

}  // namespace bench

#else

namespace bench {

std::function<void()> convolution_floor(const Network&, int) { return {}; }

}  // namespace bench

#endif
