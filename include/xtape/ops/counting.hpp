#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Which elements there are, how many of them and where. Indices and counts are int64 and have no gradients. The shapes
// of the results of argwhere, nonzero, unique, and of bincount without a length, depend on elements: a function() that
// calls these is not replayed, and a model of symbolic tensors cannot contain them.
namespace xtape {

/// The places of the elements that are not 0, in order, one in each row: [count, rank] (np.argwhere, tf.where of a
/// condition). Of every dtype; NaN is not 0.
Tensor argwhere(const Tensor& x);
/// The same places as one vector for each axis (np.nonzero). Throws a ValueError for a scalar.
Tensors nonzero(const Tensor& x);

/// What unique returns.
struct Unique {
  Tensor values;   ///< [count], ascending; NaN, at the end, counts as one value
  Tensor indices;  ///< [count]: where in flatten(x) each value stands first
  Tensor inverse;  ///< the shape of x: gather(values, inverse) is x
  Tensor counts;   ///< [count]: how often each value occurs
};
/// The different elements of x (np.unique with all its results), of every dtype. The gradient of `values` goes to the
/// first element of each value.
Unique unique(const Tensor& x);

/// Keyword arguments of bincount.
struct BincountOptions {
  std::int64_t minlength = 0;               ///< the result has at least this size
  std::optional<std::int64_t> length = {};  ///< its size; larger numbers are not counted. None: 1 + the largest number

  XTAPE_FIELDS(minlength, length)
};
/// How often each of the numbers 0, 1, 2, ... occurs in a vector of integers (np.bincount), or the sums of their
/// weights, a tensor of the same shape, which gets a gradient. Throws a ValueError for a negative number, another rank
/// or a negative length.
Tensor bincount(const Tensor& x, const BincountOptions& options = {});
Tensor bincount(const Tensor& x, const Tensor& weights, const BincountOptions& options = {});

/// Keyword arguments of searchsorted.
struct SearchsortedOptions {
  std::string side = "left";  ///< or "right"

  XTAPE_FIELDS(side)
};
/// Where values would have to be inserted into ascending numbers to keep their order (np.searchsorted): the number of
/// elements that are below a value ("left"), or not above it ("right"). A vector [n] serves values of any shape;
/// numbers
/// [..., n] serve values [..., m] with the same leading axes (tf.searchsorted). NaN counts as the largest number.
/// Throws a ValueError for other shapes and sides, a TypeError for two different dtypes.
Tensor searchsorted(const Tensor& sorted_sequence, const Tensor& values, const SearchsortedOptions& options = {});

/// What histogram returns.
struct Histogram {
  Tensor counts;  ///< int64 [bins]
  Tensor edges;   ///< [bins + 1], in x's dtype, of integers in float64
};
/// Keyword arguments of histogram.
struct HistogramOptions {
  std::int64_t bins = 10;
  std::optional<std::array<double, 2>> range = {};  ///< none: from the smallest to the largest element

  XTAPE_FIELDS(bins, range)
};
/// The numbers of elements in bins of equal width over a range (np.histogram). A bin has its lower edge and not its
/// upper one, but the last has both. Elements outside the range, and NaN, are not counted. A range of width 0 is
/// widened by 0.5 to both sides. Throws a ValueError for bins < 1, a range that is descending or not finite, also one
/// of x.
Histogram histogram(const Tensor& x, const HistogramOptions& options = {});

}  // namespace xtape
