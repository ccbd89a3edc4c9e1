// Links with OpenBLAS only; prints which threads that build of it starts.
#include <cstdio>

extern "C" int openblas_get_parallel();

int main() {
  const char* const threads[] = {"serial", "pthread", "openmp"};
  const int parallel = openblas_get_parallel();
  std::printf("OpenBLAS (%s)\n", parallel >= 0 && parallel <= 2 ? threads[parallel] : "unknown threads");
}
