#include "xtape/callbacks/terminate_on_nan.hpp"

#include <cmath>

#include "base/check.hpp"
#include "xtape/models/model.hpp"

namespace xtape::callbacks {

void TerminateOnNaN::on_train_batch_end(std::int64_t batch, const Logs& logs) {
  const double* loss = logs.find("loss");
  if (loss == nullptr || std::isfinite(*loss)) return;
  if (options_.raise_error) {
    detail::fail<RuntimeError>(
        "TerminateOnNaN", "NaN or Inf loss encountered at batch {}. Loss value: {}. Terminating training immediately.",
        batch, *loss);
  }
  fmt::print("Batch {}: Invalid loss, terminating training\n", batch);
  model().set_stop_training(true);
}

}  // namespace xtape::callbacks
