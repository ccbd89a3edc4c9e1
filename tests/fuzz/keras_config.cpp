// The JSON of a model in Keras's files: layers, calls, losses and optimizers.
#include "fuzz/fuzz.hpp"
#include "io/config_json.hpp"
#include "layers/layer_state.hpp"
#include "models/compile_config.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/base/warning.hpp"
#include "xtape/models/load_model.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto quiet = set_warning_handler([](const std::string&) {});
  return fuzzing::only_errors([&] {
    const ConfigValue config = detail::parse_config(fuzzing::text_of(data, size), "fuzz");
    const detail::WeightBudget budget(1 << 20);
    Model model = models::model_from_config(detail::config_of(config));
    const ConfigValue compiled = detail::config_of(config).attached("compile_config");
    if (compiled.get<Config>() != nullptr) detail::compile_from_config(model, *compiled.get<Config>());
    (void)model.to_json();
  });
}

std::vector<std::string> fuzzing::seeds() {
  const std::string input =
      R"({"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 4, 3],
          "dtype": "float32", "name": "x"}, "registered_name": null, "name": "x", "inbound_nodes": []})";
  const auto tensor = [](const std::string& layer) {
    return R"({"class_name": "__keras_tensor__", "config": {"shape": [null, 4, 3], "dtype": "float32", "keras_history": [")" +
           layer + R"(", 0, 0]}})";
  };
  const auto layer = [](const std::string& module, const std::string& kind, const std::string& name,
                        const std::string& config, const std::string& args) {
    return R"(, {"module": ")" + module + R"(", "class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" +
           config + R"(}, "name": ")" + name + R"(", "inbound_nodes": [{"args": [)" + args + R"(], "kwargs": {}}]})";
  };
  const std::string numpy = "keras.src.ops.numpy", layers = "keras.layers";
  return {
      R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config":
          {"batch_shape": [null, 3]}}, {"class_name": "Dense", "config": {"units": 4, "activation": "relu",
          "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": 3}}, "kernel_regularizer":
          {"class_name": "L2", "config": {"l2": 0.1}}, "dtype": {"class_name": "DTypePolicy", "config":
          {"name": "float32"}}}}, {"class_name": "BatchNormalization", "config": {"axis": [1]}}],
          "build_input_shape": [null, 3]}, "compile_config": {"optimizer": {"class_name": "Adam", "config":
          {"learning_rate": {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 5,
          "decay_rate": 0.9}}}}, "loss": ["mse"], "metrics": ["accuracy"], "loss_weights": {"a": 1}}})",
      R"({"class_name": "Functional", "config": {"name": "f", "layers": [)" + input +
          layer(layers, "Bidirectional", "b", R"(, "layer": {"class_name": "LSTM", "config": {"units": 2}})",
                tensor("x")) +
          layer(numpy, "GetItem", "g", "",
                tensor("x") +
                    R"(, [{"class_name": "__slice__", "config": {"start": null, "stop": 2, "step": null}}, 1])") +
          layer(numpy, "Mean", "m", R"(, "axis": [1], "keepdims": true)", tensor("x")) +
          layer(numpy, "Add", "a", "", tensor("m") + ", 2.5") +
          R"(], "input_layers": ["x", 0, 0], "output_layers": {"one": ["b", 0, 0], "two": ["a", 0, 0]}}})",
      R"({"class_name": "Model", "config": {"name": "old", "layers": [{"name": "i", "class_name": "InputLayer", "config":
          {"batch_input_shape": [null, 3]}, "inbound_nodes": []}, {"name": "d", "class_name": "Dense", "config":
          {"units": 2}, "inbound_nodes": [[["i", 0, 0, {}]]]}], "input_layers": [["i", 0, 0]],
          "output_layers": [["d", 0, 0]]}})",
  };
}
