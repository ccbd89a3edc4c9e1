#include "xtape/losses/any_loss.hpp"

#include "base/check.hpp"
#include "base/function_config.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/categorical_generalized_cross_entropy.hpp"
#include "xtape/losses/circle.hpp"
#include "xtape/losses/contrastive.hpp"
#include "xtape/losses/cosine_similarity.hpp"
#include "xtape/losses/ctc.hpp"
#include "xtape/losses/focal_crossentropy.hpp"
#include "xtape/losses/gaussian_nll.hpp"
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
#include "xtape/losses/triplet.hpp"

namespace xtape {
namespace {

template <class L>
std::shared_ptr<const losses::Loss> make(const Config& config) {
  return std::make_shared<const L>(detail::make_from_config<L, 0>(config, {}));
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

/// A loss that has only a name, in Keras too.
struct Crossentropy : losses::LossFunctionWrapper {
  Crossentropy() : LossFunctionWrapper(crossentropy, "crossentropy") {}
};

std::shared_ptr<const losses::Loss> make_crossentropy(const Config&) { return std::make_shared<const Crossentropy>(); }

/// Under xtape's names of reductions: Keras also has none, which is "none", and Keras 2 "auto".
Config with_reduction(Config config) {
  if (!config.contains("reduction")) return config;
  if (config["reduction"].is_none()) config.set("reduction", "none");
  if (config["reduction"] == "auto") config.set("reduction", "sum_over_batch_size");
  return config;
}

using namespace losses;
constexpr detail::Named<std::shared_ptr<const losses::Loss> (*)(const Config&)> known[] = {
    {"binary_crossentropy", make<BinaryCrossentropy>, {"bce"}},
    {"binary_focal_crossentropy", make<BinaryFocalCrossentropy>},
    {"categorical_crossentropy", make<CategoricalCrossentropy>},
    {"categorical_focal_crossentropy", make<CategoricalFocalCrossentropy>},
    {"categorical_generalized_cross_entropy", make<CategoricalGeneralizedCrossEntropy>},
    {"categorical_hinge", make<CategoricalHinge>},
    {"circle", make<Circle>},
    {"contrastive", make<Contrastive>},
    {"cosine_similarity", make<CosineSimilarity>},
    {"crossentropy", make_crossentropy, {"ce"}},
    {"ctc", make<CTC>},
    {"dice", make<Dice>},
    {"gaussian_nll", make<GaussianNLL>},
    {"hinge", make<Hinge>},
    {"huber", make<Huber>, {"huber_loss"}},
    {"kl_divergence", make<KLDivergence>, {"kld", "kullback_leibler_divergence"}},
    {"log_cosh", make<LogCosh>},
    {"mean_absolute_error", make<MeanAbsoluteError>, {"mae"}},
    {"mean_absolute_percentage_error", make<MeanAbsolutePercentageError>, {"mape"}},
    {"mean_squared_error", make<MeanSquaredError>, {"mse"}},
    {"mean_squared_logarithmic_error", make<MeanSquaredLogarithmicError>, {"msle"}},
    {"poisson", make<Poisson>},
    {"sparse_categorical_crossentropy", make<SparseCategoricalCrossentropy>},
    {"squared_hinge", make<SquaredHinge>},
    {"triplet_semihard", make<TripletSemiHard>},
    {"tversky", make<Tversky>},
};

}  // namespace

AnyLoss::AnyLoss(const std::string& name) : AnyOf(detail::get_named("AnyLoss", "loss", known, name).value(Config())) {}

Tensor AnyLoss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight) const {
  return (**this)(y_true, y_pred, sample_weight);
}

ConfigValue AnyLoss::config() const {
  if (!*this) return {};
  const losses::Loss& loss = **this;
  if (typeid(loss) == typeid(Crossentropy)) return "crossentropy";
  if (typeid(loss) == typeid(losses::LossFunctionWrapper)) return ConfigValue::custom();
  return loss.config();
}

AnyLoss AnyLoss::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  if (const auto* name = value.get<std::string>()) {
    const auto maker = registry().find(*name);
    return maker ? (*maker)(Config(*name)) : AnyLoss(*name);
  }
  const Config& config = detail::config_of(value);
  const auto maker = registry().find(config.class_name());
  if (!maker) {
    if (const auto named = detail::class_of_function(config, "LossFunctionWrapper")) return from_config(*named);
  }
  const auto* entry = maker ? nullptr : detail::find_named(known, config.class_name());
  if (!maker && entry == nullptr) detail::fail_unknown_class("loss", config.class_name());
  AnyLoss loss = maker ? (*maker)(config) : AnyLoss(entry->value(with_reduction(config)));
  const Config made = loss->config();
  detail::check_last_axis(config, made);
  detail::report_unknown_arguments(config, made);
  return loss;
}

detail::Registry<AnyLoss>& AnyLoss::registry() {
  static detail::Registry<AnyLoss> classes;
  return classes;
}

}  // namespace xtape
