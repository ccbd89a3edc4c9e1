#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// 13 convolutions of 3 x 3 and three dense layers (Simonyan, Zisserman: Very Deep Convolutional Networks for
/// Large-Scale Image Recognition, 2014; keras.applications.VGG16): [batch, 224, 224, 3] -> [batch, classes]. At least
/// 32 x 32 pixels.
Model VGG16(const ApplicationOptions& options = {});

/// keras.applications.vgg16
namespace vgg16 {
using applications::VGG16;
using imagenet_utils::decode_predictions;
/// Turns R, G, B into B, G, R and subtracts the mean of each in ImageNet.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::caffe};
}  // namespace vgg16

}  // namespace xtape::applications
