#include "xtape/regularizers/orthogonal_regularizer.hpp"

#include <algorithm>

#include "regularizers/factor.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::regularizers {
namespace {

constexpr const char* name = "OrthogonalRegularizer";
constexpr double least_square = 1e-14;  // the square of keras.config.epsilon()

}  // namespace

void OrthogonalRegularizer::check() const {
  detail::check_factor(name, "factor", factor);
  if (mode == "rows" || mode == "columns") return;
  detail::fail<ValueError>(
      name, R"(Invalid value for argument `mode`. Expected one of {{"rows", "columns"}}. Received: mode={})", mode);
}

Tensor OrthogonalRegularizer::operator()(const Tensor& w) const {
  check();
  if (w.rank() != 2) {
    detail::fail<ValueError>(name, "Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={}",
                             w.shape());
  }
  const bool rows = mode == "rows";
  const Tensor unit = nn::l2_normalize(w, rows ? 1 : 0, least_square);
  const Tensor cosines = matmul(unit, unit, {.transpose_a = !rows, .transpose_b = rows});
  const std::int64_t size = cosines.shape(0);
  const auto ordered_pairs = static_cast<double>(std::max<std::int64_t>(1, size * (size - 1)));
  return reduce_sum(abs(cosines * (1 - eye(size, size, w.dtype())))) * (factor / ordered_pairs);
}

}  // namespace xtape::regularizers
