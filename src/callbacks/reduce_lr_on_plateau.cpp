#include "xtape/callbacks/reduce_lr_on_plateau.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "callbacks/python_float.hpp"
#include "xtape/models/model.hpp"

namespace xtape::callbacks {

ReduceLROnPlateau::ReduceLROnPlateau(const ReduceLROnPlateauOptions& options)
    : MonitorCallback("ReduceLROnPlateau",
                      {.monitor = options.monitor, .mode = options.mode, .min_delta = options.min_delta}),
      options_(options) {
  if (!(options.factor >= 0 && options.factor < 1)) {
    detail::fail<ValueError>("ReduceLROnPlateau", "does not support a factor below 0 or >= 1.0, received factor={}",
                             options.factor);
  }
}

void ReduceLROnPlateau::on_train_begin() {
  best_ = {};
  cooldown_counter_ = 0;
  wait_ = 0;
  forget_warning();
}

bool ReduceLROnPlateau::reduce(int epoch) const {
  auto& optimizer = model().optimizer();
  const double rate = optimizer.learning_rate();
  if (!(rate > options_.min_lr)) return false;
  const double reduced = std::max(rate * options_.factor, options_.min_lr);
  optimizer.set_learning_rate(reduced);
  if (options_.verbose > 0) {
    fmt::print("\nEpoch {}: ReduceLROnPlateau reducing learning rate to {}.\n", epoch + 1,
               detail::python_float(reduced));
  }
  return true;
}

void ReduceLROnPlateau::extend_logs(Logs& logs) { logs.set("learning_rate", model().optimizer().learning_rate()); }

// As Keras: during the cooldown epochs do not count as waiting, and a rate at its minimum starts no cooldown.
void ReduceLROnPlateau::on_epoch_end(int epoch, const Logs& logs) {
  resolve_mode();
  Logs all = logs;
  all.set("learning_rate", model().optimizer().learning_rate());
  const double* current = monitored(all,
                                    "Learning rate reduction is conditioned on metric `{}` which is not available. "
                                    "Available metrics are: {}.");
  if (current == nullptr) return;
  if (in_cooldown()) {
    --cooldown_counter_;
    wait_ = 0;
  }
  if (is_improvement(*current, best_)) {
    best_ = *current;
    wait_ = 0;
  } else if (!in_cooldown() && ++wait_ >= options_.patience && reduce(epoch)) {
    cooldown_counter_ = options_.cooldown;
    wait_ = 0;
  }
}

}  // namespace xtape::callbacks
