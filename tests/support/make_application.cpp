#include "support/make_application.hpp"

#include <functional>
#include <map>
#include <stdexcept>

#include "xtape/applications/convnext.hpp"
#include "xtape/applications/densenet.hpp"
#include "xtape/applications/efficientnet.hpp"
#include "xtape/applications/mobilenet_v2.hpp"
#include "xtape/applications/mobilenet_v3.hpp"
#include "xtape/applications/resnet.hpp"
#include "xtape/applications/resnet_v2.hpp"
#include "xtape/applications/vgg16.hpp"
#include "xtape/applications/vgg19.hpp"
#include "xtape/applications/xception.hpp"

namespace xtape::testing {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
void take(const Json& value, T& option) {
  option = value.get<T>();
}
void take(const Json& value, ActivationFunction& option) {
  option = value.is_null() ? ActivationFunction() : ActivationFunction(value.get<std::string>());
}
void take(const Json& value, std::optional<Shape>& option) { option = Shape(value.get<std::vector<std::int64_t>>()); }

template <class Options>
Options options_of(const Json& json) {
  Options options;
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    const Json& value = item.value();
    bool known = true;
    if (key == "include_top") {
      take(value, options.include_top);
    } else if (key == "weights") {
      take(value, options.weights);
    } else if (key == "input_shape") {
      take(value, options.input_shape);
    } else if (key == "pooling") {
      take(value, options.pooling);
    } else if (key == "classes") {
      take(value, options.classes);
    } else if (key == "classifier_activation") {
      take(value, options.classifier_activation);
    } else if (key == "name") {
      take(value, options.name);
    } else {
      known = false;
      const auto own = [&](const char* name, auto member) {
        if constexpr (requires { member(options); }) {
          if (key == name) take(value, member(options)), known = true;
        }
      };
      own("alpha", [](auto& o) -> decltype((o.alpha)) { return o.alpha; });
      own("minimalistic", [](auto& o) -> decltype((o.minimalistic)) { return o.minimalistic; });
      own("dropout_rate", [](auto& o) -> decltype((o.dropout_rate)) { return o.dropout_rate; });
      own("include_preprocessing",
          [](auto& o) -> decltype((o.include_preprocessing)) { return o.include_preprocessing; });
      own("drop_path_rate", [](auto& o) -> decltype((o.drop_path_rate)) { return o.drop_path_rate; });
      own("imagenet_rescaling", [](auto& o) -> decltype((o.imagenet_rescaling)) { return o.imagenet_rescaling; });
    }
    if (!known) throw std::runtime_error("no option " + key);
  }
  return options;
}

template <class Options>
std::function<Model(const Json&)> by(Model (*function)(const Options&)) {
  return [function](const Json& json) { return function(options_of<Options>(json)); };
}

}  // namespace

Model make_application(const std::string& name, const Json& options) {
  namespace apps = applications;
  static const std::map<std::string, std::function<Model(const Json&)>> all = {
      {"ConvNeXtBase", by(apps::ConvNeXtBase)},
      {"ConvNeXtLarge", by(apps::ConvNeXtLarge)},
      {"ConvNeXtSmall", by(apps::ConvNeXtSmall)},
      {"ConvNeXtTiny", by(apps::ConvNeXtTiny)},
      {"ConvNeXtXLarge", by(apps::ConvNeXtXLarge)},
      {"DenseNet121", by(apps::DenseNet121)},
      {"DenseNet169", by(apps::DenseNet169)},
      {"DenseNet201", by(apps::DenseNet201)},
      {"EfficientNetB0", by(apps::EfficientNetB0)},
      {"EfficientNetB1", by(apps::EfficientNetB1)},
      {"EfficientNetB2", by(apps::EfficientNetB2)},
      {"EfficientNetB3", by(apps::EfficientNetB3)},
      {"EfficientNetB4", by(apps::EfficientNetB4)},
      {"EfficientNetB5", by(apps::EfficientNetB5)},
      {"EfficientNetB6", by(apps::EfficientNetB6)},
      {"EfficientNetB7", by(apps::EfficientNetB7)},
      {"MobileNetV2", by(apps::MobileNetV2)},
      {"MobileNetV3Large", by(apps::MobileNetV3Large)},
      {"MobileNetV3Small", by(apps::MobileNetV3Small)},
      {"ResNet101", by(apps::ResNet101)},
      {"ResNet101V2", by(apps::ResNet101V2)},
      {"ResNet152", by(apps::ResNet152)},
      {"ResNet152V2", by(apps::ResNet152V2)},
      {"ResNet50", by(apps::ResNet50)},
      {"ResNet50V2", by(apps::ResNet50V2)},
      {"VGG16", by(apps::VGG16)},
      {"VGG19", by(apps::VGG19)},
      {"Xception", by(apps::Xception)},
  };
  return all.at(name)(options);
}

}  // namespace xtape::testing
