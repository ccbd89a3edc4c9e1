#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/plot/axes.hpp"

namespace xtape::plot {

/// Where a function of two variables is drawn: at resolution^2 points.
struct Region {
  double xmin = -1;
  double xmax = 1;
  double ymin = -1;
  double ymax = 1;
  int resolution = 200;
};

/// A function of points [m, 2] that returns [m] or [m, 1]; it is called once with all points of a region.
using Surface = std::function<Tensor(const Tensor& points)>;

/// Keyword arguments of decision_surface().
struct DecisionSurfaceOptions {
  Axes axes = {};
  double level = 0.5;                         ///< Where the boundary is drawn.
  Limits range = {0, 1};                      ///< The values of the two ends of the colors.
  std::vector<std::string> class_names = {};  ///< For the legend, in the order of the labels; empty: the labels.
};

/// How a binary classifier divides the plane: f in colors, its contour at `level`, and on top `points` [n, 2] in the
/// colors of their `labels` [n] or [n, 1]. Points may be omitted: {}. f gets float32 unless the points are float64.
///
///     plot::decision_surface([&](const Tensor& x) { return model.predict(x); }, {-2, 2, -2, 2}, x, y, "moons.png");
bool decision_surface(const Surface& f, const Region& region, const Tensor& points, const Tensor& labels,
                      const std::string& path, const DecisionSurfaceOptions& options = {});

/// Keyword arguments of contour_paths().
struct ContourPathsOptions {
  Axes axes = {};
  int levels = 20;
  /// Levels in equal steps of the logarithm of the height above the lowest point, for surfaces with narrow valleys.
  bool log_levels = false;
  std::optional<std::pair<double, double>> minimum = {};  ///< Marked with a star.
};

/// Contour lines of a surface z = f([x, y]) and paths on it, such as those of several optimizers, each from a ring at
/// its start to a dot at its end. f gets float64.
///
///     plot::contour_paths(f, {-2, 2, -1, 3}, {{"SGD", sgd_x, sgd_y}, {"Adam", adam_x, adam_y}}, "paths.png");
bool contour_paths(const Surface& f, const Region& region, const std::vector<Series>& paths, const std::string& path,
                   const ContourPathsOptions& options = {});

}  // namespace xtape::plot
