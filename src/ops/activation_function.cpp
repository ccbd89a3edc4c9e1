#include "xtape/ops/activation_function.hpp"

#include <cstring>
#include <iterator>

#include "core/check.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape {
namespace {

struct Named {
  const char* name;
  ActivationFunction::Function function;
};

constexpr Named known[] = {
    {"linear", nullptr},        {"relu", nn::relu},       {"leaky_relu", nn::leaky_relu},
    {"sigmoid", nn::sigmoid},   {"softmax", nn::softmax}, {"log_softmax", nn::log_softmax},
    {"softplus", nn::softplus}, {"tanh", nn::tanh},
};

}  // namespace

ActivationFunction::ActivationFunction(const char* name) {
  for (const auto& entry : known) {
    if (std::strcmp(entry.name, name) == 0) {
      function_ = entry.function;
      return;
    }
  }
  std::string names;
  for (const auto& entry : known) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  detail::fail<ValueError>("activation", "unknown activation '{}', expected one of: {}", name, names);
}

std::string ActivationFunction::name() const {
  if (callable_) return "custom";
  for (const auto& entry : known) {
    if (entry.function == function_) return entry.name;
  }
  return "custom";
}

}  // namespace xtape
