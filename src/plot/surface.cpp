#include "xtape/plot/surface.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "plot/figure.hpp"
#include "plot/panel.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::plot {
namespace {

using detail::fail;

void check_region(const char* op, const Region& region) {
  if (!(region.xmin < region.xmax) || !(region.ymin < region.ymax)) {
    fail<ValueError>(op, "expected xmin < xmax and ymin < ymax, received {} to {} and {} to {}", region.xmin,
                     region.xmax, region.ymin, region.ymax);
  }
  if (region.resolution < 2 || region.resolution > 2000) {
    fail<ValueError>(op, "expected a resolution of 2 to 2000, received {}", region.resolution);
  }
}

// Rows [x, y, f(x, y)] of a grid, from ymin up; f is called once, for all points.
std::vector<double> sample(const char* op, const Surface& f, const Region& region, DType dtype) {
  if (!f) fail<ValueError>(op, "expected a function, received none");
  const auto n = static_cast<std::size_t>(region.resolution);
  std::vector<double> points;
  points.reserve(2 * n * n);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      const double s = static_cast<double>(i) / static_cast<double>(n - 1);
      const double t = static_cast<double>(j) / static_cast<double>(n - 1);
      points.push_back(region.xmin + s * (region.xmax - region.xmin));
      points.push_back(region.ymin + t * (region.ymax - region.ymin));
    }
  }
  const auto m = static_cast<std::int64_t>(n * n);
  const Tensor z = f(detail::convert(detail::from_doubles(points, {m, 2}, float64), dtype));
  if (!z.defined() || (z.shape() != Shape{m} && z.shape() != Shape{m, 1})) {
    fail<ValueError>(op, "expected f of {} points to return {} or {}, received {}", Shape{m, 2}, Shape{m}, Shape{m, 1},
                     z.defined() ? fmt::format("{}", z.shape()) : "an empty tensor");
  }
  const auto heights = detail::convert(z, float64).to_vector<double>();
  std::vector<double> rows;
  rows.reserve(3 * heights.size());
  for (std::size_t k = 0; k < heights.size(); ++k) {
    rows.insert(rows.end(), {points[2 * k], points[2 * k + 1], heights[k]});
  }
  return rows;
}

detail::PanelSpec region_panel(const char* op, const Region& region, const Axes& axes) {
  check_region(op, region);
  detail::PanelSpec panel = detail::make_panel(op, axes);
  if (panel.x.log || panel.y.log) fail<ValueError>(op, "expected \"linear\" scales, received \"log\"");
  panel.x.limits = detail::with_room({region.xmin, region.xmax}, axes.xlim, false, 0);
  panel.y.limits = detail::with_room({region.ymin, region.ymax}, axes.ylim, false, 0);
  panel.grid = false;
  panel.frame = true;
  return panel;
}

bool draw_panel(const char* op, detail::PanelSpec panel, std::vector<detail::Layer> behind, const Axes& axes,
                const std::string& path) {
  panel.layers.insert(panel.layers.begin(), std::make_move_iterator(behind.begin()),
                      std::make_move_iterator(behind.end()));
  detail::FigureSpec figure{.width = axes.width, .height = axes.height};
  figure.panels.push_back(std::move(panel));
  return detail::draw(op, figure, path);
}

// Points of each class, in the order of the labels.
void add_points(const char* op, detail::PanelSpec& panel, const Tensor& points, const Tensor& labels,
                const std::vector<std::string>& class_names) {
  if (points.rank() != 2 || points.shape(1) != 2) {
    fail<ValueError>(op, "expected points [n, 2], received {}", points.shape());
  }
  const std::int64_t n = points.shape(0);
  if (!labels.defined() || (labels.shape() != Shape{n} && labels.shape() != Shape{n, 1})) {
    fail<ValueError>(op, "expected labels {} or {}, one for each point, received {}", Shape{n}, Shape{n, 1},
                     labels.defined() ? fmt::format("{}", labels.shape()) : "none");
  }
  const auto xy = detail::convert(points, float64).to_vector<double>();
  const auto label = detail::convert(labels, float64).to_vector<double>();
  std::vector<double> classes = label;
  std::ranges::sort(classes);
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  constexpr std::size_t max_classes = 8;
  if (classes.size() > max_classes) {
    fail<ValueError>(op, "expected labels of at most {} classes, received {}", max_classes, classes.size());
  }
  if (!class_names.empty() && class_names.size() != classes.size()) {
    fail<ValueError>(op, "expected {} class names or none, received {}", classes.size(), class_names.size());
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    detail::Layer layer;
    for (std::size_t i = 0; i < label.size(); ++i) {
      if (label[i] == classes[c]) layer.data.insert(layer.data.end(), {xy[2 * i], xy[2 * i + 1]});
    }
    detail::Layer edge = layer;
    edge.style = "using 1:2 with points pointtype 7 pointsize 1.0 linecolor rgb '#ffffff'";
    layer.style =
        fmt::format("using 1:2 with points pointtype 7 pointsize 0.75 linecolor rgb '{}'", detail::series_color(c));
    layer.label = class_names.empty() ? fmt::format("{}", classes[c]) : class_names[c];
    panel.layers.push_back(std::move(edge));
    panel.layers.push_back(std::move(layer));
  }
}

