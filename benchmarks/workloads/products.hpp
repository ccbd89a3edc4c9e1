#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gemm_library.hpp"

namespace bench {

/// How often each variant of a product or convolution is measured; 1 in smoke tests.
inline int trials = 21;

/// Matrix products, each by the faster of oneDNN and BLAS on one or all threads, as measured.
class Products {
 public:
  /// Adds c = op(a) op(b), where op(a) is m x k; `count` such products on consecutive matrices.
  void add(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b,
           float* c, std::int64_t count = 1);
  /// Measures all variants within whole rounds, so that the caches are in a realistic state.
  void choose(int threads);
  void run() const;

  /// The left operand of product i, which the caller may replace.
  const float*& left(std::size_t i) { return calls_[i].product.a; }

 private:
  using Library = bool (*)(const xtape::kernels::Product<float>&, int);
  struct Way {
    Library library = nullptr;
    int threads = 1;
  };
  struct Call {
    xtape::kernels::Product<float> product;
    std::int64_t count;
    Way way;
  };
  static void run(const Call& call, const Way& way);

  std::vector<Call> calls_;
};

}  // namespace bench
