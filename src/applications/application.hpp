#pragma once

#include <cmath>
#include <string>

#include "xtape/applications/application_options.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/batch_normalization.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/global_pooling.hpp"
#include "xtape/layers/margins.hpp"
#include "xtape/layers/symbolic.hpp"

// What the applications have in common: checks of the options, the input, the top and the weights.
namespace xtape::applications::detail {

/// The options that all applications have, from the options of one.
template <class Options>
ApplicationOptions common(const Options& options) {
  return {options.include_top,           options.weights, options.input_shape, options.pooling, options.classes,
          options.classifier_activation, options.name};
}

/// What an architecture asks of its input.
struct InputSizes {
  std::int64_t usual = 224;    ///< of an input with the top
  std::int64_t smallest = 32;  ///< height and width
  bool any_with_top = false;   ///< the top, too, takes images of any size
};

/// An application that is being made: its options, checked, and its input.
class Application {
 public:
  /// `function` is in the texts of errors; `published` is where Keras's weights for these options are.
  Application(const char* function, ApplicationOptions options, const InputSizes& sizes, const std::string& published,
              const std::string& advice = "");

  const ApplicationOptions& options() const noexcept { return options_; }
  SymbolicTensor input() const { return input_; }
  /// The pooled features under the options of a model without its top, or the features themselves. Without a name the
  /// layers are called by their class.
  SymbolicTensor pooled(const SymbolicTensor& features, bool named = true) const;
  /// The usual top: the mean of each feature and a Dense layer "predictions"; without include_top, pooled().
  SymbolicTensor top(const SymbolicTensor& features, bool named = true) const;
  /// The model under the options' name or this one, with the weights of the options.
  Model model(const SymbolicTensor& outputs, const std::string& name) const;

 private:
  ApplicationOptions options_;
  SymbolicTensor input_;
};

/// "https://storage.googleapis.com/tensorflow/keras-applications/" + file
std::string published(const std::string& file);

/// The multiple of `divisor` nearest to v that is not below it by more than a tenth.
std::int64_t rounded(double v, std::int64_t divisor = 8);

/// The margins with which a convolution of this kernel and stride 2, padding "valid", computes what TensorFlow's
/// padding "same" does.
layers::Margins2d padding_for_stride2(const SymbolicTensor& x, std::int64_t kernel);

inline std::int64_t channels(const SymbolicTensor& x) { return x.shape().back(); }

SymbolicTensor batch_norm(const SymbolicTensor& x, double epsilon, const std::string& name, double momentum = 0.99);
SymbolicTensor relu(const SymbolicTensor& x, const std::string& name);

}  // namespace xtape::applications::detail
