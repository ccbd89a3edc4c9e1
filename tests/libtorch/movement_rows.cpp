#include <limits>

#include "libtorch/compare.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/along_axis.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/counting.hpp"
#include "xtape/ops/covariance.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nan_statistics.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/quantile.hpp"
#include "xtape/ops/rearrange.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/segments.hpp"
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
      {"quantile",
       {{3, 5}},
       [](X x) {
         return quantile(x[0], constant({0.1, 0.6, 1.0}, float64), 1);
       }},
      {"median, higher", {{3, 4}}, [](X x) { return quantile(x[0], 0.5, 1, {.method = "higher"}); }},
      {"cov", {{3, 5}}, [](X x) { return cov(x[0]); }},
      {"corrcoef", {{3, 5}}, [](X x) { return corrcoef(x[0]); }},
      {"nanmean", {{3, 4}}, [](X x) { return nanmean(log(x[0]), 1); }},
      {"nansum", {{3, 4}}, [](X x) { return nansum(log(x[0]), 1); }},
      {"diff", {{3, 6}}, [](X x) { return diff(x[0], 2); }},
      {"rot90", {{3, 4, 2}}, [](X x) { return rot90(x[0], 1, 0, 2); }},
      {"take_along_axis",
       {{3, 4}},
       [](X x) {
         return take_along_axis(x[0], constant({{2, 0}, {3, 3}, {1, 2}}), 1);
       }},
      {"put_along_axis",
       {{3, 4}, {3, 1}},
       [](X x) {
         return put_along_axis(x[0], constant({{2}, {3}, {1}}), x[1], 1);
       }},
      {"searchsorted", {{3, 4}, {3, 5}}, [](X x) { return cast(searchsorted(sort(x[0]), x[1]), float64); }},
      {"bincount",
       {{4}},
       [](X x) {
         return bincount(constant({2, 0, 2, 4}), x[0], {.length = 5});
       }},
      {"unsorted_segment_sum",
       {{4, 2}},
       [](X x) {
         return unsorted_segment_sum(x[0], constant({2, 0, 2, 1}), 3);
       }},
      {"unsorted_segment_max",
       {{4, 2}},
       [](X x) {
         return unsorted_segment_max(x[0], constant({2, 0, 2, 1}), 3);
       }},
      {"inner", {{2, 3}, {4, 3}}, [](X x) { return inner(x[0], x[1]); }},
      {"kron", {{2, 3}, {3, 2}}, [](X x) { return kron(x[0], x[1]); }},
      {"cross", {{2, 3}, {2, 3}}, [](X x) { return cross(x[0], x[1]); }},
      {"grid_sample", {{2, 3, 4, 2}, {2, 2, 3, 2}}, [](X x) { return image::grid_sample(x[0], x[1]); }, -1.4, 1.4},
      {"grid_sample, reflection",
       {{2, 3, 4, 2}, {2, 2, 3, 2}},
       [](X x) { return image::grid_sample(x[0], x[1], {.padding_mode = "reflection", .align_corners = true}); }},
  };
}

}  // namespace xtape::libtorch
