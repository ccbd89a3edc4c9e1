#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

/// Keyword arguments of CategoryEncoding.
struct CategoryEncodingOptions {
  std::string output_mode = "multi_hot";  ///< or "one_hot", "count"
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(output_mode, dtype, name)
};

/// Whole numbers in [0, num_tokens) as vectors [..., num_tokens] (keras.layers.CategoryEncoding): "one_hot": a 1 at
/// each number, [...] -> [..., num_tokens], an axis of size 1 at the end going away; "multi_hot": [..., n] ->
/// [..., num_tokens], 1 for the numbers that occur; "count": how often they do, or, of a second input of the first
/// one's shape, the sum of their weights. No gradients but to these. Throws a ValueError for a number outside, for
/// NaN and for a number that is not whole, an unknown mode, num_tokens < 1 and weights in another mode.
class CategoryEncoding : public LayerBase<CategoryEncoding> {
 public:
  explicit CategoryEncoding(std::int64_t num_tokens, CategoryEncodingOptions options = {});

 protected:
  TensorList call_list(const TensorList& inputs) override;

 private:
  std::int64_t num_tokens_;
  CategoryEncodingOptions options_;
};

/// Keyword arguments of Discretization.
struct DiscretizationOptions {
  std::vector<double> bin_boundaries = {};    ///< ascending
  std::optional<std::int64_t> num_bins = {};  ///< for adapt, instead
  std::string output_mode = "int";            ///< or "one_hot", "multi_hot", "count", as of CategoryEncoding
  DTypePolicy dtype = {};                     ///< of the encoded bins; "int" gives int64
  std::string name = {};

  XTAPE_FIELDS(bin_boundaries, num_bins, output_mode, dtype, name)
};

/// The number of the bin that each number is in (keras.layers.Discretization): bin i is from boundary i - 1 on up to
/// below boundary i, so that there is one bin more than boundaries. NaN is in the last bin. Throws a ValueError without
/// boundaries or with both kinds of them, for boundaries that do not ascend and an unknown mode.
class Discretization : public LayerBase<Discretization> {
 public:
  explicit Discretization(DiscretizationOptions options);

  /// Boundaries that put as many of these data into each of the num_bins bins: quantiles, between neighbours by linear
  /// interpolation. (Keras summarises them to within an epsilon.) Throws a ValueError without num_bins or data.
  void adapt(const Tensor& data);
  const std::vector<double>& bin_boundaries() const& noexcept { return options_.bin_boundaries; }
  std::vector<double> bin_boundaries() const&& { return options_.bin_boundaries; }

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  DiscretizationOptions options_;
};

}  // namespace xtape::layers
