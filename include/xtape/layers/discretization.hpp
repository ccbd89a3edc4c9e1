#pragma once

#include <optional>
#include <string>
#include <vector>

#include "xtape/layers/layer.hpp"

namespace xtape::layers {

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
