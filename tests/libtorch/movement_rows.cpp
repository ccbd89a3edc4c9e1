#include <limits>

#include "libtorch/compare.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"

namespace xtape::libtorch {

using X = const std::vector<Tensor>&;

std::vector<Row> movement_rows() {
  return {
      {"reshape",
       {{3, 4}},
       [](X x) {
         return reshape(x[0], {2, -1});
       }},
      {"expand_dims", {{3, 4}}, [](X x) { return expand_dims(x[0], 1); }},
      {"squeeze", {{3, 1, 4}}, [](X x) { return squeeze(x[0], 1); }},
      {"transpose",
       {{2, 3, 4}},
       [](X x) {
         return transpose(x[0], {2, 0, 1});
       }},
      {"swapaxes", {{2, 3, 4}}, [](X x) { return swapaxes(x[0], 0, 2); }},
      {"moveaxis", {{2, 3, 4}}, [](X x) { return moveaxis(x[0], 0, 2); }},
      {"concat",
       {{2, 3}, {2, 2}},
       [](X x) {
         return concat({x[0], x[1]}, 1);
       }},
      {"stack",
       {{2, 3}, {2, 3}},
       [](X x) {
         return stack({x[0], x[1]}, 1);
       }},
      {"slice",
       {{4, 5}},
       [](X x) {
         return slice(x[0], {1, 2}, {2, 3});
       }},
      {"strided slice",
       {{4, 5}},
       [](X x) {
         return strided_slice(x[0], {0, 1}, {4, 5}, {2, 3});
       }},
      {"split",
       {{4, 5}},
       [](X x) {
         return split(x[0], {2, 3}, 1)[1];
       }},
      {"gather",
       {{4, 3}},
       [](X x) {
         return gather(x[0], constant({2, 0, 2, 3}), 0);
       }},
      {"tensor_scatter_add",
       {{4, 3}, {3, 3}},
       [](X x) {
         return tensor_scatter_add(x[0], constant({{2}, {0}, {2}}), x[1]);
       }},
      {"boolean_mask",
       {{4}},
       [](X x) {
         return boolean_mask(x[0], constant({true, false, true, true}));
       }},
      {"broadcast_to",
       {{3, 1}},
       [](X x) {
         return broadcast_to(x[0], {2, 3, 4});
       }},
      {"tile",
       {{2, 3}},
       [](X x) {
         return tile(x[0], {3, 2});
       }},
      {"repeat", {{2, 3}}, [](X x) { return repeat(x[0], 3, 1); }},
      {"reverse",
       {{2, 3}},
       [](X x) {
         return reverse(x[0], {0, 1});
       }},
      {"roll", {{2, 5}}, [](X x) { return roll(x[0], 2, 1); }},
      {"tril", {{4, 5}}, [](X x) { return tril(x[0], 1); }},
      {"triu", {{4, 5}}, [](X x) { return triu(x[0], -1); }},
      {"pad, constant",
       {{2, 3}},
       [](X x) {
         return pad(x[0], {{1, 2}, {0, 3}}, {.constant_values = 1.5});
       }},
      {"pad, reflect",
       {{1, 2, 4}},
       [](X x) {
         return pad(x[0], {{0, 0}, {0, 0}, {3, 2}}, {.mode = "reflect"});
       }},
      {"diag", {{4}}, [](X x) { return linalg::diag(x[0], 1); }},
      {"diag_part", {{4, 5}}, [](X x) { return linalg::diag_part(x[0]); }},
      {"trace", {{4, 4}}, [](X x) { return linalg::trace(x[0]); }},

      {"flatten", {{2, 3}}, [](X x) { return flatten(x[0]); }},
      {"unstack", {{2, 3}}, [](X x) { return unstack(x[0], 1)[2]; }},
      {"meshgrid",
       {{3}, {4}},
       [](X x) {
         return meshgrid({x[0], x[1]})[1];
       }},
      {"index",
       {{4, 2, 3}},
       [](X x) {
         return index(x[0], {Slice{1, {}, 2}, ellipsis, 1, newaxis});
       }},
      {"gather_nd",
       {{3, 2}},
       [](X x) {
         return gather_nd(x[0], constant({{2, 1}, {0, 1}, {2, 1}}));
       }},
      {"scatter_nd",
       {{3, 3}},
       [](X x) {
         return scatter_nd(constant({{2}, {0}, {2}}), x[0], {4, 3});
       }},
      {"tensor_scatter_update",
       {{4, 3}, {2, 3}},
       [](X x) {
         return tensor_scatter_update(x[0], constant({{2}, {0}}), x[1]);
       }},
      {"band_part", {{4, 5}}, [](X x) { return linalg::band_part(x[0], 1, 2); }},
      {"set_diag", {{3, 4}, {3}}, [](X x) { return linalg::set_diag(x[0], x[1]); }},
      {"argmax", {{3, 4}}, [](X x) { return cast(argmax(x[0], 1), float64); }},
      {"argmin", {{3, 4}}, [](X x) { return cast(argmin(x[0], 0), float64); }},
      {"argsort", {{3, 4}}, [](X x) { return cast(argsort(x[0]), float64); }},

      {"reduce_sum",
       {{2, 3, 4}},
       [](X x) {
         return reduce_sum(x[0], {0, 2});
       }},
      {"reduce_mean", {{2, 3, 4}}, [](X x) { return reduce_mean(x[0], 1, true); }},
      {"reduce_prod", {{3, 4}}, [](X x) { return reduce_prod(x[0], 1); }},
      {"reduce_max", {{3, 4}}, [](X x) { return reduce_max(x[0], 1); }},
      {"reduce_min", {{3, 4}}, [](X x) { return reduce_min(x[0], 0); }},
      {"reduce_logsumexp", {{3, 4}}, [](X x) { return reduce_logsumexp(x[0], 1); }, -30, 30},
      {"reduce_variance", {{3, 4}}, [](X x) { return reduce_variance(x[0], 1); }},
      {"reduce_std", {{3, 4}}, [](X x) { return reduce_std(x[0], 0, true); }},
      {"norm", {{3, 4}}, [](X x) { return norm(x[0], {}, 1); }},
      {"norm, 1", {{3, 4}}, [](X x) { return norm(x[0], {.ord = 1}, 1); }},
      {"norm, 3", {{3, 4}}, [](X x) { return norm(x[0], {.ord = 3}); }},
      {"norm, infinity", {{3, 4}}, [](X x) { return norm(x[0], {.ord = std::numeric_limits<double>::infinity()}, 1); }},
      {"cumsum", {{3, 4}}, [](X x) { return cumsum(x[0], 1); }},
      {"cumprod", {{3, 4}}, [](X x) { return cumprod(x[0], 1); }},
      {"sort", {{3, 4}}, [](X x) { return sort(x[0]); }},
      {"sort, descending", {{3, 4}}, [](X x) { return sort(x[0], 0, SortDirection::descending); }},
      {"top_k", {{3, 6}}, [](X x) { return top_k(x[0], 3).values; }},
  };
}

}  // namespace xtape::libtorch
