#include "ops/whole_numbers.hpp"

#include <cmath>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"

namespace xtape::detail {

Tensor whole_numbers(const char* op, const char* what, const Tensor& x) {
  if (is_floating(x.dtype())) {
    launch(
        LaunchKind::throws,
        [op, what](Read ids) {
          const double* values = ids.data<double>();
          for (std::int64_t i = 0; i < ids.size(); ++i) {
            if (values[i] != std::trunc(values[i]) || !std::isfinite(values[i])) {
              fail<ValueError>(op, "{} {} at position {} is not an integer", what, values[i], i);
            }
          }
        },
        convert(x, float64));
  }
  return convert(x, int64);
}

}  // namespace xtape::detail
