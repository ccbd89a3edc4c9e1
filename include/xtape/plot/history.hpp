#pragma once

#include <map>
#include <string>
#include <vector>

#include "xtape/models/history.hpp"

namespace xtape::plot {

/// Keyword arguments of history().
struct HistoryOptions {
  std::string title = {};
  std::vector<std::string> metrics = {};  ///< Which to draw, in this order; empty: all, the loss first.
  int columns = 0;                        ///< 0: as square as possible.
  int width = 560;                        ///< Of each panel, in pixels.
  int height = 400;
};

/// What Model::fit has recorded: a panel for each metric with its values per epoch, of the training and, named "val_"
/// and the metric's name, of the validation. Epochs count from 1. If there are n times as many epochs as validation
/// values, these are of every n-th epoch. Throws a ValueError for a metric that is not in the history.
bool history(const std::map<std::string, EpochValues>& history, const std::string& path,
             const HistoryOptions& options = {});

}  // namespace xtape::plot
