#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::data {

/// Lists of word numbers or other integers, of different lengths.
using Sequences = std::vector<std::vector<std::int32_t>>;

}  // namespace xtape::data

/// The helpers of keras.utils for data in memory. They are not recorded by tapes.
namespace xtape::utils {

/// Class numbers as rows of zeros with a single one: float32 of y's shape with a new last axis of num_classes, by
/// default the largest number + 1 (keras.utils.to_categorical). A last axis of size 1 of y is dropped. Floating numbers
/// are truncated. Throws a ValueError for numbers outside [0, num_classes) and for an empty y without num_classes.
Tensor to_categorical(const Tensor& y, std::optional<std::int64_t> num_classes = {});

/// x divided by its norm along an axis: (sum |x|^order)^(1 / order); for order infinity the largest |x|, for order 0
/// the number of elements that are not 0. Where the norm is 0, x stays (keras.utils.normalize of a NumPy array).
/// Integers become float32. Throws a ValueError for a scalar and a NaN order, an IndexError for an axis that x does not
/// have.
Tensor normalize(const Tensor& x, int axis = -1, double order = 2);

/// Keyword arguments of pad_sequences().
struct PadOptions {
  std::optional<std::int64_t> maxlen = {};  ///< the length of all, by default that of the longest
  DType dtype = int32;
  std::string padding = "pre";     ///< "pre" or "post": where a short sequence is filled up
  std::string truncating = "pre";  ///< "pre" or "post": where a long sequence is cut
  double value = 0;                ///< what short sequences are filled with
};

/// Sequences as rows of one length (keras.utils.pad_sequences): pad_sequences({{1}, {2, 3}}) is [[0, 1], [2, 3]].
/// Throws a ValueError for a maxlen below 1 and for padding or truncating that is neither "pre" nor "post".
Tensor pad_sequences(const data::Sequences& sequences, const PadOptions& options = {});
/// The same for sequences of int64, float and double.
template <Element T>
Tensor pad_sequences(const std::vector<std::vector<T>>& sequences, const PadOptions& options = {});

}  // namespace xtape::utils
