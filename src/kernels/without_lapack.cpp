#include "base/without.hpp"
#include "kernels/lapack.hpp"

namespace xtape::kernels {
namespace {

[[noreturn]] void fail_without_lapack(const char* op) {
  detail::fail_without(op, "LAPACK", "XTAPE_LAPACK", "libopenblas-dev or liblapack-dev");
}

}  // namespace

void need_lapack(const char* op) { fail_without_lapack(op); }

template <class T>
bool lu(int, T*, int*) {
  fail_without_lapack("lu");
}
template <class T>
void lu_solve(int, int, bool, const T*, const int*, T*) {
  fail_without_lapack("lu_solve");
}
template <class T>
void lu_inverse(int, T*, const int*) {
  fail_without_lapack("lu_inverse");
}
template <class T>
bool cholesky(int, T*) {
  fail_without_lapack("cholesky");
}
template <class T>
void triangular_solve(int, int, bool, bool, const T*, T*) {
  fail_without_lapack("triangular_solve");
}
template <class T>
void qr(int, int, T*, T*, T*) {
  fail_without_lapack("qr");
}
template <class T>
bool svd(int, int, T*, T*, T*, T*) {
  fail_without_lapack("svd");
}
template <class T>
bool eigh(int, T*, T*) {
  fail_without_lapack("eigh");
}

#define XTAPE_INSTANTIATE(T)                                          \
  template bool lu(int, T*, int*);                                    \
  template void lu_solve(int, int, bool, const T*, const int*, T*);   \
  template void lu_inverse(int, T*, const int*);                      \
  template bool cholesky(int, T*);                                    \
  template void triangular_solve(int, int, bool, bool, const T*, T*); \
  template void qr(int, int, T*, T*, T*);                             \
  template bool svd(int, int, T*, T*, T*, T*);                        \
  template bool eigh(int, T*, T*);
XTAPE_INSTANTIATE(float)
XTAPE_INSTANTIATE(double)
#undef XTAPE_INSTANTIATE

}  // namespace xtape::kernels
