#include "xtape/losses/loss_function.hpp"

#include "base/check.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/categorical_generalized_cross_entropy.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/dice.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/hinge.hpp"
#include "xtape/losses/huber.hpp"
#include "xtape/losses/kl_divergence.hpp"
#include "xtape/losses/mean_absolute_error.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/mean_squared_logarithmic_error.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"

namespace xtape {
namespace {

struct Named {
  const char* name;
  const char* class_name;
  const char* aliases[2];
  std::shared_ptr<const losses::Loss> (*make)();
};

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
constexpr Named known[] = {
    {"binary_crossentropy", "BinaryCrossentropy", {"bce", "BCE"}, make<BinaryCrossentropy>},
    {"binary_focal_crossentropy", "BinaryFocalCrossentropy", {}, make<BinaryFocalCrossentropy>},
    {"categorical_crossentropy", "CategoricalCrossentropy", {}, make<CategoricalCrossentropy>},
    {"categorical_focal_crossentropy", "CategoricalFocalCrossentropy", {}, make<CategoricalFocalCrossentropy>},
    {"categorical_generalized_cross_entropy",
     "CategoricalGeneralizedCrossEntropy",
     {},
     make<CategoricalGeneralizedCrossEntropy>},
    {"categorical_hinge", "CategoricalHinge", {}, make<CategoricalHinge>},
    {"cosine_similarity", "CosineSimilarity", {}, make<CosineSimilarity>},
    {"crossentropy", "Crossentropy", {"ce", "CE"}, make_crossentropy},
    {"dice", "Dice", {}, make<Dice>},
    {"hinge", "Hinge", {}, make<Hinge>},
    {"huber", "Huber", {"huber_loss"}, make<Huber>},
    {"kl_divergence", "KLDivergence", {"kld", "KLD"}, make<KLDivergence>},
    {"log_cosh", "LogCosh", {"logcosh"}, make<LogCosh>},
    {"mean_absolute_error", "MeanAbsoluteError", {"mae", "MAE"}, make<MeanAbsoluteError>},
    {"mean_absolute_percentage_error",
     "MeanAbsolutePercentageError",
     {"mape", "MAPE"},
     make<MeanAbsolutePercentageError>},
    {"mean_squared_error", "MeanSquaredError", {"mse", "MSE"}, make<MeanSquaredError>},
    {"mean_squared_logarithmic_error",
     "MeanSquaredLogarithmicError",
     {"msle", "MSLE"},
     make<MeanSquaredLogarithmicError>},
    {"poisson", "Poisson", {}, make<Poisson>},
    {"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", {}, make<SparseCategoricalCrossentropy>},
    {"squared_hinge", "SquaredHinge", {}, make<SquaredHinge>},
    {"tversky", "Tversky", {}, make<Tversky>},
};

}  // namespace

LossFunction::LossFunction(const std::string& name) {
  std::string names;
  for (const auto& entry : known) {
    bool found = name == entry.name || name == entry.class_name;
    for (const char* alias : entry.aliases) found = found || (alias != nullptr && name == alias);
    if (found) {
      loss_ = entry.make();
      return;
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  detail::fail<ValueError>("LossFunction", "unknown loss '{}', expected one of: {}", name, names);
}

Tensor LossFunction::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  check();
  return (*loss_)(y_true, y_pred, sample_weight);
}

const std::string& LossFunction::name() const& {
  check();
  return loss_->name();
}

void LossFunction::check() const {
  if (loss_ == nullptr) detail::fail<ValueError>("LossFunction", "there is no loss");
}

}  // namespace xtape
