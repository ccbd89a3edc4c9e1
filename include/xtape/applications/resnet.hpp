#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Residual networks of 50, 101 and 152 layers (He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition,
/// 2015; keras.applications.ResNet50): [batch, 224, 224, 3] -> [batch, classes]. At least 32 x 32 pixels.
Model ResNet50(const ApplicationOptions& options = {});
Model ResNet101(const ApplicationOptions& options = {});
Model ResNet152(const ApplicationOptions& options = {});

/// keras.applications.resnet
namespace resnet {
using applications::ResNet101;
using applications::ResNet152;
using applications::ResNet50;
using imagenet_utils::decode_predictions;
/// Turns R, G, B into B, G, R and subtracts the mean of each in ImageNet.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::caffe};
}  // namespace resnet

}  // namespace xtape::applications
