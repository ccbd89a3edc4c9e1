#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/tensor.hpp"

/// Pictures, drawn by gnuplot (Debian: gnuplot-nox), which is looked for in the PATH when a picture is drawn.
///
/// Every function here writes one file, PNG or SVG by the ending of its name, and returns true. The file appears
/// complete or not at all. Without gnuplot nothing is drawn: the functions return false, with one warning in the
/// process. They throw a ValueError for another ending, for empty data and for sizes that do not fit together, a
/// DataError for a file that cannot be written, and a RuntimeError with gnuplot's message where it fails. Texts are
/// shown as they are written.
namespace xtape::plot {

/// Numbers to draw: a tensor of any shape, in row-major order, or a list. NaN and infinite ones are left out.
class Values {
 public:
  Values() = default;
  Values(const Tensor& numbers);
  Values(std::vector<double> numbers) : numbers_(std::move(numbers)) {}
  Values(std::initializer_list<double> numbers) : numbers_(numbers) {}

  const std::vector<double>& numbers() const& { return numbers_; }
  std::vector<double> numbers() const&& { return numbers_; }

 private:
  std::vector<double> numbers_;
};

/// A curve or a set of points.
struct Series {
  std::string label = {};  ///< In the legend; empty for none.
  Values x = {};           ///< Empty: 0, 1, 2, ...
  Values y = {};
  std::string style = "-";  ///< As in matplotlib: "-", "--", ":", "o" for points, or both: "o-", "o--".
  std::string color = {};   ///< "#rrggbb" or a name that gnuplot knows; empty: the next of the palette.
};

/// The range of an axis; a NaN end is found from the data.
struct Limits {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// Keyword arguments of a pair of axes.
struct Axes {
  std::string title = {};
  std::string xlabel = {};
  std::string ylabel = {};
  Limits xlim = {};
  Limits ylim = {};
  std::string xscale = "linear";  ///< Or "log".
  std::string yscale = "linear";
  int width = 640;  ///< In pixels; of the picture, or of each panel of subplots().
  int height = 480;
};

}  // namespace xtape::plot
