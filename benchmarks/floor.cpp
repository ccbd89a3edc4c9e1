#include "floor.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "convolution_floor.hpp"
#include "kernels/adam.hpp"
#include "kernels/gemm_library.hpp"

namespace bench {
namespace {

using xtape::kernels::Product;

class Floor {
 public:
  Floor(const Network& network, int threads, std::function<void()> convolutions)
      : convolutions_(std::move(convolutions)) {
    const std::int64_t batch = network.batch;
    const auto& widths = network.widths;
    std::int64_t parameters = 0, channels = 1;
    for (const std::int64_t filters : network.filters) {
      parameters += (Network::kernel_side * Network::kernel_side * channels + 1) * filters;
      channels = filters;
    }
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) parameters += (widths[l] + 1) * widths[l + 1];
    for (auto* array : {&p_, &g_, &m_, &v_}) array->assign(static_cast<std::size_t>(parameters), 0.01f);
    for (const std::int64_t width : widths) {
      x_.emplace_back(static_cast<std::size_t>(batch * width), 0.5f);
      dx_.emplace_back(static_cast<std::size_t>(batch * width), 0.01f);
    }
    std::int64_t offset = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const std::int64_t in = widths[l];
      const std::int64_t out = widths[l + 1];
      const float* w = p_.data() + offset;
      add(false, false, batch, out, in, x_[l].data(), w, x_[l + 1].data());
      add(true, false, in, out, batch, x_[l].data(), dx_[l + 1].data(), g_.data() + offset);
      if (l > 0 || !network.filters.empty()) add(false, true, batch, in, out, dx_[l + 1].data(), w, dx_[l].data());
      offset += (in + 1) * out;
    }
    // As many inputs as a network is trained on: they do not stay in the nearest cache.
    if (network.filters.empty()) {
      for (int i = 0; i < batches_in_turn; ++i) inputs_.push_back(x_[0]);
    }
    choose(threads);
  }

  void step() {
    if (convolutions_) convolutions_();
    if (!inputs_.empty()) calls_[0].product.a = calls_[1].product.a = inputs_[next_++ % inputs_.size()].data();
    for (const auto& call : calls_) call.way.library(call.product, call.way.threads);
    xtape::kernels::adam(static_cast<std::int64_t>(p_.size()), p_.data(), g_.data(), m_.data(), v_.data(), 0.001f, 0.9f,
                         0.999f, 1e-7f);
  }

 private:
  using Library = bool (*)(const Product<float>&, int);
  struct Way {
    Library library;
    int threads;
  };
  struct Call {
    Product<float> product;
    Way way;
  };

  void add(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float* c) {
    calls_.push_back({{ta, tb, m, n, k, 1.0f, a, ta ? m : k, b, tb ? k : n, 0.0f, c, n, nullptr, false}, {}});
  }

  /// Tries all ways within whole steps, so that the caches are as they will be.
  void choose(int threads) {
    std::vector<Way> ways = {{xtape::kernels::blas_gemm, 1}};
    if (xtape::kernels::onednn_gemm(calls_.front().product, 1)) ways.push_back({xtape::kernels::onednn_gemm, 1});
    if (threads > 1) {
      for (std::size_t i = ways.size(); i > 0; --i) ways.push_back({ways[i - 1].library, threads});
    }
    constexpr int rounds = 21;
    std::vector<double> best(calls_.size(), std::numeric_limits<double>::infinity());
    for (const Way& way : ways) {
      std::vector<std::vector<double>> times(calls_.size());
      for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < calls_.size(); ++i) {
          const auto begin = std::chrono::steady_clock::now();
          way.library(calls_[i].product, way.threads);
          times[i].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        }
      }
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        std::sort(times[i].begin(), times[i].end());
        if (times[i][rounds / 2] >= best[i]) continue;
        best[i] = times[i][rounds / 2];
        calls_[i].way = way;
      }
    }
  }

  std::function<void()> convolutions_;
  std::vector<float> p_, g_, m_, v_;
  std::vector<std::vector<float>> x_, dx_, inputs_;
  std::size_t next_ = 0;
  std::vector<Call> calls_;
};

}  // namespace

std::function<void()> floor_step(const Network& network, int threads) {
  auto convolutions = convolution_floor(network, threads);
  if (!network.filters.empty() && !convolutions) return {};
  return [floor = std::make_shared<Floor>(network, threads, std::move(convolutions))] { floor->step(); };
}

}  // namespace bench
