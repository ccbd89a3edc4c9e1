#pragma once

#include <cstdint>

// Softmax of the rows of [rows, n], from x - max(x). Rows of a NaN or of only -inf are NaN; +inf gives NaN, as in the
// definition.
namespace xtape::kernels {

template <class T>
void softmax(const T* x, T* y, std::int64_t rows, std::int64_t n);
/// The gradient for x: y (dy - sum(dy y)).
template <class T>
void softmax_grad(const T* dy, const T* y, T* dx, std::int64_t rows, std::int64_t n);
template <class T>
void log_softmax(const T* x, T* y, std::int64_t rows, std::int64_t n);
/// y = log(sum e^x) of each row: -inf of a row of only -inf, +inf of one with +inf.
template <class T>
void log_sum_exp(const T* x, T* y, std::int64_t rows, std::int64_t n);

/// loss = log(sum e^x) - x[label] and p = softmax(x) of each row; labels are in range.
template <class T>
void sparse_cross_entropy(const T* x, const std::int64_t* labels, T* loss, T* p, std::int64_t rows, std::int64_t n);
/// loss = sum_j labels_j (log(sum e^x) - x_j), a label of 0 contributing 0, and p = softmax(x) of each row.
template <class T>
void cross_entropy(const T* x, const T* labels, T* loss, T* p, std::int64_t rows, std::int64_t n);

}  // namespace xtape::kernels
