#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Keyword arguments of EfficientNetB0 to EfficientNetB7; see ApplicationOptions.
struct EfficientNetOptions {
  bool include_top = true;
  std::string weights = {};
  std::optional<Shape> input_shape = {};
  std::string pooling = {};
  std::int64_t classes = 1000;
  ActivationFunction classifier_activation = "softmax";
  std::string name = {};  ///< unset: "efficientnetb0"
  /// Multiplies the normalized pixels by 1 / sqrt(stddev), with ImageNet's standard deviation of each color. Keras's
  /// published weights were trained so, and Keras adds this layer for weights = "imagenet" alone: set it to use its
  /// files efficientnetb*.h5.
  bool imagenet_rescaling = false;
};

/// Networks of inverted residual blocks with squeeze-and-excite units, scaled in width, depth and image size together
/// (Tan, Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019;
/// keras.applications.EfficientNetB0): [batch, size, size, 3] -> [batch, classes] with sizes of 224, 240, 260, 300,
/// 380, 456, 528 and 600. At least 32 x 32 pixels, in [0, 255]: the first layers scale and normalize them.
Model EfficientNetB0(const EfficientNetOptions& options = {});
Model EfficientNetB1(const EfficientNetOptions& options = {});
Model EfficientNetB2(const EfficientNetOptions& options = {});
Model EfficientNetB3(const EfficientNetOptions& options = {});
Model EfficientNetB4(const EfficientNetOptions& options = {});
Model EfficientNetB5(const EfficientNetOptions& options = {});
Model EfficientNetB6(const EfficientNetOptions& options = {});
Model EfficientNetB7(const EfficientNetOptions& options = {});

/// keras.applications.efficientnet
namespace efficientnet {
using applications::EfficientNetB0;
using applications::EfficientNetB1;
using applications::EfficientNetB2;
using applications::EfficientNetB3;
using applications::EfficientNetB4;
using applications::EfficientNetB5;
using applications::EfficientNetB6;
using applications::EfficientNetB7;
using imagenet_utils::decode_predictions;
/// Returns its input: the model scales the pixels itself.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::none};
}  // namespace efficientnet

}  // namespace xtape::applications
