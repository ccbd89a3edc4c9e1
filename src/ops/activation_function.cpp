#include "xtape/ops/activation_function.hpp"

#include <cstring>
#include <iterator>

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"

namespace xtape {
namespace {

constexpr detail::Named<ActivationFunction::Function> known[] = {
    {"linear", nullptr},
    {"relu", nn::relu},
    {"leaky_relu", nn::leaky_relu},
    {"sigmoid", nn::sigmoid},
    {"softmax", nn::softmax},
    {"log_softmax", nn::log_softmax},
    {"softplus", nn::softplus},
    {"tanh", nn::tanh},
    {"relu6", nn::relu6},
    {"elu", nn::elu},
    {"selu", nn::selu},
    {"gelu", nn::gelu},
    {"silu", nn::silu},
    {"swish", nn::swish},
    {"mish", nn::mish},
    {"hard_sigmoid", nn::hard_sigmoid},
    {"hard_silu", nn::hard_silu},
    {"hard_swish", nn::hard_swish},
    {"log_sigmoid", nn::log_sigmoid},
    {"softsign", nn::softsign},
    {"exponential", nn::exponential},
    {"celu", nn::celu},
    {"squareplus", nn::squareplus},
    {"hard_tanh", nn::hard_tanh},
    {"hard_shrink", nn::hard_shrink},
    {"soft_shrink", nn::soft_shrink},
    {"tanh_shrink", nn::tanh_shrink},
    {"sparse_plus", nn::sparse_plus},
    {"sparse_sigmoid", nn::sparse_sigmoid},
    {"glu", nn::glu},
    {"sparsemax", nn::sparsemax},
};

}  // namespace

ActivationFunction::ActivationFunction(const std::string& name)
    : function_(detail::get_named("activation", "activation", known, name).value) {}

std::string ActivationFunction::name() const {
  if (callable_) return "custom";
  for (const auto& entry : known) {
    if (entry.value == function_) return entry.name;
  }
  return "custom";
}

ConfigValue ActivationFunction::config() const {
  const std::string known_name = name();
  return known_name == "custom" ? ConfigValue::custom() : ConfigValue(known_name);
}

ActivationFunction ActivationFunction::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* object = value.get<Config>()) {
    // Keras writes a function as an object of class "function" with its name, a layer as the layer.
    const bool named = object->class_name() == "function" && object->contains("name");
    return named ? detail::text_of((*object)["name"]) : object->class_name();
  }
  return detail::text_of(value);
}

}  // namespace xtape
