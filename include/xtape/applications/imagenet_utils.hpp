#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/layers/symbolic.hpp"

// Family: what the classifiers of ImageNet have in common (keras.applications.imagenet_utils).
namespace xtape::applications::imagenet_utils {

/// How pixels in [0, 255] are prepared for a model.
enum class PreprocessMode {
  none,   ///< as they are: the model's first layers do it
  tf,     ///< x / 127.5 - 1: in [-1, 1]
  torch,  ///< (x / 255 - mean) / stddev, with ImageNet's mean and standard deviation of each of the colors R, G, B
  caffe,  ///< B, G, R instead of R, G, B, each minus its mean in ImageNet (103.939, 116.779, 123.68), not scaled
};

/// The function of one mode: `resnet.preprocess_input(images)`.
class Preprocess {
 public:
  explicit constexpr Preprocess(PreprocessMode mode) noexcept : mode_(mode) {}

  /// Images [height, width, 3] or [batch, height, width, 3] of any dtype with pixels in [0, 255]; integers become
  /// float32. Throws a ValueError for other shapes, in the modes torch and caffe.
  Tensor operator()(const Tensor& x) const;
  /// The same as a part of a functional model.
  SymbolicTensor operator()(const SymbolicTensor& x) const;

 private:
  PreprocessMode mode_;
};

/// Prepares images in the mode "tf", "torch" or "caffe" (keras.applications.imagenet_utils.preprocess_input). Throws a
/// ValueError for another mode.
Tensor preprocess_input(const Tensor& x, const std::string& mode = "caffe");
SymbolicTensor preprocess_input(const SymbolicTensor& x, const std::string& mode = "caffe");

/// One class and how likely it is.
struct DecodedPrediction {
  std::string class_name;         ///< "n02099601"
  std::string class_description;  ///< "golden_retriever"
  double score;
};

/// Keyword arguments of decode_predictions.
struct DecodePredictionsOptions {
  std::int64_t top = 5;
  /// A JSON file {"0": ["n01440764", "tench"], ...}, as Keras's imagenet_class_index.json.
  std::string class_index_path = {};
};

/// For each row of preds [samples, classes], the `top` classes with the largest scores, best first
/// (keras.applications.imagenet_utils.decode_predictions); all of them if there are fewer. Throws a ValueError for
/// another rank, for another number of classes than in the file, and without a path: nothing is downloaded. Throws a
/// DataError for a file that is missing or not of that form.
std::vector<std::vector<DecodedPrediction>> decode_predictions(const Tensor& preds,
                                                               const DecodePredictionsOptions& options);

}  // namespace xtape::applications::imagenet_utils
