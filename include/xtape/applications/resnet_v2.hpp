#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Residual networks whose blocks begin with normalization and activation (He, Zhang, Ren, Sun: Identity Mappings in
/// Deep Residual Networks, 2016; keras.applications.ResNet50V2): [batch, 224, 224, 3] -> [batch, classes]. At least 32
/// x 32 pixels.
Model ResNet50V2(const ApplicationOptions& options = {});
Model ResNet101V2(const ApplicationOptions& options = {});
Model ResNet152V2(const ApplicationOptions& options = {});

/// keras.applications.resnet_v2
namespace resnet_v2 {
using applications::ResNet101V2;
using applications::ResNet152V2;
using applications::ResNet50V2;
using imagenet_utils::decode_predictions;
/// Scales pixels from [0, 255] to [-1, 1].
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::tf};
}  // namespace resnet_v2

}  // namespace xtape::applications
