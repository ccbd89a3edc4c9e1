#pragma once

#include <map>
#include <string>
#include <vector>

#include "xtape/models/callback.hpp"

namespace xtape {

/// What fit returns (keras.callbacks.History): every figure of every epoch.
///
///     auto history = model.fit(...);
///     plot::history(history.history, "history.png");
class History : public Callback {
 public:
  std::vector<int> epoch;                              ///< the epochs that were run, from 0
  std::map<std::string, std::vector<double>> history;  ///< "loss", "accuracy", "val_loss", ...: one value per epoch

  /// history.at(name); throws a LookupError that lists the names for another one.
  const std::vector<double>& operator[](const std::string& name) const;

  void on_train_begin() override;
  void on_epoch_end(int epoch, const Logs& logs) override;
};

}  // namespace xtape
