#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xtape/plot/axes.hpp"

namespace xtape::plot {

/// Curves in one pair of axes (matplotlib's plot):
///
///     plot::lines({{"sin", x, sin(x)}, {"cos", x, cos(x), "--"}}, "waves.png", {.xlabel = "x"});
bool lines(const std::vector<Series>& series, const std::string& path, const Axes& axes = {});

/// One pair of axes of subplots().
struct Panel {
  std::vector<Series> series = {};
  Axes axes = {};
};

/// Keyword arguments of subplots().
struct SubplotsOptions {
  std::string title = {};
  int columns = 0;  ///< 0: as square as possible.
};

/// A grid of lines(), filled row by row. All places have the size of the largest panel.
bool subplots(const std::vector<Panel>& panels, const std::string& path, const SubplotsOptions& options = {});

/// A bar for each name (matplotlib's bar). Throws a ValueError when there is not one height for each name.
bool bars(const std::vector<std::string>& names, const Values& heights, const std::string& path, const Axes& axes = {});

/// The numbers of one histogram.
struct Sample {
  std::string label = {};
  Values values = {};
};

/// Keyword arguments of histogram().
struct HistogramOptions {
  std::int64_t bins = 30;
  Axes axes = {};
};

/// How many of the values fall into each of `bins` bins of equal width between the smallest and the largest of all
/// samples, or within axes.xlim (NumPy's histogram: a bin includes its lower edge, the last one both):
///
///     plot::histogram({{"dense_1", dense1.kernel()}, {"dense_2", dense2.kernel()}}, "weights.png", {.bins = 50});
bool histogram(const std::vector<Sample>& samples, const std::string& path, const HistogramOptions& options = {});

}  // namespace xtape::plot
