#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// VGG16 with 16 convolutions (Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition,
/// 2014; keras.applications.VGG19): [batch, 224, 224, 3] -> [batch, classes]. At least 32 x 32 pixels.
Model VGG19(const ApplicationOptions& options = {});

/// keras.applications.vgg19
namespace vgg19 {
using applications::VGG19;
using imagenet_utils::decode_predictions;
/// Turns R, G, B into B, G, R and subtracts the mean of each in ImageNet.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::caffe};
}  // namespace vgg19

}  // namespace xtape::applications
