#pragma once

#include <map>
#include <string>
#include <vector>

#include "xtape/models/callback.hpp"

namespace xtape {

/// The result of fit (keras.callbacks.History): the logs of all epochs.
///
///     auto history = model.fit(...);
///     plot::history(history.history, "history.png");
class History : public Callback {
 public:
  std::vector<int> epoch;                              ///< the epochs that were run, from 0
  std::map<std::string, std::vector<double>> history;  ///< "loss", "accuracy", "val_loss", ...: one value per epoch

  /// history.at(name). An unknown name throws a LookupError that lists the known ones.
  const std::vector<double>& operator[](const std::string& name) const;

  void on_train_begin() override;
  void on_epoch_end(int epoch, const Logs& logs) override;
};

}  // namespace xtape
