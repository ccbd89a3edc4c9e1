#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The arguments of a product, as gemm() describes them, with what is to happen to its result.
template <class T>
struct Product {
  bool trans_a;
  bool trans_b;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  T alpha;
  const T* a;
  std::int64_t lda;
  const T* b;
  std::int64_t ldb;
  T beta;
  T* c;
  std::int64_t ldc;
  const T* bias;
  bool relu;
};

/// The product by oneDNN or BLAS on that many threads, bias and relu left out. False where neither can take it.
bool library_gemm(const Product<float>& g, int threads);
bool library_gemm(const Product<double>& g, int threads);

}  // namespace xtape::kernels
