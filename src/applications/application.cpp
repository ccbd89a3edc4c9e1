#include "applications/application.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::applications::detail {
namespace {

using xtape::detail::fail;

void check_weights(const char* function, const ApplicationOptions& options, const std::string& published,
                   const std::string& advice) {
  if (options.weights.empty()) return;
  if (options.weights == "imagenet") {
    if (options.include_top && options.classes != 1000) {
      fail<ValueError>(function, "expected 1000 classes with weights = \"imagenet\" and include_top, received {}",
                       options.classes);
    }
    fail<ValueError>(
        function,
        "expected `weights` to be the path of a file, received \"imagenet\": nothing is downloaded. Get {} "
        "and give its path{}",
        xtape::detail::Whole{published}, xtape::detail::Whole{advice});
  }
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.weights, ignored)) {
    fail<ValueError>(function, "expected `weights` to be the path of a file or empty, received '{}'", options.weights);
  }
  const auto& activation = options.classifier_activation;
  if (options.include_top && !activation.is_linear() && activation.name() != "softmax") {
    fail<ValueError>(function,
                     "expected the classifier_activation \"softmax\" or none with weights and include_top, received {}",
                     activation.name());
  }
}

Shape input_shape(const char* function, const ApplicationOptions& options, const InputSizes& sizes) {
  const bool fixed = options.include_top && !sizes.any_with_top;
  if (!options.input_shape) return fixed ? Shape{sizes.usual, sizes.usual, 3} : Shape{-1, -1, 3};
  const Shape& shape = *options.input_shape;
  if (shape.rank() != 3) {
    fail<ValueError>(function, "expected an input_shape [height, width, channels], received {}", shape);
  }
  for (const int axis : {0, 1}) {
    if (shape[axis] == -1) {
      if (!fixed) continue;
      fail<ValueError>(function, "expected an input_shape with a fixed height and width with include_top, received {}",
                       shape);
    }
    if (shape[axis] < sizes.smallest) {
      fail<ValueError>(function, "expected an input_shape of at least {} x {}, received {}", sizes.smallest,
                       sizes.smallest, shape);
    }
  }
  if (shape[2] < 1) fail<ValueError>(function, "expected an input_shape with at least 1 channel, received {}", shape);
  static std::atomic<int> given = 0;
  if (shape[2] != 1 && shape[2] != 3) {
    xtape::detail::warn_limited(given, 1, function, "images usually have 1 or 3 channels; the input_shape is {}",
                                shape);
  }
  return shape;
}

SymbolicTensor checked_input(const char* function, const ApplicationOptions& options, const InputSizes& sizes,
                             const std::string& published, const std::string& advice) {
  check_weights(function, options, published, advice);
  if (!options.pooling.empty() && options.pooling != "avg" && options.pooling != "max") {
    fail<ValueError>(function, "expected pooling \"avg\", \"max\" or none, received '{}'", options.pooling);
  }
  if (options.include_top && options.classes < 1) {
    fail<ValueError>(function, "expected at least 1 class, received {}", options.classes);
  }
  return Input(input_shape(function, options, sizes));
}

}  // namespace

Application::Application(const char* function, ApplicationOptions options, const InputSizes& sizes,
                         const std::string& published, const std::string& advice)
    : options_(std::move(options)), input_(checked_input(function, options_, sizes, published, advice)) {}

SymbolicTensor Application::pooled(const SymbolicTensor& features, bool named) const {
  if (options_.pooling == "avg") return layers::GlobalAveragePooling2D({.name = named ? "avg_pool" : ""})(features);
  if (options_.pooling == "max") return layers::GlobalMaxPooling2D({.name = named ? "max_pool" : ""})(features);
  return features;
}

SymbolicTensor Application::top(const SymbolicTensor& features, bool named) const {
  if (!options_.include_top) return pooled(features, named);
  const SymbolicTensor means = layers::GlobalAveragePooling2D({.name = named ? "avg_pool" : ""})(features);
  return layers::Dense(options_.classes, {.activation = options_.classifier_activation, .name = "predictions"})(means);
}

Model Application::model(const SymbolicTensor& outputs, const std::string& name) const {
  Model made(input_, outputs, options_.name.empty() ? name : options_.name);
  if (!options_.weights.empty()) (void)made.load_weights(options_.weights);
  return made;
}

std::string published(const std::string& file) {
  return "https://storage.googleapis.com/tensorflow/keras-applications/" + file;
}

std::int64_t rounded(double v, std::int64_t divisor) {
  const auto half = static_cast<double>(divisor) / 2;
  const std::int64_t nearest = std::max(divisor, static_cast<std::int64_t>(v + half) / divisor * divisor);
  return static_cast<double>(nearest) < 0.9 * v ? nearest + divisor : nearest;
}

layers::Margins2d padding_for_stride2(const SymbolicTensor& x, std::int64_t kernel) {
  const Shape& shape = x.shape();
  const std::int64_t half = kernel / 2;
  const auto margins = [&](std::int64_t size) {
    const std::int64_t less = shape[1] < 0 ? 1 : 1 - size % 2;
    return layers::Margins(half - less, half);
  };
  return {margins(shape[1]), margins(shape[2])};
}

SymbolicTensor batch_norm(const SymbolicTensor& x, double epsilon, const std::string& name, double momentum) {
  return layers::BatchNormalization({.momentum = momentum, .epsilon = epsilon, .name = name})(x);
}

SymbolicTensor relu(const SymbolicTensor& x, const std::string& name) {
  return layers::Activation(nn::relu, {.name = name})(x);
}

}  // namespace xtape::applications::detail
