#include "xtape/plot/history.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "plot/figure.hpp"
#include "plot/panel.hpp"

namespace xtape::plot {
namespace {

using detail::fail;
constexpr const char* op = "plot::history";
using History = std::map<std::string, EpochValues>;

bool is_validation(const std::string& name) { return name.starts_with("val_"); }

// The names of the panels: the loss, then the others in the map's order. A validation's metric is in the panel of the
// training's; only if there is none it has its own.
std::vector<std::string> all_metrics(const History& history) {
  std::vector<std::string> names;
  for (const auto& [name, values] : history) {
    if (!is_validation(name) || !history.contains(name.substr(4))) names.push_back(name);
  }
  std::stable_partition(names.begin(), names.end(), [](const auto& name) { return name == "loss"; });
  return names;
}

// The smallest step of 1, 2, 5, 10, 20, ... that gives at most eight tics.
double epoch_step(double epochs) {
  for (double step = 1;; step *= 10) {
    for (const double times : {1.0, 2.0, 5.0}) {
      if (epochs / (times * step) <= 8) return times * step;
    }
  }
}

Series curve(const char* label, const std::vector<double>& values, std::size_t epochs) {
  const std::size_t every = epochs % values.size() == 0 ? epochs / values.size() : 1;
  std::vector<double> x;
  for (std::size_t i = 1; i <= values.size(); ++i) x.push_back(static_cast<double>(i * every));
  // A line of few points hides where they are.
  return {.label = label, .x = x, .y = values, .style = values.size() <= 20 ? "o-" : "-"};
}

detail::PanelSpec metric_panel(const History& history, const std::string& name, const HistoryOptions& options) {
  const auto values_of = [&](const std::string& key) {
    const auto at = history.find(key);
    return at == history.end() ? EpochValues() : at->second;
  };
  const std::vector<double> train = values_of(name);
  const std::vector<double> validation = is_validation(name) ? std::vector<double>() : values_of("val_" + name);
  if (!history.contains(name)) {
    std::string known;
    for (const auto& metric : all_metrics(history)) known += fmt::format("{}{}", known.empty() ? "" : ", ", metric);
    fail<ValueError>(op, "expected metrics of the history, {}, received \"{}\"", known, name);
  }
  if (train.empty()) fail<ValueError>(op, "expected values of \"{}\", received none", name);
  const std::size_t epochs = std::max(train.size(), validation.size());
  detail::PanelSpec panel = detail::make_panel(op, {.title = name, .xlabel = "epoch"});
  panel.layers.push_back(detail::make_curve(op, curve(is_validation(name) ? "validation" : "train", train, epochs), 0));
  if (!validation.empty()) {
    panel.layers.push_back(detail::make_curve(op, curve("validation", validation, epochs), 1));
  }
  panel.x.step = epoch_step(static_cast<double>(epochs));
  if (epochs == 1) panel.x.limits = {0.5, 1.5};
  detail::fit_limits(panel);
  detail::place_key(panel, options.width, options.height);
  return panel;
}

}  // namespace

bool history(const History& history, const std::string& path, const HistoryOptions& options) {
  const auto names = options.metrics.empty() ? all_metrics(history) : options.metrics;
  if (names.empty()) fail<ValueError>(op, "expected a history with at least one metric, received none");
  const auto [rows, columns] = detail::arrange(op, names.size(), options.columns);
  detail::FigureSpec figure{.title = options.title,
                            .width = options.width * columns,
                            .height = options.height * rows + (options.title.empty() ? 0 : 40),
                            .rows = rows,
                            .columns = columns};
  for (const auto& name : names) figure.panels.push_back(metric_panel(history, name, options));
  return detail::draw(op, figure, path);
}

}  // namespace xtape::plot
