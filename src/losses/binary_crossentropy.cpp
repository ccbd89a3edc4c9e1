#include "xtape/losses/binary_crossentropy.hpp"

#include "losses/crossentropy.hpp"
#include "xtape/ops/reduce.hpp"

// -(y log p + (1 - y) log(1 - p)), the mean over the last axis; of logits without the probabilities in between.
namespace xtape::losses {
namespace {

constexpr const char* op = "binary_crossentropy";

}  // namespace

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const BinaryCrossentropyArguments& options) {
  const auto inputs = detail::binary_inputs(op, y_true, y_pred, options.from_logits, options.label_smoothing);
  return reduce_mean(detail::binary_crossentropy_of(inputs), options.axis);
}

BinaryCrossentropy::BinaryCrossentropy(const BinaryCrossentropyOptions& options)
    : LossFunctionWrapper(
          [arguments = BinaryCrossentropyArguments{options.from_logits, options.label_smoothing, options.axis}](
              const Tensor& y_true, const Tensor& y_pred) { return binary_crossentropy(y_true, y_pred, arguments); },
          options) {
  detail::check_smoothing(op, options.label_smoothing);
}

}  // namespace xtape::losses
