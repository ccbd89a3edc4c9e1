#pragma once

#include "xtape/applications/application_options.hpp"
#include "xtape/applications/imagenet_utils.hpp"

namespace xtape::applications {

/// Networks in which each layer sees the features of all layers before it in its block (Huang, Liu, van der Maaten,
/// Weinberger: Densely Connected Convolutional Networks, 2016; keras.applications.DenseNet121): [batch, 224, 224, 3] ->
/// [batch, classes]. At least 32 x 32 pixels.
Model DenseNet121(const ApplicationOptions& options = {});
Model DenseNet169(const ApplicationOptions& options = {});
Model DenseNet201(const ApplicationOptions& options = {});

/// keras.applications.densenet
namespace densenet {
using applications::DenseNet121;
using applications::DenseNet169;
using applications::DenseNet201;
using imagenet_utils::decode_predictions;
/// Scales pixels to [0, 1] and normalizes each color by its mean and standard deviation in ImageNet.
inline constexpr imagenet_utils::Preprocess preprocess_input{imagenet_utils::PreprocessMode::torch};
}  // namespace densenet

}  // namespace xtape::applications
