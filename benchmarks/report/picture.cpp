#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "plot/figure.hpp"
#include "report/report.hpp"

namespace bench {
namespace {

/// Bars of one color, from `left` to their values; y counts from the top.
struct Bars {
  std::string label, color;
  std::vector<double> data = {};

  void add(double left, double value, double y, double height) {
    data.insert(data.end(), {value, y, left, value, y - height / 2, y + height / 2});
  }
};

}  // namespace

bool draw_steps(const std::vector<Result>& results, const std::string& file) {
  std::array<Bars, 3> bars = {Bars{"floor", "#b0b0b0"}, Bars{"xtape", "#0072b2"}, Bars{"libtorch", "#d55e00"}};
  std::vector<Result> steps;
  std::copy_if(results.begin(), results.end(), std::back_inserter(steps),
               [](const Result& r) { return r.group == "steps"; });
  if (steps.empty()) return false;

  // A floor far below its step (as for exclusive or) would leave no room for the others.
  double least = INFINITY, greatest = 0;
  for (const Result& r : steps) {
    least = std::min(least, r.value);
    greatest = std::max({greatest, r.value, r.other("libtorch") ? r.other("libtorch")->value : r.value});
  }
  const double left = std::pow(10, std::floor(std::log10(least))), right = greatest * 3;
  xtape::detail::PanelSpec panel;
  double y = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Result& r = steps[i];
    y += i > 0 && steps[i - 1].name != r.name ? 1.5 : 1;
    panel.y.names.emplace_back(y, fmt::format("{}, {} thread{}", r.name, r.threads, r.threads == 1 ? "" : "s"));
    const Other *floor = r.other("floor"), *libtorch = r.other("libtorch");
    if (floor != nullptr && floor->value > left) bars[0].add(left, floor->value, y - 0.27, 0.25);
    bars[1].add(left, r.value, y, 0.25);
    if (libtorch == nullptr) continue;
    bars[2].add(left, libtorch->value, y + 0.27, 0.25);
    panel.texts.push_back({libtorch->value * 1.5, y + 0.27, fmt::format("{:.1f} x", libtorch->ratio), "#8c4000", 8});
  }
  panel.title = "One training step, the shorter the better";
  panel.x = {.label = "microseconds (log scale); beside libtorch's bars: its best time to xtape's",
             .limits = {left, right},
             .log = true};
  panel.y.limits = {y + 0.8, 0.2};
  panel.key = "top right";
  for (const Bars& b : bars) {
    if (b.data.empty()) continue;
    panel.layers.push_back(
        {.data = b.data,
         .columns = 6,
         .style = fmt::format("with boxxyerror fillstyle solid 1 noborder linecolor rgb '{}'", b.color),
         .label = b.label});
  }
  panel.margins = {0.36, 0.97, 0.07, 0.95};
  return xtape::detail::draw("benchmark", {.width = 900, .height = static_cast<int>(90 + 34 * y), .panels = {panel}},
                             file);
}

}  // namespace bench
