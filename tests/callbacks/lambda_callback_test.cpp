#include "xtape/callbacks/lambda_callback.hpp"

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"

namespace xtape {
namespace {

TEST_CASE("LambdaCallback: each function is called where Callback's is") {
  std::string heard;
  const auto say = [&](const char* what) { return [&heard, what](auto&&...) { heard += what; }; };
  const auto number = [&](const char* what) {
    return [&heard, what](auto n, auto&&...) { heard += what + std::to_string(n) + " "; };
  };
  callbacks::LambdaCallback callback({.on_epoch_begin = number("E"),
                                      .on_epoch_end = number("e"),
                                      .on_train_begin = say("T "),
                                      .on_train_end = say("t "),
                                      .on_train_batch_begin = number("B"),
                                      .on_train_batch_end = number("b"),
                                      .on_test_begin = say("V "),
                                      .on_test_end = say("v "),
                                      .on_test_batch_begin = number("X"),
                                      .on_test_batch_end = number("x"),
                                      .on_predict_begin = say("P "),
                                      .on_predict_end = say("p "),
                                      .on_predict_batch_begin = number("Y"),
                                      .on_predict_batch_end = number("y")});
  auto model = testing::tiny_model();
  const Tensor x = ones({3, 1}), y = zeros({3, 1});
  model.fit(x, y, {.batch_size = 2, .verbose = 0, .callbacks = {callback}, .validation_data = {x, y}});
  CHECK(heard == "T E0 B0 b0 B1 b1 V X0 x0 X1 x1 v e0 t ");
  heard.clear();
  (void)model.predict(x, {.batch_size = 2, .callbacks = {callback}});
  CHECK(heard == "P Y0 y0 Y1 y1 p ");
}

TEST_CASE("LambdaCallback: empty functions do nothing; logs are handed on") {
  auto model = testing::tiny_model();
  const Tensor x = ones({3, 1}), y = zeros({3, 1});
  double loss = 0;
  model.fit(x, y,
            {.verbose = 0,
             .callbacks = {
                 callbacks::LambdaCallback({}),
                 callbacks::LambdaCallback({.on_epoch_end = [&](int, const Logs& logs) { loss = logs["loss"]; }})}});
  CHECK(loss == 1);
}

}  // namespace
}  // namespace xtape
