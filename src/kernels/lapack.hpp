#pragma once

namespace xtape::kernels {

// Functions of LAPACK for one matrix, float or double. Matrices are row-major without gaps, and no size is 0. Any
// number of threads may call at once.

/// Throws a RuntimeError for the function `op` where xtape was built without LAPACK. Every op asks before the functions
/// below are called.
void need_lapack(const char* op);

/// a (n x n) becomes its LU decomposition, as lu_solve and lu_inverse take it, with n pivots. Returns whether a is
/// singular: a pivot is 0.
template <class T>
bool lu(int n, T* a, int* pivots);
/// b (n x columns) becomes a^-1 b, or a^-T b, for the a that lu() decomposed.
template <class T>
void lu_solve(int n, int columns, bool transposed, const T* a, const int* pivots, T* b);
/// a becomes the inverse of what lu() decomposed.
template <class T>
void lu_inverse(int n, T* a, const int* pivots);

/// a (n x n), of which only the lower triangle is read, becomes the lower triangular L of a = L L^T. False where a is
/// not positive definite.
template <class T>
bool cholesky(int n, T* a);

/// b (n x columns) becomes a^-1 b, or a^-T b, for a triangular a without zeros on its diagonal.
template <class T>
void triangular_solve(int n, int columns, bool lower, bool transposed, const T* a, T* b);

/// a = q r with k = min(m, n): q is m x k, r is k x n. a (m x n) is overwritten.
template <class T>
void qr(int m, int n, T* a, T* q, T* r);

/// a = u diag(s) v^T with k = min(m, n): u is m x k, v is n x k, s descends. a (m x n) is overwritten. False where the
/// iteration did not converge.
template <class T>
bool svd(int m, int n, T* a, T* s, T* u, T* v);

/// The symmetric a (n x n), of which only the lower triangle is read, becomes the matrix whose columns are its
/// eigenvectors; w are its eigenvalues, ascending. False where the iteration did not converge.
template <class T>
bool eigh(int n, T* a, T* w);

}  // namespace xtape::kernels
