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

/// Encodes integers in [0, num_tokens) as vectors (keras.layers.CategoryEncoding), depending on output_mode:
/// "one_hot": a 1 at each integer, [...] -> [..., num_tokens]; a last axis of size 1 is dropped first.
/// "multi_hot": 1 for the integers that occur, [..., n] -> [..., num_tokens].
/// "count": how often each integer occurs, or the sum of its weights, a second input of the shape of the first.
/// Gradients flow only to the weights. Throws a ValueError for values outside the range, NaN and values that are not
/// whole, for an unknown mode, num_tokens < 1 and weights in another mode.
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
  std::optional<std::int64_t> num_bins = {};  ///< instead of boundaries, for adapt()
  std::string output_mode = "int";            ///< or "one_hot", "multi_hot", "count", as of CategoryEncoding
  DTypePolicy dtype = {};                     ///< of the encoded bins; "int" gives int64
  std::string name = {};

  XTAPE_FIELDS(bin_boundaries, num_bins, output_mode, dtype, name)
};

/// The index of the bin of each number (keras.layers.Discretization). Bin i is [boundary i - 1, boundary i), so there
/// is one bin more than boundaries. NaN is in the last bin. Throws a ValueError for neither or both of bin_boundaries
/// and num_bins, for boundaries that do not ascend and an unknown mode.
class Discretization : public LayerBase<Discretization> {
 public:
  explicit Discretization(DiscretizationOptions options);

  /// Sets the boundaries to the quantiles of these data, with linear interpolation, so that each of the num_bins bins
  /// gets equally many. (Keras computes them to within an epsilon.) Throws a ValueError without num_bins or data.
  void adapt(const Tensor& data);
  const std::vector<double>& bin_boundaries() const& noexcept { return options_.bin_boundaries; }
  std::vector<double> bin_boundaries() const&& { return options_.bin_boundaries; }

 protected:
  Tensor call(const Tensor& inputs) override;

 private:
  DiscretizationOptions options_;
};

}  // namespace xtape::layers
