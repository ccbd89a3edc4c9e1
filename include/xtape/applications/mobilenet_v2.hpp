#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Keyword arguments of MobileNetV2; see ApplicationOptions.
struct MobileNetV2Options {
  double alpha = 1;  ///< the width: the numbers of filters are multiplied by it and rounded to multiples of 8
  bool include_top = true;
  std::string weights = {};
  std::optional<Shape> input_shape = {};
  std::string pooling = {};
  std::int64_t classes = 1000;
  ActivationFunction classifier_activation = "softmax";
  std::string name = {};  ///< unset: "mobilenetv2_1.00_224", with alpha and the height
};

/// A small network of inverted residual blocks (Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks,
/// 2018; keras.applications.MobileNetV2): [batch, 224, 224, 3] -> [batch, classes]. At least 32 x 32 pixels. Throws a
/// ValueError for an alpha that is not positive.
Model MobileNetV2(const MobileNetV2Options& options = {});

/// keras.applications.mobilenet_v2
namespace mobilenet_v2 {
using applications::MobileNetV2;
using imagenet_utils::decode_predictions;
/// Scales pixels from [0, 255] to [-1, 1].
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::tf};
}  // namespace mobilenet_v2

}  // namespace xtape::applications
