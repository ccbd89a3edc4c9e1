#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Residual blocks of separable convolutions (Chollet: Xception: Deep Learning with Depthwise Separable Convolutions,
/// 2016; keras.applications.Xception): [batch, 299, 299, 3] -> [batch, classes]. At least 71 x 71 pixels.
Model Xception(const ApplicationOptions& options = {});

/// keras.applications.xception
namespace xception {
using applications::Xception;
using imagenet_utils::decode_predictions;
/// Scales pixels from [0, 255] to [-1, 1].
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::tf};
}  // namespace xception

}  // namespace xtape::applications
