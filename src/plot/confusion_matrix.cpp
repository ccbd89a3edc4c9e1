#include "xtape/plot/confusion_matrix.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "plot/figure.hpp"

namespace xtape::plot {
namespace {

using detail::fail;
constexpr const char* op = "plot::confusion_matrix";
/// Classes up to which numbers are written into the cells; with more the cells are too small.
constexpr std::size_t max_written = 30;

// Divides by the sums of rows, columns or everything; where that is 0 the cells stay 0, as in scikit-learn.
std::vector<double> normalized(const std::vector<double>& counts, std::size_t n, const std::string& by) {
  if (by.empty()) return counts;
  if (by != "true" && by != "pred" && by != "all") {
    fail<ValueError>(op, "expected normalize \"true\", \"pred\", \"all\" or \"\", received \"{}\"", by);
  }
  const auto group = [&](std::size_t i) { return by == "true" ? i / n : by == "pred" ? i % n : 0; };
  std::vector<double> sums(n), shares(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) sums[group(i)] += counts[i];
  for (std::size_t i = 0; i < counts.size(); ++i) shares[i] = sums[group(i)] == 0 ? 0 : counts[i] / sums[group(i)];
  return shares;
}

}  // namespace

bool confusion_matrix(const Tensor& matrix, const std::vector<std::string>& class_names, const std::string& path,
                      const ConfusionMatrixOptions& options) {
  if (matrix.rank() != 2 || matrix.shape(0) != matrix.shape(1) || matrix.size() == 0) {
    fail<ValueError>(op, "expected a matrix [n, n], received {}", matrix.shape());
  }
  const auto n = static_cast<std::size_t>(matrix.shape(0));
  if (!class_names.empty() && class_names.size() != n) {
    fail<ValueError>(op, "expected {} class names or none, received {}", n, class_names.size());
  }
  const std::vector<double> counts = detail::convert(matrix, float64).to_vector<double>();
  if (!std::ranges::all_of(counts, [](double c) { return std::isfinite(c) && c >= 0; })) {
    fail<ValueError>(op, "expected counts >= 0, received {}",
                     *std::ranges::find_if(counts, [](double c) { return !(std::isfinite(c) && c >= 0); }));
  }
  const std::vector<double> values = normalized(counts, n, options.normalize);
  const double most = std::max(*std::ranges::max_element(values), 1e-300);
  const bool whole = std::ranges::all_of(values, [](double v) { return v == std::floor(v); });

  detail::PanelSpec panel;
  panel.title = options.title;
  panel.grid = false;
  panel.frame = true;
  panel.palette = {"#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b"};
  panel.colors = {0, options.normalize.empty() ? most : 1};
  panel.colorbox = true;
  const double end = static_cast<double>(n) - 0.5;
  panel.x.label = options.xlabel;
  panel.x.limits = {-0.5, end};
  panel.y.label = options.ylabel;
  panel.y.limits = {end, -0.5};

  std::vector<std::string> texts(values.size());
  std::size_t widest = 1, letters = 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    texts[i] = options.normalize.empty() && whole ? fmt::format("{:.0f}", values[i]) : fmt::format("{:.2f}", values[i]);
    widest = std::max(widest, texts[i].size());
  }
  for (std::size_t i = 0; i < n; ++i) {
    const std::string name = class_names.empty() ? fmt::format("{}", i) : class_names[i];
    panel.x.names.emplace_back(static_cast<double>(i), name);
    panel.y.names.emplace_back(static_cast<double>(i), name);
    letters = std::max(letters, name.size());
  }
  const bool written = n <= max_written;
  int cell = options.cell;
  if (cell < 0) fail<ValueError>(op, "expected cell >= 0, received {}", cell);
  if (cell == 0) {
    cell = written ? std::max(n <= 4    ? 90
                              : n <= 12 ? 52
                                        : 36,
                              static_cast<int>(8 * widest) + 12)
                   : std::max(4, 900 / static_cast<int>(n));
  }
  panel.x.rotate = static_cast<int>(8 * letters) + 6 > cell;

  detail::Layer cells;
  cells.columns = 3;
  cells.style = fmt::format(
      "using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror fillstyle solid 1 {} fillcolor palette",
      written ? "border lc rgb '#ffffff'" : "noborder");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(i % n), y = static_cast<double>(i / n);
    cells.data.insert(cells.data.end(), {x, y, values[i]});
    if (written) {
      panel.texts.push_back({x, y, texts[i], values[i] > 0.5 * panel.colors.high ? "#ffffff" : "#262626",
                             std::clamp(1.1 * cell / static_cast<double>(widest), 7.0, 12.0)});
    }
  }
  panel.layers.push_back(std::move(cells));

  // The places of the axes in pixels, so that the cells are squares of the size asked for.
  const int side = cell * static_cast<int>(n), names = static_cast<int>(7.5 * static_cast<double>(letters));
  const int left = 60 + names, right = 90, bottom = 52 + (panel.x.rotate ? 20 + names : 10);
  const int top = options.title.empty() ? 20 : 50;
  const double width = side + left + right, height = side + bottom + top;
  panel.margins = {{left / width, (left + side) / width, bottom / height, (bottom + side) / height}};
  detail::FigureSpec figure{.width = static_cast<int>(width), .height = static_cast<int>(height)};
  figure.panels.push_back(std::move(panel));
  return detail::draw(op, figure, path);
}

}  // namespace xtape::plot
