#include "xtape/layers/lambda.hpp"

#include "base/check.hpp"

namespace xtape::layers {

Lambda::Lambda(Tensor (*function)(const Tensor&), LambdaOptions options)
    : Lambda(of_one(function == nullptr ? nullptr : std::function<Tensor(const Tensor&)>(function)), std::move(options),
             0) {}

Lambda::Function Lambda::of_one(std::function<Tensor(const Tensor&)> function) {
  if (!function) return nullptr;
  return [function = std::move(function)](const TensorList& inputs) -> TensorList {
    if (inputs.size() != 1) {
      detail::fail<ValueError>("Lambda", "expected 1 input for a function of one tensor, received {}", inputs.size());
    }
    return function(inputs.front());
  };
}

Lambda::Lambda(Function function, LambdaOptions options, int)
    : LayerBase(options, {{"function", function}}), function_(std::move(function)), mask_(std::move(options.mask)) {
  set_supports_masking(static_cast<bool>(mask_));
  if (!function_) detail::fail<ValueError>("Lambda", "the function is empty");
}

}  // namespace xtape::layers
