#include "xtape/plot/lines.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "plot/figure.hpp"
#include "plot/panel.hpp"

namespace xtape::plot {
namespace {

using detail::fail;

detail::PanelSpec curves(const char* op, const std::vector<Series>& series, const Axes& axes) {
  if (series.empty()) fail<ValueError>(op, "expected at least one series, received none");
  detail::PanelSpec panel = detail::make_panel(op, axes);
  for (std::size_t i = 0; i < series.size(); ++i) panel.layers.push_back(detail::make_curve(op, series[i], i));
  detail::fit_limits(panel);
  detail::place_key(panel, axes.width, axes.height);
  return panel;
}

detail::FigureSpec figure_of(detail::PanelSpec panel, const Axes& axes) {
  detail::FigureSpec figure{.width = axes.width, .height = axes.height};
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace

bool lines(const std::vector<Series>& series, const std::string& path, const Axes& axes) {
  constexpr const char* op = "plot::lines";
  return detail::draw(op, figure_of(curves(op, series, axes), axes), path);
}

bool subplots(const std::vector<Panel>& panels, const std::string& path, const SubplotsOptions& options) {
  constexpr const char* op = "plot::subplots";
  if (panels.empty()) fail<ValueError>(op, "expected at least one panel, received none");
  const auto [rows, columns] = detail::arrange(op, panels.size(), options.columns);
  detail::FigureSpec figure{.title = options.title, .width = 0, .height = 0, .rows = rows, .columns = columns};
  for (const auto& panel : panels) {
    figure.panels.push_back(curves(op, panel.series, panel.axes));
    figure.width = std::max(figure.width, panel.axes.width * columns);
    figure.height = std::max(figure.height, panel.axes.height * rows);
  }
  if (!options.title.empty()) figure.height += 40;
  return detail::draw(op, figure, path);
}

bool bars(const std::vector<std::string>& names, const Values& heights, const std::string& path, const Axes& axes) {
  constexpr const char* op = "plot::bars";
  const auto& y = heights.numbers();
  if (names.empty()) fail<ValueError>(op, "expected at least one bar, received none");
  if (names.size() != y.size()) {
    fail<ValueError>(op, "expected one height for each of {} names, received {}", names.size(), y.size());
  }
  detail::PanelSpec panel = detail::make_panel(op, axes);
  detail::Layer layer;
  std::size_t letters = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    layer.data.insert(layer.data.end(), {static_cast<double>(i), y[i]});
    panel.x.names.emplace_back(static_cast<double>(i), names[i]);
    letters = std::max(letters, names[i].size());
  }
  layer.style =
      fmt::format("using 1:2:(0.7) with boxes fillstyle solid 1 noborder linecolor rgb '{}'", detail::series_color(0));
  panel.layers.push_back(std::move(layer));
  panel.x.limits = {-0.6, static_cast<double>(y.size()) - 0.4};
  detail::fit_limits(panel);
  if (!panel.y.log) {  // bars stand on zero
    const auto [least, most] = std::minmax_element(y.begin(), y.end());
    if (!std::isfinite(axes.ylim.low) && *least >= 0) panel.y.limits.low = 0;
    if (!std::isfinite(axes.ylim.high) && *most <= 0) panel.y.limits.high = 0;
    if (!(panel.y.limits.low < panel.y.limits.high)) panel.y.limits = {0, 1};
    if (*least < 0 && *most < 0) panel.y.limits.high = std::max(panel.y.limits.high, 0.0);
  }
  // Where the names would run into each other they stand upright.
  panel.x.rotate = static_cast<double>(letters) * 8 > 0.85 * axes.width / static_cast<double>(y.size());
  return detail::draw(op, figure_of(std::move(panel), axes), path);
}

bool histogram(const std::vector<Sample>& samples, const std::string& path, const HistogramOptions& options) {
  constexpr const char* op = "plot::histogram";
  if (samples.empty()) fail<ValueError>(op, "expected at least one sample, received none");
  if (options.bins < 1) fail<ValueError>(op, "expected bins >= 1, received {}", options.bins);
  detail::PanelSpec panel = detail::make_panel(op, options.axes);
  if (panel.x.log) fail<ValueError>(op, "expected xscale \"linear\", received \"log\"");
  Limits range;
  for (const auto& sample : samples) {
    for (const double value : sample.values.numbers()) {
      if (!std::isfinite(value)) continue;
      if (!(range.low <= value)) range.low = value;
      if (!(range.high >= value)) range.high = value;
    }
  }
  if (std::isfinite(options.axes.xlim.low)) range.low = options.axes.xlim.low;
  if (std::isfinite(options.axes.xlim.high)) range.high = options.axes.xlim.high;
  if (!std::isfinite(range.low) || !std::isfinite(range.high)) {
    fail<ValueError>(op, "expected at least one finite number, received none");
  }
  if (!(range.low < range.high)) range = {range.low - 0.5, range.low + 0.5};  // as NumPy does

  const auto bins = static_cast<std::size_t>(options.bins);
  const double width = (range.high - range.low) / static_cast<double>(bins);
  for (std::size_t s = 0; s < samples.size(); ++s) {
    std::vector<double> counts(bins);
    for (const double value : samples[s].values.numbers()) {
      if (!(value >= range.low && value <= range.high)) continue;
      counts[std::min(static_cast<std::size_t>((value - range.low) / width), bins - 1)] += 1;
    }
    detail::Layer layer;
    layer.label = samples[s].label;
    for (std::size_t b = 0; b < bins; ++b) {
      layer.data.insert(layer.data.end(), {range.low + (static_cast<double>(b) + 0.5) * width, counts[b]});
    }
    layer.style = fmt::format("using 1:2:({:.10g}) with boxes fillstyle {} linecolor rgb '{}'", width,
                              samples.size() > 1 ? "transparent solid 0.5 noborder" : "solid 0.9 noborder",
                              detail::series_color(s));
    panel.layers.push_back(std::move(layer));
  }
  panel.x.limits = detail::with_room(range, options.axes.xlim, false, 0.02);
  detail::fit_limits(panel);
  if (!panel.y.log && !std::isfinite(options.axes.ylim.low)) panel.y.limits.low = 0;
  if (panel.y.label.empty()) panel.y.label = "count";
  detail::place_key(panel, options.axes.width, options.axes.height);
  return detail::draw(op, figure_of(std::move(panel), options.axes), path);
}

}  // namespace xtape::plot
