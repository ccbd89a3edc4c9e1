// Losses, their weights, metrics and labels of models with several outputs.
#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/layers/activity_regularization.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/metrics/regression.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using layers::Dense;

/// x -> a = x, b = 2 x, c = 3 x, without learning.
Model triple() {
  const auto times = [](double k, const char* name) {
    return Dense(1, {.use_bias = false, .kernel_initializer = initializers::Constant(k), .name = name});
  };
  const auto x = Input({1});
  return Model(x, {times(1, "a")(x), times(2, "b")(x), times(3, "c")(x)});
}

/// The same model as a user's class, whose outputs have no names.
struct TripleClass : Model {
  TensorList call_list(const TensorList& x) override { return {x[0], x[0] * 2, x[0] * 3}; }
};

optimizers::SGD still() { return optimizers::SGD({.learning_rate = 0}); }

/// The figures for x = 1 and labels of 0: the outputs are 1, 2, 3.
template <class M>
Logs figures(M model, const CompileOptions& options, const TensorList& y) {
  model.compile(options);
  return model.evaluate(ones({4, 1}), y, {.verbose = 0});
}
Logs figures(const CompileOptions& options) {
  return figures(triple(), options, {zeros({4, 1}), zeros({4, 1}), zeros({4, 1})});
}

TEST_CASE("outputs: a loss for all, by position, by name") {
  const Logs all = figures({.loss = "mse"});
  CHECK(all["loss"] == doctest::Approx(1 + 4 + 9));
  CHECK(all["a_loss"] == doctest::Approx(1));
  CHECK(all["c_loss"] == doctest::Approx(9));
  CHECK(figures({.loss = {"mse", "mae", "mae"}})["loss"] == doctest::Approx(1 + 2 + 3));
  const Logs named = figures({.loss = {{"c", "mse"}, {"b", "mae"}}});
  CHECK(named["loss"] == doctest::Approx(9 + 2));
  CHECK_FALSE(named.contains("a_loss"));
  CHECK(figures({.loss = std::map<std::string, AnyLoss>{{"a", "mse"}}})["loss"] == doctest::Approx(1));
  CHECK(figures({.loss = {{"b", [](const Tensor&, const Tensor& y) { return y * 10; }}}})["loss"] ==
        doctest::Approx(20));
}

TEST_CASE(
    "outputs: weights of the losses, by position, by name, one for all; figures of the outputs are without them") {
  CHECK(figures({.loss = "mae", .loss_weights = {1, 10, 100}})["loss"] == doctest::Approx(1 + 20 + 300));
  CHECK(figures({.loss = "mae", .loss_weights = {{"c", 10}, {"a", 0}}})["loss"] == doctest::Approx(0 + 2 + 30));
  CHECK(figures({.loss = "mae", .loss_weights = 0.5})["loss"] == doctest::Approx(3));
  CHECK(figures({.loss = {{"b", "mae"}}, .loss_weights = {5, 6, 7}})["loss"] == doctest::Approx(12));
  const Logs logs = figures({.loss = "mae", .loss_weights = {{"c", 10}}});
  CHECK(logs["loss"] == doctest::Approx(1 + 2 + 30));
  CHECK(logs["c_loss"] == doctest::Approx(3));
}

TEST_CASE("outputs: metrics for all, by position and by name") {
  const Logs all = figures({.loss = "mse", .metrics = {"mae", "mse"}});
  for (const char* name : {"a_mae", "a_mse", "b_mae", "b_mse", "c_mae", "c_mse"}) CHECK(all.contains(name));
  CHECK(all["c_mae"] == doctest::Approx(3));
  CHECK(all["c_mse"] == doctest::Approx(9));
  CHECK(all.size() == 1 + 3 + 6);

  const Logs lists = figures({.loss = "mse", .metrics = {{"mae", "mse"}, {"mse"}, "mae"}});
  CHECK(lists.size() == 1 + 3 + 4);
  CHECK(lists["a_mse"] == doctest::Approx(1));
  CHECK(lists["b_mse"] == doctest::Approx(4));
  CHECK(lists["c_mae"] == doctest::Approx(3));

  const Logs objects = figures({.loss = "mse", .metrics = {metrics::MeanAbsoluteError("x"), "mse", "mse"}});
  CHECK(objects.size() == 1 + 3 + 3);
  CHECK(objects["a_x"] == doctest::Approx(1));
  CHECK(objects["c_mse"] == doctest::Approx(9));

  const Logs named = figures({.loss = "mse", .metrics = {{"c", "mae"}, {"a", {"mae", "mse"}}}});
  CHECK(named.size() == 1 + 3 + 3);
  CHECK(named["c_mae"] == doctest::Approx(3));
  CHECK(named["a_mse"] == doctest::Approx(1));
  CHECK(figures({.loss = "mse", .metrics = {{"b", "mae"}}})["b_mae"] == doctest::Approx(2));
  const auto tenfold = [](const Tensor&, const Tensor& y) { return y * 10; };
  CHECK(figures({.loss = "mse", .metrics = {{"b", {tenfold, "tenfold"}}}})["b_tenfold"] == doctest::Approx(20));
  CHECK(figures({.loss = "mse", .metrics = std::map<std::string, std::vector<AnyMetric>>{{"b", {"mae"}}}})["b_mae"] ==
        doctest::Approx(2));
}

