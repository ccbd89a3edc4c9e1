#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Keyword arguments of ConvNeXtTiny to ConvNeXtXLarge; see ApplicationOptions.
struct ConvNeXtOptions {
  bool include_top = true;
  bool include_preprocessing =
      true;  ///< the model begins with a Normalization of pixels in [0, 255], if there are 3 colors
  std::string weights = {};
  std::optional<Shape> input_shape = {};
  std::string pooling = {};
  std::int64_t classes = 1000;
  ActivationFunction classifier_activation = "softmax";
  std::string name = {};  ///< unset: "convnext_tiny". It begins the names of the layers
  /// Above 0, the blocks end with layers::StochasticDepth, whose rates rise from 0 to this.
  double drop_path_rate = 0;
};

/// Convolutional networks with the proportions of vision transformers (Liu et al.: A ConvNet for the 2020s, 2022;
/// keras.applications.ConvNeXtTiny): [batch, 224, 224, 3] -> [batch, classes]. At least 32 x 32 pixels. Without the
/// top, the features are normalized by a LayerNormalization after the pooling, as in Keras.
Model ConvNeXtTiny(const ConvNeXtOptions& options = {});
Model ConvNeXtSmall(const ConvNeXtOptions& options = {});
Model ConvNeXtBase(const ConvNeXtOptions& options = {});
Model ConvNeXtLarge(const ConvNeXtOptions& options = {});
Model ConvNeXtXLarge(const ConvNeXtOptions& options = {});

/// keras.applications.convnext
namespace convnext {
using applications::ConvNeXtBase;
using applications::ConvNeXtLarge;
using applications::ConvNeXtSmall;
using applications::ConvNeXtTiny;
using applications::ConvNeXtXLarge;
using imagenet_utils::decode_predictions;
/// Returns its input: the model scales the pixels itself.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::none};
}  // namespace convnext

}  // namespace xtape::applications
