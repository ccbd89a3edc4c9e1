#pragma once

#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::plot {

/// Keyword arguments of confusion_matrix().
struct ConfusionMatrixOptions {
  /// As in scikit-learn: "true" divides each row by its sum, "pred" each column, "all" everything by the total; empty:
  /// the counts.
  std::string normalize = {};
  std::string title = {};
  std::string xlabel = "predicted";
  std::string ylabel = "true";
  int cell = 0;  ///< The size of a cell in pixels; 0: what suits the number of classes.
};

/// A heat map of [n, n] counts, row: true class, column: predicted class, with the counts written in the cells of up to
/// 30 classes. Without names the classes are numbered from 0.
bool confusion_matrix(const Tensor& matrix, const std::vector<std::string>& class_names, const std::string& path,
                      const ConfusionMatrixOptions& options = {});

}  // namespace xtape::plot