TEST_CASE("outputs: no figure hides another of the same name") {
  Sequential model(Dense(1, {.use_bias = false, .kernel_initializer = "ones"}));
  model.compile({.optimizer = still(), .loss = "mae", .metrics = {"mae", "mae"}, .weighted_metrics = {"mae", "mse"}});
  const Tensor x = constant({{1.0F}, {3.0F}});
  const Logs logs = model.evaluate(x, zeros({2, 1}), {.verbose = 0, .sample_weight = constant({3.0F, 1.0F})});
  CHECK(logs["mae"] == doctest::Approx(2));
  CHECK(logs["mae_1"] == doctest::Approx(2));
  CHECK(logs["weighted_mae"] == doctest::Approx((3 * 1 + 3) / 4.0));
  CHECK(logs["mse"] == doctest::Approx((3 * 1 + 9) / 4.0));
  CHECK(logs.size() == 5);

  // Two outputs of layers without names, and one layer with two outputs.
  const auto in = Input({1});
  Dense shared(1, {.use_bias = false, .kernel_initializer = "ones"});
  Model twice(in, {shared(in), shared(in * 2), Dense(1, {.kernel_initializer = "zeros"})(in)});
  twice.compile({.optimizer = still(), .loss = "mae"});
  const Logs each = twice.evaluate(ones({2, 1}), {zeros({2, 1}), zeros({2, 1}), ones({2, 1})}, {.verbose = 0});
  CHECK(each.size() == 4);
  CHECK(each["loss"] == doctest::Approx(1 + 2 + 1));
  CHECK(each["dense_loss"] == doctest::Approx(1));
}

TEST_CASE("outputs: of a class of one's own they are output_1, output_2, ...") {
  const TensorList y{zeros({4, 1}), zeros({4, 1}), zeros({4, 1})};
  const Logs logs = figures(TripleClass(), {.loss = {{"output_2", "mse"}}, .metrics = {{"output_3", "mae"}}}, y);
  CHECK(logs["loss"] == doctest::Approx(4));
  CHECK(logs["output_3_mae"] == doctest::Approx(3));
  CHECK_THROWS_TEXT(ValueError, "loss is given for 'a', which is no output of the model, only: output_1, output_2, ",
                    figures(TripleClass(), {.loss = {{"a", "mse"}}}, y));
  CHECK_THROWS_TEXT(ValueError, "metrics is given for 'a', which is no output",
                    figures(TripleClass(), {.loss = "mse", .metrics = {{"a", "mae"}}}, y));
  CHECK_THROWS_TEXT(ValueError, "expected as many entries in loss as the model has outputs: 3 output(s)",
                    figures(TripleClass(), {.loss = {"mse", "mse"}}, y));
}

TEST_CASE("outputs: one without loss and metrics needs no label") {
  const Tensor y = zeros({4, 1});
  const auto b_only = [] { return CompileOptions{.optimizer = still(), .loss = {{"b", "mse"}}}; };
  const testing::WarningCapture no_gradients;  // of a and c, rightly
  for (const TensorList& labels : {TensorList{y}, TensorList{Tensor(), y, Tensor()}, TensorList{y, y, y}}) {
    CAPTURE(labels.size());
    CHECK(figures(triple(), b_only(), labels)["loss"] == doctest::Approx(4));
    Model model = triple();
    model.compile(b_only());
    const auto history = model.fit(
        ones({4, 1}), labels,
        {.batch_size = 3,
         .verbose = 0,
         .validation_data = {ones({2, 1}), labels.size() == 1 ? TensorList{zeros({2, 1})}
                                                              : TensorList{Tensor(), zeros({2, 1}), Tensor()}}});
    CHECK(history["loss"][0] == doctest::Approx(4));
    CHECK(history["val_loss"][0] == doctest::Approx(4));
  }
  CHECK(figures(triple(), {.loss = {AnyLoss(), "mse", AnyLoss()}}, {Tensor(), y, Tensor()})["loss"] ==
        doctest::Approx(4));
  // One that only has a metric needs them.
  CHECK_THROWS_TEXT(ValueError, "3 output(s), 1 loss(es), labels for 1",
                    figures(triple(), {.loss = {{"b", "mse"}}, .metrics = {{"c", "mae"}}}, {y}));
  CHECK(figures(triple(), {.loss = {{"b", "mse"}}, .metrics = {{"c", "mae"}}}, {y, y})["c_mae"] == doctest::Approx(3));
  CHECK_THROWS_TEXT(ValueError, "the output 'b' has a loss or metrics, but its labels are empty",
                    figures(triple(), b_only(), {y, Tensor(), y}));
  CHECK_THROWS_TEXT(ValueError, "expected a loss and labels for each output: 3 output(s), 3 loss(es), labels for 2",
                    figures(triple(), {.loss = "mse"}, {y, y}));
  CHECK_THROWS_TEXT(ValueError, "labels for 0", figures(triple(), {.loss = "mse"}, {}));
}