// Heights above the lowest, their range of interest and the levels for contour_paths.
struct Relief {
  double lowest, least, most;
};

Relief relief_of(const char* op, const std::vector<double>& rows) {
  std::vector<double> z;
  for (std::size_t i = 2; i < rows.size(); i += 3) {
    if (std::isfinite(rows[i])) z.push_back(rows[i]);
  }
  if (z.empty()) fail<ValueError>(op, "expected f to be finite somewhere in the region");
  std::ranges::sort(z);
  const double most = z.back() - z.front();
  // The few grid points next to the minimum say nothing about where contours are wanted.
  const double least = std::max(z[z.size() / 500] - z.front(), 1e-6 * most);
  return {z.front(), least, most};
}

}  // namespace

bool decision_surface(const Surface& f, const Region& region, const Tensor& points, const Tensor& labels,
                      const std::string& path, const DecisionSurfaceOptions& options) {
  constexpr const char* op = "plot::decision_surface";
  detail::PanelSpec panel = region_panel(op, region, options.axes);
  if (!(options.range.low < options.range.high)) {
    fail<ValueError>(op, "expected a range that rises, received {} to {}", options.range.low, options.range.high);
  }
  if (points.defined()) add_points(op, panel, points, labels, options.class_names);
  detail::place_key(panel, options.axes.width, options.axes.height);
  panel.palette = {"#4b9bd0", "#a9cfe8", "#f7f7f7", "#f5c3a0", "#e8834a"};
  panel.colors = options.range;
  panel.colorbox = true;

  detail::Layer surface;
  surface.columns = 3;
  surface.row_break = static_cast<std::size_t>(region.resolution);
  surface.data = sample(op, f, region, points.defined() && points.dtype() == float64 ? float64 : float32);
  detail::Layer boundary = surface;
  surface.style = "using 1:2:3 with image";
  boundary.style = "using 1:2 with lines linewidth 2 linecolor rgb '#262626'";
  boundary.contours = {options.level};
  return draw_panel(op, std::move(panel), {surface, boundary}, options.axes, path);
}

bool contour_paths(const Surface& f, const Region& region, const std::vector<Series>& paths, const std::string& path,
                   const ContourPathsOptions& options) {
  constexpr const char* op = "plot::contour_paths";
  detail::PanelSpec panel = region_panel(op, region, options.axes);
  if (options.levels < 1) fail<ValueError>(op, "expected levels >= 1, received {}", options.levels);
  if (options.minimum) {
    detail::Layer star;
    star.data = {options.minimum->first, options.minimum->second};
    star.style = "using 1:2 with points pointtype 3 pointsize 1.6 linewidth 2 linecolor rgb '#262626'";
    star.label = "minimum";
    panel.layers.push_back(std::move(star));
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    detail::Layer line = detail::make_curve(op, paths[i], i), start, end;
    const std::string color = detail::in_quotes(paths[i].color.empty() ? detail::series_color(i) : paths[i].color);
    start.data.assign(line.data.begin(), line.data.begin() + 2);
    start.style = fmt::format("using 1:2 with points pointtype 6 pointsize 1.3 linewidth 2 linecolor rgb {}", color);
    end.data.assign(line.data.end() - 2, line.data.end());
    end.style = fmt::format("using 1:2 with points pointtype 7 pointsize 1.1 linecolor rgb {}", color);
    for (auto* layer : {&line, &start, &end}) panel.layers.push_back(std::move(*layer));
  }
  detail::place_key(panel, options.axes.width, options.axes.height);

  detail::Layer surface;
  surface.columns = 4;  // x, y, z, color
  surface.row_break = static_cast<std::size_t>(region.resolution);
  const std::vector<double> rows = sample(op, f, region, float64);
  const Relief relief = relief_of(op, rows);
  if (relief.most > 0) {
    for (int i = 1; i <= options.levels; ++i) {
      const double t = static_cast<double>(i) / (options.levels + 1);
      surface.contours.push_back(relief.lowest + (options.log_levels
                                                      ? relief.least * std::pow(relief.most / relief.least, t)
                                                      : t * relief.most));
    }
  }
  for (std::size_t i = 0; i < rows.size(); i += 3) {
    const double above = rows[i + 2] - relief.lowest;
    surface.data.insert(surface.data.end(),
                        {rows[i], rows[i + 1], rows[i + 2],
                         options.log_levels && relief.least > 0 ? std::log(std::max(above, relief.least)) : above});
  }
  panel.palette = {"#7fb3d5", "#b7d3e6", "#e3edf4", "#fafafa"};
  detail::Layer contours = surface;
  surface.contours.clear();
  surface.style = "using 1:2:4 with image";
  contours.style = "using 1:2 with lines linewidth 0.75 linecolor rgb '#7d8c99'";
  std::vector<detail::Layer> behind = {std::move(surface)};
  if (!contours.contours.empty()) behind.push_back(std::move(contours));
  return draw_panel(op, std::move(panel), std::move(behind), options.axes, path);
}

}  // namespace xtape::plot
