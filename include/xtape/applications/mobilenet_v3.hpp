#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Keyword arguments of MobileNetV3Small and MobileNetV3Large; see ApplicationOptions.
struct MobileNetV3Options {
  std::optional<Shape> input_shape = {};  ///< unset: {-1, -1, 3}
  double alpha = 1;           ///< the width: the numbers of filters are multiplied by it and rounded to multiples of 8
  bool minimalistic = false;  ///< without squeeze-and-excite units, hard_swish and 5 x 5 convolutions
  bool include_top = true;
  std::string weights = {};
  std::int64_t classes = 1000;
  std::string pooling = {};
  double dropout_rate = 0.2;  ///< before the classifier
  ActivationFunction classifier_activation = "softmax";
  bool include_preprocessing = true;  ///< the model begins with a Rescaling of pixels from [0, 255] to [-1, 1]
  std::string name = {};              ///< unset: "MobileNetV3Small" or "MobileNetV3Large"
};

/// Small networks that were found by search (Howard et al.: Searching for MobileNetV3, 2019;
/// keras.applications.MobileNetV3Small): [batch, height, width, 3] -> [batch, classes], also with the top for images of
/// any size. At least 32 x 32 pixels. Throw a ValueError for an alpha that is not positive.
Model MobileNetV3Small(const MobileNetV3Options& options = {});
Model MobileNetV3Large(const MobileNetV3Options& options = {});

/// keras.applications.mobilenet_v3
namespace mobilenet_v3 {
using applications::MobileNetV3Large;
using applications::MobileNetV3Small;
using imagenet_utils::decode_predictions;
/// Returns its input: the model scales the pixels itself.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::none};
}  // namespace mobilenet_v3

}  // namespace xtape::applications
