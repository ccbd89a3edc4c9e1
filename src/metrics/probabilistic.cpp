#include "xtape/metrics/probabilistic.hpp"

#include "losses/crossentropy.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/kl_divergence.hpp"
#include "xtape/losses/poisson.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"

namespace xtape::metrics {

KLDivergence::KLDivergence(const std::string& name) : MeanMetricWrapper(losses::kl_divergence, name) {}

Poisson::Poisson(const std::string& name) : MeanMetricWrapper(losses::poisson, name) {}

BinaryCrossentropy::BinaryCrossentropy(const BinaryCrossentropyOptions& options)
    : MeanMetricWrapper([arguments = losses::BinaryCrossentropyArguments{options.from_logits, options.label_smoothing}](
                            const Tensor& y_true,
                            const Tensor& y_pred) { return losses::binary_crossentropy(y_true, y_pred, arguments); },
                        options) {
  detail::check_smoothing(options.name.c_str(), options.label_smoothing);
}

CategoricalCrossentropy::CategoricalCrossentropy(const CategoricalCrossentropyOptions& options)
    : MeanMetricWrapper(
          [arguments = losses::CrossentropyOptions{options.from_logits, options.label_smoothing, options.axis}](
              const Tensor& y_true, const Tensor& y_pred) {
            return losses::categorical_crossentropy(y_true, y_pred, arguments);
          },
          options) {
  detail::check_smoothing(options.name.c_str(), options.label_smoothing);
}

SparseCategoricalCrossentropy::SparseCategoricalCrossentropy(const SparseCategoricalCrossentropyOptions& options)
    : MeanMetricWrapper(
          [from_logits = options.from_logits](const Tensor& y_true, const Tensor& y_pred) {
            return losses::sparse_categorical_crossentropy(y_true, y_pred, {.from_logits = from_logits});
          },
          options) {}

}  // namespace xtape::metrics
