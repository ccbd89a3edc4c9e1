#include "xtape/callbacks/terminate_on_nan.hpp"

#include <limits>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "support/stdout_capture.hpp"
#include "xtape/base/error.hpp"

namespace xtape {
namespace {

using callbacks::TerminateOnNaN;
using testing::StdoutCapture;
using testing::tiny_model;

TEST_CASE("TerminateOnNaN: NaN and infinite losses") {
  const double inf = std::numeric_limits<double>::infinity();
  auto model = tiny_model();
  TerminateOnNaN callback;
  callback.set_model(model);
  for (const double loss : {std::numeric_limits<double>::quiet_NaN(), inf, -inf}) {
    model.set_stop_training(false);
    callback.on_train_batch_end(0, {{"loss", 1e300}, {"mae", loss}});
    callback.on_train_batch_end(1, {{"mae", loss}});
    CHECK_FALSE(model.stop_training());
    StdoutCapture out;
    callback.on_train_batch_end(2, {{"loss", loss}});
    CHECK(out.text() == "Batch 2: Invalid loss, terminating training\n");
    CHECK(model.stop_training());
  }
  TerminateOnNaN raising({.raise_error = true});
  raising.set_model(model);
  CHECK_THROWS_TEXT(RuntimeError,
                    "[TerminateOnNaN] NaN or Inf loss encountered at batch 3. Loss value: inf. Terminating training",
                    raising.on_train_batch_end(3, {{"loss", inf}}));
}

TEST_CASE("TerminateOnNaN: fit ends in the middle of the epoch") {
  auto model = tiny_model();
  const Tensor x = constant({{1.0F}, {1.0F}, {std::numeric_limits<float>::quiet_NaN()}, {1.0F}});
  StdoutCapture out;
  const auto history = model.fit(
      x, ones({4, 1}), {.batch_size = 1, .epochs = 5, .verbose = 0, .callbacks = {TerminateOnNaN()}, .shuffle = false});
  CHECK(out.text() == "Batch 2: Invalid loss, terminating training\n");
  CHECK(history.epoch == std::vector<int>{0});
  CHECK(model.optimizer().iterations() == 3);
}

}  // namespace
}  // namespace xtape
