#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "xtape/base/format.hpp"
#include "xtape/models/callback.hpp"

namespace xtape {

/// The values of a figure, one for each epoch: a std::vector that can be printed, as "[0.5, 0.25]".
class EpochValues : public std::vector<double> {
 public:
  using std::vector<double>::vector;
  EpochValues(std::vector<double> values) noexcept : std::vector<double>(std::move(values)) {}
};

/// The result of fit (keras.callbacks.History): the logs of all epochs.
///
///     auto history = model.fit(...);
///     plot::history(history.history, "history.png");
class History : public Callback {
 public:
  std::vector<int> epoch;                      ///< the epochs that were run, from 0
  std::map<std::string, EpochValues> history;  ///< "loss", "accuracy", "val_loss", ...: one value per epoch

  /// history.at(name). An unknown name throws a LookupError that lists the known ones.
  const EpochValues& operator[](const std::string& name) const;

  void on_train_begin() override;
  void on_epoch_end(int epoch, const Logs& logs) override;
};

/// Writes what `fmt::print("{}", values)` prints.
std::ostream& operator<<(std::ostream& stream, const EpochValues& values);

namespace detail {
template <>
std::string formatted(const EpochValues& values, fmt::string_view specification);
}  // namespace detail

}  // namespace xtape

template <>
struct fmt::formatter<xtape::EpochValues> : xtape::detail::Formatter {};
