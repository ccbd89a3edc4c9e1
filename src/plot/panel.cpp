#include "plot/panel.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/convert.hpp"

namespace xtape {

namespace plot {
namespace {

std::vector<double> to_doubles(const Tensor& numbers) {
  if (!numbers.defined()) return {};
  return detail::convert(numbers, float64).to_vector<double>();
}

}  // namespace

Values::Values(const Tensor& numbers) : numbers_(to_doubles(numbers)) {}

}  // namespace plot

namespace detail {
namespace {

bool is_log(const char* op, const char* option, const std::string& scale) {
  if (scale != "linear" && scale != "log") {
    fail<ValueError>(op, "expected {} \"linear\" or \"log\", received \"{}\"", option, scale);
  }
  return scale == "log";
}

void check_limits(const char* op, const char* option, const plot::Limits& limits, bool log) {
  if (limits.low >= limits.high) {
    fail<ValueError>(op, "expected {} that rises, received {} to {}", option, limits.low, limits.high);
  }
  if (log && (limits.low <= 0 || limits.high <= 0)) {
    fail<ValueError>(op, "expected a positive {} on a log scale, received {} to {}", option, limits.low, limits.high);
  }
}

// Where a value lies on an axis: 0 at its low end, 1 at its high end.
double place(double value, const AxisSpec& axis) {
  const auto scaled = [&](double v) { return axis.log ? std::log(v) : v; };
  return (scaled(value) - scaled(axis.limits.low)) / (scaled(axis.limits.high) - scaled(axis.limits.low));
}

// gnuplot's words for a style of matplotlib's.
std::string style_of(const char* op, const std::string& style) {
  std::string line = style;
  const auto marker = line.find('o');
  if (marker != std::string::npos) line.erase(marker, 1);
  const bool known = line == "-" || line == "--" || line == ":" || (line.empty() && marker != std::string::npos);
  if (!known) {
    fail<ValueError>(op, "expected a style \"-\", \"--\", \":\", \"o\", or a line and \"o\", received \"{}\"", style);
  }
  const char* dash = line == "--" ? " dashtype (12,6)" : line == ":" ? " dashtype (2,5)" : "";
  if (line.empty()) return "with points pointtype 7 pointsize 0.6";
  if (marker == std::string::npos) return fmt::format("with lines linewidth 2{}", dash);
  return fmt::format("with linespoints linewidth 2{} pointtype 7 pointsize 0.6", dash);
}

plot::Limits column_range(const PanelSpec& panel, std::size_t column, bool log) {
  plot::Limits range;
  for (const auto& layer : panel.layers) {
    for (std::size_t i = column; i < layer.data.size(); i += layer.columns) {
      const double value = layer.data[i];
      if (!std::isfinite(value) || (log && value <= 0)) continue;
      if (!(range.low <= value)) range.low = value;
      if (!(range.high >= value)) range.high = value;
    }
  }
  return range;
}

}  // namespace

PanelSpec make_panel(const char* op, const plot::Axes& axes) {
  PanelSpec panel;
  panel.title = axes.title;
  panel.x.label = axes.xlabel;
  panel.x.log = is_log(op, "xscale", axes.xscale);
  panel.x.limits = axes.xlim;
  panel.y.label = axes.ylabel;
  panel.y.log = is_log(op, "yscale", axes.yscale);
  panel.y.limits = axes.ylim;
  check_limits(op, "xlim", axes.xlim, panel.x.log);
  check_limits(op, "ylim", axes.ylim, panel.y.log);
  return panel;
}

Layer make_curve(const char* op, const plot::Series& series, std::size_t index) {
  const auto& x = series.x.numbers();
  const auto& y = series.y.numbers();
  if (y.empty()) fail<ValueError>(op, "expected numbers in series {} (\"{}\"), received none", index, series.label);
  if (!x.empty() && x.size() != y.size()) {
    fail<ValueError>(op, "expected as many x as y in series {} (\"{}\"), received {} and {}", index, series.label,
                     x.size(), y.size());
  }
  Layer layer;
  layer.label = series.label;
  layer.data.reserve(2 * y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    layer.data.push_back(x.empty() ? static_cast<double>(i) : x[i]);
    layer.data.push_back(y[i]);
  }
  const std::string& color = series.color.empty() ? series_color(index) : series.color;
  layer.style = fmt::format("using 1:2 {} linecolor rgb {}", style_of(op, series.style), in_quotes(color));
  return layer;
}

plot::Limits with_room(plot::Limits data, const plot::Limits& fixed, bool log, double room) {
  if (std::isfinite(fixed.low)) data.low = fixed.low;
  if (std::isfinite(fixed.high)) data.high = fixed.high;
  if (!std::isfinite(data.low)) data.low = log ? data.high / 10 : data.high - 1;
  if (!std::isfinite(data.high)) data.high = log ? data.low * 10 : data.low + 1;
  if (!std::isfinite(data.low)) return log ? plot::Limits{0.1, 1} : plot::Limits{0, 1};  // no numbers at all
  if (!(data.low < data.high)) {
    const double half = data.low == 0 ? 0.05 : std::abs(data.low) * 0.05;
    data = log ? plot::Limits{data.low / 2, data.high * 2} : plot::Limits{data.low - half, data.high + half};
  } else if (log) {
    const double factor = std::pow(data.high / data.low, room);
    data = {data.low / factor, data.high * factor};
  } else {
    const double by = room * (data.high - data.low);
    data = {data.low - by, data.high + by};
  }
  if (std::isfinite(fixed.low)) data.low = fixed.low;
  if (std::isfinite(fixed.high)) data.high = fixed.high;
  return data;
}

void fit_limits(PanelSpec& panel) {
  panel.x.limits = with_room(column_range(panel, 0, panel.x.log), panel.x.limits, panel.x.log, 0.03);
  panel.y.limits = with_room(column_range(panel, 1, panel.y.log), panel.y.limits, panel.y.log, 0.06);
}

void place_key(PanelSpec& panel, int width, int height) {
  std::size_t rows = 0, letters = 0;
  for (const auto& layer : panel.layers) {
    if (layer.label.empty()) continue;
    ++rows;
    letters = std::max(letters, layer.label.size());
  }
  if (rows == 0) return;
  // The parts of the plot that the legend needs: some 7.5 pixels a letter and 19 a line, of what tics and titles leave.
  const double wide = (85 + 7.5 * static_cast<double>(letters)) / std::max(width - 90, 1);
  const double high = (14 + 19.0 * static_cast<double>(rows)) / std::max(height - 90, 1);
  constexpr int corners = 4;
  constexpr const char* names[corners] = {"inside top right", "inside top left", "inside bottom right",
                                          "inside bottom left"};
  // How many points of the data, and of the lines between them, lie in each corner.
  std::size_t covered[corners] = {};
  for (const auto& layer : panel.layers) {
    double last_x = std::nan(""), last_y = last_x;
    for (std::size_t i = 0; i + 1 < layer.data.size(); i += layer.columns) {
      const double x = place(layer.data[i], panel.x), y = place(layer.data[i + 1], panel.y);
      constexpr int steps = 16;  // a line covers what is between its points as well
      for (int s = 1; s <= steps; ++s) {
        const double t = static_cast<double>(s) / steps;
        const double px = s < steps ? last_x + t * (x - last_x) : x, py = s < steps ? last_y + t * (y - last_y) : y;
        for (int c = 0; c < corners; ++c) {
          const double from_side = c % 2 == 0 ? 1 - px : px, from_end = c < 2 ? 1 - py : py;
          if (from_side >= 0 && from_side < wide && from_end >= 0 && from_end < high) ++covered[c];
        }
      }
      last_x = x;
      last_y = y;
    }
  }
  const auto* best = std::min_element(covered, covered + corners);
  panel.key = *best == 0 && wide < 0.8 && high < 0.8 ? names[best - covered] : "outside right top";
}

}  // namespace detail
}  // namespace xtape
