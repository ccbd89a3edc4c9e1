#include "workloads/products.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "kernels/parallel.hpp"

namespace bench {

void Products::add(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                   const float* b, float* c, std::int64_t count) {
  calls_.push_back(
      {{trans_a, trans_b, m, n, k, 1.0f, a, trans_a ? m : k, b, trans_b ? k : n, 0.0f, c, n, nullptr, false},
       count,
       {}});
}

void Products::run(const Call& call, const Way& way) {
  if (call.count == 1) {
    way.library(call.product, way.threads);
    return;
  }
  const auto some = [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      auto product = call.product;
      product.a += i * product.m * product.k;
      product.b += i * product.k * product.n;
      product.c += i * product.m * product.n;
      way.library(product, 1);
    }
  };
  if (way.threads == 1) {
    some(0, call.count);
  } else {
    xtape::kernels::parallel_rows(call.count, 1, some);
  }
}

void Products::choose(int threads) {
  std::vector<Way> ways = {{xtape::kernels::blas_gemm, 1}};
  if (xtape::kernels::onednn_gemm(calls_.front().product, 1)) ways.push_back({xtape::kernels::onednn_gemm, 1});
  if (threads > 1) {
    for (std::size_t i = ways.size(); i > 0; --i) ways.push_back({ways[i - 1].library, threads});
  }
  const auto rounds = static_cast<std::size_t>(trials);
  std::vector<double> best(calls_.size(), std::numeric_limits<double>::infinity());
  for (const Way& way : ways) {
    std::vector<std::vector<double>> times(calls_.size());
    for (std::size_t round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        const auto begin = std::chrono::steady_clock::now();
        run(calls_[i], way);
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

void Products::run() const {
  for (const Call& call : calls_) run(call, call.way);
}

}  // namespace bench
