#include "xtape/losses/any_loss.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/binary_crossentropy.hpp"
#include "xtape/losses/categorical_crossentropy.hpp"
#include "xtape/losses/mean_squared_error.hpp"
#include "xtape/losses/sparse_categorical_crossentropy.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;

namespace {
const Tensor y_true = constant({{1, 9, 2}, {-5, -2, 6}});
const Tensor y_pred = constant({{4.0, 8.0, 12.0}, {8.0, 1.0, 3.0}});

std::string name_of(const AnyLoss& loss) { return loss.name(); }
}  // namespace

TEST_CASE("AnyLoss: Keras's names") {
  const struct {
    const char* known_as;
    const char* name;
  } rows[] = {
      {"mse", "mean_squared_error"},
      {"MSE", "mean_squared_error"},
      {"mean_squared_error", "mean_squared_error"},
      {"MeanSquaredError", "mean_squared_error"},
      {"mae", "mean_absolute_error"},
      {"MAE", "mean_absolute_error"},
      {"MeanAbsoluteError", "mean_absolute_error"},
      {"mape", "mean_absolute_percentage_error"},
      {"MeanAbsolutePercentageError", "mean_absolute_percentage_error"},
      {"MSLE", "mean_squared_logarithmic_error"},
      {"MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"},
      {"huber", "huber_loss"},
      {"Huber", "huber_loss"},
      {"LogCosh", "log_cosh"},
      {"bce", "binary_crossentropy"},
      {"BinaryCrossentropy", "binary_crossentropy"},
      {"BinaryFocalCrossentropy", "binary_focal_crossentropy"},
      {"CategoricalCrossentropy", "categorical_crossentropy"},
      {"CategoricalFocalCrossentropy", "categorical_focal_crossentropy"},
      {"sparse_categorical_crossentropy", "sparse_categorical_crossentropy"},
      {"SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"},
      {"kld", "kl_divergence"},
      {"KLDivergence", "kl_divergence"},
      {"Poisson", "poisson"},
      {"Hinge", "hinge"},
      {"SquaredHinge", "squared_hinge"},
      {"CategoricalHinge", "categorical_hinge"},
      {"CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"},
      {"CosineSimilarity", "cosine_similarity"},
      {"Dice", "dice"},
      {"Tversky", "tversky"},
      {"CTC", "ctc"},
      {"Circle", "circle"},
      {"Contrastive", "contrastive"},
      {"GaussianNLL", "gaussian_nll"},
      {"TripletSemiHard", "triplet_semihard"},
      {"ce", "crossentropy"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.known_as);
    CHECK(AnyLoss(row.known_as).name() == row.name);
    CHECK(name_of(std::string(row.known_as)) == row.name);
  }
  CHECK_CLOSE(AnyLoss("mse")(y_true, y_pred), 49.5);
  CHECK_CLOSE(AnyLoss("mse")(y_true, y_pred, 2.3), 113.85);
  CHECK_THROWS_TEXT(ValueError,
                    "[AnyLoss] unknown loss 'mean_square_error', expected one of: binary_crossentropy, "
                    "binary_focal_crossentropy, categorical_crossentropy",
                    AnyLoss("mean_square_error"));
}

TEST_CASE("AnyLoss: objects, shared ones and functions") {
  CHECK_CLOSE(AnyLoss(losses::MeanSquaredError({.reduction = "sum"}))(y_true, y_pred), 99.0);
  const losses::MeanSquaredError mine({.name = "mine"});
  CHECK(name_of(mine) == "mine");
  const auto shared = std::make_shared<losses::MeanSquaredError>();
  const AnyLoss of_shared = shared;
  CHECK(of_shared.get() == shared);
  CHECK_CLOSE(of_shared(y_true, y_pred), 49.5);

  struct Own : losses::Loss {
    Own() : Loss("own", "sum") {}
    Tensor call(const Tensor&, const Tensor& p) const override { return p; }
  };
  CHECK_CLOSE(AnyLoss(Own())(y_true, y_pred, constant({1, 0})), 24.0);

  const AnyLoss squares = [](const Tensor& t, const Tensor& p) { return square(cast(t, p.dtype()) - p); };
  CHECK(squares.name() == "loss");
  CHECK_CLOSE(squares(y_true, y_pred), 49.5);
  CHECK_CLOSE(squares(y_true, y_pred, constant({{1}, {0}})), 110.0 / 6);
  CHECK(AnyLoss([](const Tensor&, const Tensor& p) { return p; }, "predictions").name() == "predictions");
  CHECK_CLOSE(AnyLoss(losses::mean_squared_error)(y_true, y_pred), 49.5);
  // Functions with keyword arguments
  const AnyLoss crossentropy = losses::binary_crossentropy;
  CHECK_CLOSE(crossentropy(eye(2), full({2, 2}, 0.5)), 0.6931472);
  CHECK_THROWS_TEXT(ValueError, "[loss] the callable is empty",
                    AnyLoss(std::function<Tensor(const Tensor&, const Tensor&)>()));
}

TEST_CASE("AnyLoss: none") {
  const AnyLoss none;
  CHECK(!none);
  CHECK(AnyLoss("mse"));
  CHECK_THROWS_TEXT(ValueError, "[AnyLoss] there is no loss", none(y_true, y_pred));
  CHECK_THROWS_TEXT(ValueError, "[AnyLoss] there is no loss", none.name());
  CHECK_THROWS_TEXT(ValueError, "[AnyLoss] expected a loss, received a null pointer",
                    AnyLoss(std::shared_ptr<losses::Loss>()));
}

TEST_CASE("AnyLoss: the crossentropy that fits") {
  const AnyLoss crossentropy("crossentropy");
  const Tensor p = constant({{0.2, 0.8}, {0.5, 0.5}}), one = constant({{0.2}, {0.6}});
  CHECK_CLOSE(crossentropy(constant({1, 0}), one), losses::BinaryCrossentropy()(constant({{1}, {0}}), one));
  CHECK_CLOSE(crossentropy(constant({1, 0}), p), losses::SparseCategoricalCrossentropy()(constant({1, 0}), p));
  CHECK_CLOSE(crossentropy(constant({{1}, {0}}), p), losses::SparseCategoricalCrossentropy()(constant({1, 0}), p));
  CHECK_CLOSE(crossentropy(eye(2), p), losses::CategoricalCrossentropy()(eye(2), p));
}
