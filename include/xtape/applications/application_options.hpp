#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/shape.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/activation_function.hpp"

// Family: keyword arguments of the applications.
/// Architectures of image classifiers under Keras's names (keras.applications).
namespace xtape::applications {

/// Keyword arguments of the applications that have no others: ResNet, DenseNet, VGG, Xception. All others have these
/// fields too, with the same meaning.
///
/// Any of these is a ValueError: an input_shape that is not [height, width, channels] or smaller than the architecture
/// can take; one with -1 although include_top is set (MobileNetV3 can take it); a pooling other than those below;
/// `weights` that are no file; weights together with include_top and an activation other than softmax and none.
struct ApplicationOptions {
  bool include_top = true;  ///< the classifier after the features
  /// A file with weights, Keras's or xtape's (see Model::load_weights), whose layers must be those of this model.
  /// Empty: initial values, drawn as in Keras. Keras's "imagenet" is a ValueError that names the file to get: nothing
  /// is downloaded.
  std::string weights = {};
  /// [height, width, channels], -1 for any height or width. Unset: the architecture's own size with the top, {-1, -1,
  /// 3} without.
  std::optional<Shape> input_shape = {};
  std::string pooling = {};  ///< without the top: "avg", "max", or empty for features [batch, height, width, channels]
  std::int64_t classes = 1000;
  ActivationFunction classifier_activation = "softmax";  ///< {}: logits
  std::string name = {};                                 ///< unset: Keras's, such as "resnet50"
};

}  // namespace xtape::applications
