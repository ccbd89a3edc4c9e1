#pragma once

#include <cstdint>

// Means, variances and what is normalised with them, over the rows of [rows, n] (layer normalisation) or over its
// columns (batch normalisation). Variances are means of squared differences from the mean. Sums are made in
// blocks of a fixed size, so they are the same for any number of threads. T is float or double; gamma and beta may be
// null.
namespace xtape::kernels {

template <class T>
void row_moments(const T* x, T* mean, T* variance, std::int64_t rows, std::int64_t n);
template <class T>
void column_moments(const T* x, T* mean, T* variance, std::int64_t rows, std::int64_t n);

/// y = (x - mean) scale gamma + beta, with scale = 1 / sqrt(variance + epsilon); mean and scale of each row are set.
template <class T>
void layer_norm(const T* x, const T* gamma, const T* beta, T* y, T* mean, T* scale, std::int64_t rows, std::int64_t n,
                double epsilon);
/// The gradient for x: scale (g - mean(g) - h mean(g h)) with g = dy gamma, h = (x - mean) scale. Those for gamma and
/// beta: the sums over the rows of dy h and of dy. dx, or dgamma and dbeta together, may be null: not wanted.
template <class T>
void layer_norm_grad(const T* dy, const T* x, const T* gamma, const T* mean, const T* scale, T* dx, T* dgamma, T* dbeta,
                     std::int64_t rows, std::int64_t n);

/// y = (x - mean) factor + beta for each column.
template <class T>
void normalize_columns(const T* x, const T* mean, const T* factor, const T* beta, T* y, std::int64_t rows,
                       std::int64_t n);
/// The same gradients for columns.
template <class T>
void batch_norm_grad(const T* dy, const T* x, const T* gamma, const T* mean, const T* scale, T* dx, T* dgamma, T* dbeta,
                     std::int64_t rows, std::int64_t n);

}  // namespace xtape::kernels
