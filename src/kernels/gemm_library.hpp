#pragma once

#include <cstdint>

namespace xtape::kernels {

/// The arguments of a product, as gemm() describes them, and what follows it: bias and relu.
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

/// The product by one library on that many threads, without bias and relu. False where the library cannot compute it:
/// oneDNN is not there, or BLAS's int is too small for the sizes.
bool onednn_gemm(const Product<float>& g, int threads);
bool blas_gemm(const Product<float>& g, int threads);
bool blas_gemm(const Product<double>& g, int threads);

/// The product by the faster library: oneDNN for float32 where it is there, else BLAS. A long inner dimension is
/// cut into pieces whose products are added in double.
bool library_gemm(const Product<float>& g, int threads);
inline bool library_gemm(const Product<double>& g, int threads) { return blas_gemm(g, threads); }

}  // namespace xtape::kernels
