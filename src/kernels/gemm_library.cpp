#include "kernels/gemm_library.hpp"

#include <algorithm>
#include <limits>
#include <mutex>

#include <xtensor-blas/xblas.hpp>

#include "kernels/long_products.hpp"
#include "kernels/parallel.hpp"
#include "kernels/thread_limit.hpp"

#ifdef XTAPE_HAS_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

// Weak: other BLAS libraries do not have them.
extern "C" {
[[gnu::weak]] int openblas_get_parallel();
[[gnu::weak]] void openblas_set_num_threads(int);
}

// The libraries' products, each call on one thread of the library: our threads have a block of c each (gemm.cpp).
namespace xtape::kernels {
namespace {

/// OpenBLAS's pthread build has a second pool of threads, which would compete with ours for the cores; the OpenMP build
/// obeys ThreadLimit.
void turn_off_blas_threads() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (openblas_get_parallel != nullptr && openblas_set_num_threads != nullptr && openblas_get_parallel() == 1) {
      openblas_set_num_threads(1);
    }
  });
}

template <class T>
bool by_blas(const Product<T>& g, int threads) {
  if (std::max({g.m, g.n, g.k, g.lda, g.ldb, g.ldc}) > std::numeric_limits<int>::max()) return false;
  turn_off_blas_threads();
  const bool by_rows = g.m >= g.n;
  const std::int64_t pieces = threads;
  const std::int64_t all = by_rows ? g.m : g.n;
  const std::int64_t piece = ((all + pieces - 1) / pieces + 15) / 16 * 16;
  parallel_rows(pieces, 1, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t begin = std::min(all, first * piece);
    const std::int64_t size = std::min(all, last * piece) - begin;
    if (size <= 0) return;
    const ThreadLimit one(1);
    const T* a = by_rows ? g.a + begin * (g.trans_a ? 1 : g.lda) : g.a;
    const T* b = by_rows ? g.b : g.b + begin * (g.trans_b ? g.ldb : 1);
    T* c = g.c + begin * (by_rows ? g.ldc : 1);
    cxxblas::gemm<int>(cxxblas::RowMajor, g.trans_a ? cxxblas::Trans : cxxblas::NoTrans,
                       g.trans_b ? cxxblas::Trans : cxxblas::NoTrans, static_cast<int>(by_rows ? size : g.m),
                       static_cast<int>(by_rows ? g.n : size), static_cast<int>(g.k), g.alpha, a,
                       static_cast<int>(g.lda), b, static_cast<int>(g.ldb), g.beta, c, static_cast<int>(g.ldc));
  });
  return true;
}

}  // namespace

bool library_gemm(const Product<float>& g, int threads) {
  // Inside, libraries add the sums of some hundred elements to c; but for a product of up to 10^6 OpenBLAS adds one
  // element after another.
  constexpr std::int64_t max_run = 4096, small_product = 1'000'000;
  const std::int64_t longest = g.m * g.n > small_product / max_run ? 65536 : max_run;
  const auto call = [threads](const Product<float>& p) { return onednn_gemm(p, threads) || blas_gemm(p, threads); };
  if (g.k <= longest) return call(g);
  bool taken = true;
  sum_pieces(
      g.m, g.n, g.k, longest,
      [&](std::int64_t begin, std::int64_t end, float* part) {
        Product<float> p = g;
        p.k = end - begin;
        p.a += begin * (g.trans_a ? g.lda : 1);
        p.b += begin * (g.trans_b ? 1 : g.ldb);
        p.alpha = 1;
        p.beta = 0;
        p.c = part;
        p.ldc = g.n;
        taken = taken && call(p);
      },
      [&](std::int64_t i, const double* sums) {
        float* const row = g.c + i * g.ldc;
        for (std::int64_t j = 0; taken && j < g.n; ++j) {
          const double before = g.beta == 0 ? 0 : static_cast<double>(g.beta) * static_cast<double>(row[j]);
          row[j] = static_cast<float>(static_cast<double>(g.alpha) * sums[j] + before);
        }
      });
  return taken;
}

#ifdef XTAPE_HAS_ONEDNN
bool onednn_gemm(const Product<float>& g, int threads) {
  const ThreadLimit limit(threads);
  return dnnl_sgemm(g.trans_a ? 'T' : 'N', g.trans_b ? 'T' : 'N', g.m, g.n, g.k, g.alpha, g.a, g.lda, g.b, g.ldb,
                    g.beta, g.c, g.ldc) == dnnl_success;
}
#else
bool onednn_gemm(const Product<float>&, int) { return false; }
#endif

bool blas_gemm(const Product<float>& g, int threads) { return by_blas(g, threads); }
bool blas_gemm(const Product<double>& g, int threads) { return by_blas(g, threads); }

}  // namespace xtape::kernels
