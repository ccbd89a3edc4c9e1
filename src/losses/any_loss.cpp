#include "xtape/losses/any_loss.hpp"

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/categorical_generalized_cross_entropy.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/hinge.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/losses/kl_divergence.hpp"
#include "xtape/losses/log_cosh.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_absolute_percentage_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/losses/poisson.hpp"
#include "xtape/losses/segmentation.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"

namespace xtape {
namespace {

template <class L>
std::shared_ptr<const losses::Loss> make() {
  return std::make_shared<const L>();
}

/// The crossentropy for the shapes of labels and predictions (Keras's get_loss).
Tensor crossentropy(const Tensor& y_true, const Tensor& y_pred) {
  const std::int64_t outputs = y_pred.rank() == 0 ? 1 : y_pred.shape().back();
  if (outputs == 1) return losses::binary_crossentropy(y_true, y_pred);
  if (y_true.rank() < y_pred.rank() || y_true.shape().back() == 1) {
    return losses::sparse_categorical_crossentropy(y_true, y_pred);
  }
  return losses::categorical_crossentropy(y_true, y_pred);
}

std::shared_ptr<const losses::Loss> make_crossentropy() {
  return std::make_shared<const losses::LossFunctionWrapper>(crossentropy, "crossentropy");
}

using namespace losses;
constexpr detail::Named<std::shared_ptr<const losses::Loss> (*)()> known[] = {
    {"binary_crossentropy", make<BinaryCrossentropy>, {"bce"}},
    {"binary_focal_crossentropy", make<BinaryFocalCrossentropy>},
    {"categorical_crossentropy", make<CategoricalCrossentropy>},
    {"categorical_focal_crossentropy", make<CategoricalFocalCrossentropy>},
    {"categorical_generalized_cross_entropy", make<CategoricalGeneralizedCrossEntropy>},
    {"categorical_hinge", make<CategoricalHinge>},
    {"cosine_similarity", make<CosineSimilarity>},
    {"crossentropy", make_crossentropy, {"ce"}},
    {"dice", make<Dice>},
    {"hinge", make<Hinge>},
    {"huber", make<Huber>, {"huber_loss"}},
    {"kl_divergence", make<KLDivergence>, {"kld"}},
    {"log_cosh", make<LogCosh>},
    {"mean_absolute_error", make<MeanAbsoluteError>, {"mae"}},
    {"mean_absolute_percentage_error", make<MeanAbsolutePercentageError>, {"mape"}},
    {"mean_squared_error", make<MeanSquaredError>, {"mse"}},
    {"mean_squared_logarithmic_error", make<MeanSquaredLogarithmicError>, {"msle"}},
    {"poisson", make<Poisson>},
    {"sparse_categorical_crossentropy", make<SparseCategoricalCrossentropy>},
    {"squared_hinge", make<SquaredHinge>},
    {"tversky", make<Tversky>},
};

}  // namespace

AnyLoss::AnyLoss(const std::string& name) : AnyOf(detail::get_named("AnyLoss", "loss", known, name).value()) {}

Tensor AnyLoss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  return (**this)(y_true, y_pred, sample_weight);
}

}  // namespace xtape