TEST_CASE("fit, evaluate, train_on_batch and test_on_batch without labels: the loss is the layers'") {
  Sequential model{Dense(1, {.use_bias = false, .kernel_initializer = "ones"}),
                   layers::ActivityRegularization({.l2 = 0.5})};
  model.compile(optimizers::SGD({.learning_rate = 0.1}));
  const Tensor x = ones({4, 1});
  // The loss is w^2 / 2: each step multiplies w by 0.9.
  const auto history = model.fit(x, {.batch_size = 2, .epochs = 2, .verbose = 0, .validation_split = 0.5});
  CHECK(history["loss"][0] == doctest::Approx(0.5));
  CHECK(history["loss"][1] == doctest::Approx(0.5 * 0.81));
  CHECK(history["val_loss"][1] == doctest::Approx(0.5 * 0.81 * 0.81));
  CHECK(model.evaluate(x, {.verbose = 0})["loss"] == doctest::Approx(0.5 * 0.81 * 0.81));
  CHECK(model.test_on_batch(x)["loss"] == doctest::Approx(0.5 * 0.81 * 0.81));
  CHECK(model.train_on_batch(x)["loss"] == doctest::Approx(0.5 * 0.81 * 0.81));
  const auto more = model.fit(x, x, {.verbose = 0, .validation_data = {x}});  // labels that nothing needs
  CHECK(more["val_loss"].size() == 1);
  CHECK(model.fit(x, {}, {.verbose = 0})["loss"].size() == 1);
  model.compile("sgd", "mse");
  CHECK_THROWS_TEXT(ValueError, "1 output(s), 1 loss(es), labels for 0", model.fit(x, {.verbose = 0}));
}

TEST_CASE("compile: what is not the outputs' is told, at once for a functional model") {
  Model model = triple();
  CHECK_THROWS_TEXT(ValueError,
                    "[Model.compile] expected as many entries in loss as the model has outputs: 3 output(s) (a, b, c), "
                    "2 in loss",
                    model.compile({.loss = {"mse", "mse"}}));
  CHECK_THROWS_TEXT(ValueError, "loss is given for 'd', which is no output of the model, only: a, b, c",
                    model.compile({.loss = {{"a", "mse"}, {"d", "mse"}}}));
  CHECK_THROWS_TEXT(ValueError, "loss is given twice for the output 'a'",
                    model.compile({.loss = {{"a", "mse"}, {"a", "mae"}}}));
  CHECK_THROWS_TEXT(ValueError, "unknown loss 'mee'", model.compile({.loss = {{"a", "mee"}}}));
  CHECK_THROWS_TEXT(ValueError, "3 output(s) (a, b, c), 2 in loss_weights",
                    model.compile({.loss = "mse", .loss_weights = {1, 2}}));
  CHECK_THROWS_TEXT(ValueError, "loss_weights is given for 'd', which is no output",
                    model.compile({.loss = "mse", .loss_weights = {{"d", 1}}}));
  CHECK_THROWS_TEXT(ValueError, "3 output(s) (a, b, c), 2 in metrics",
                    model.compile({.loss = "mse", .metrics = {{"mae"}, {"mae"}}}));
  CHECK_THROWS_TEXT(ValueError, "metrics is given for 'd', which is no output",
                    model.compile({.loss = "mse", .metrics = {{"a", "mae"}, {"d", "mae"}}}));
  CHECK_THROWS_TEXT(ValueError, "3 output(s) (a, b, c), 1 in weighted_metrics",
                    model.compile({.loss = "mse", .weighted_metrics = {metrics::MeanSquaredError()}}));
  CHECK_THROWS_TEXT(ValueError, "unknown metric 'maee'", model.compile({.loss = "mse", .metrics = {"maee"}}));
  CHECK_THROWS_TEXT(ValueError, "unknown metric 'maee'", model.compile({.loss = "mse", .metrics = {{"a", "maee"}}}));
  CHECK_THROWS_TEXT(ValueError, "unknown metric 'maee'",
                    model.compile({.loss = "mse", .metrics = {{"maee"}, {"mse"}, {"mse"}}}));
  CHECK_FALSE(model.compiled());
  const auto shared = std::make_shared<metrics::MeanSquaredError>();
  CHECK_THROWS_TEXT(ValueError, "the metric object \"mean_squared_error\" is given twice",
                    figures({.loss = "mse", .metrics = {shared, shared, "mae"}}));
}

}  // namespace
}  // namespace xtape
