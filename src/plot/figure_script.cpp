#include <cmath>
#include <iterator>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "plot/figure.hpp"

namespace xtape::detail {
namespace {

constexpr const char* frame_color = "#8c8c8c";
constexpr const char* text_color = "#262626";

using Out = std::back_insert_iterator<std::string>;

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.10g}", value) : "NaN"; }

// Text like "[*:3]": gnuplot finds what is not given.
std::string range(const plot::Limits& limits) {
  const auto end = [](double value) { return std::isfinite(value) ? number(value) : std::string("*"); };
  return fmt::format("[{}:{}]", end(limits.low), end(limits.high));
}

void write_data(Out out, const std::string& name, const Layer& layer) {
  fmt::format_to(out, "{} << EOD\n", name);
  const std::size_t rows = layer.data.size() / layer.columns;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < layer.columns; ++c) {
      fmt::format_to(out, "{}{}", c > 0 ? " " : "", number(layer.data[r * layer.columns + c]));
    }
    fmt::format_to(out, "\n");
    if (layer.row_break > 0 && (r + 1) % layer.row_break == 0) fmt::format_to(out, "\n");
  }
  fmt::format_to(out, "EOD\n");
}

void write_contours(Out out, const std::string& name, const Layer& layer) {
  fmt::format_to(out, "set contour base\nunset surface\nset cntrparam levels discrete ");
  const char* separator = "";
  for (const double level : layer.contours) {
    fmt::format_to(out, "{}{}", separator, number(level));
    separator = ",";
  }
  fmt::format_to(out, "\n");
  fmt::format_to(out, "set table {0}c\nsplot {0} using 1:2:3 with lines\nunset table\nreset\n", name);
}

void write_axis(Out out, const char* axis, const AxisSpec& spec, bool grid) {
  fmt::format_to(out, "set {}range {}\n", axis, range(spec.limits));
  if (spec.log) fmt::format_to(out, "set logscale {}\n", axis);
  if (spec.names.empty()) fmt::format_to(out, "set format {} '{}'\n", axis, spec.log ? "%g" : "%h");
  if (!spec.label.empty()) {
    fmt::format_to(out, "set {}label {} textcolor rgb '{}'\n", axis, in_quotes(spec.label), text_color);
  }
  if (!spec.shown) {
    fmt::format_to(out, "unset {}tics\n", axis);
    return;
  }
  fmt::format_to(out, "set {}tics nomirror out scale 0.5,0.25{} textcolor rgb '{}'", axis,
                 spec.rotate ? " rotate by 90 right" : "", text_color);
  if (!spec.names.empty()) {
    fmt::format_to(out, " (");
    for (std::size_t i = 0; i < spec.names.size(); ++i) {
      std::string text;  // of a tic, and only of a tic, gnuplot takes the text for a format
      for (const char c : spec.names[i].second) text += c == '%' ? "%%" : std::string(1, c);
      fmt::format_to(out, "{}{} {}", i > 0 ? ", " : "", in_quotes(text), number(spec.names[i].first));
    }
    fmt::format_to(out, ")");
  } else if (spec.step > 0) {
    fmt::format_to(out, " {}", number(spec.step));
  }
  fmt::format_to(out, "\n");
  if (grid && spec.names.empty()) {
    fmt::format_to(out, "set grid {}tics back linetype 1 dashtype solid linecolor rgb '#e6e6e6' linewidth 1\n", axis);
  }
}

void write_palette(Out out, const PanelSpec& panel) {
  if (panel.palette.empty()) {
    fmt::format_to(out, "unset colorbox\n");
    return;
  }
  fmt::format_to(out, "set palette defined (");
  for (std::size_t i = 0; i < panel.palette.size(); ++i) {
    fmt::format_to(out, "{}{} '{}'", i > 0 ? ", " : "", i, panel.palette[i]);
  }
  fmt::format_to(out, ")\nset cbrange {}\n", range(panel.colors));
  if (panel.colorbox) {
    fmt::format_to(out, "set colorbox noborder\nset cbtics scale 0.4 textcolor rgb '{}'\n", text_color);
  } else {
    fmt::format_to(out, "unset colorbox\n");
  }
}

void write_panel(Out out, const PanelSpec& panel, std::size_t p) {
  fmt::format_to(out, "reset\nset datafile missing 'NaN'\n");
  if (panel.frame || panel.x.shown || panel.y.shown) {
    fmt::format_to(out, "set border {} linecolor rgb '{}' linewidth 1\n", panel.frame ? 15 : 3, frame_color);
  } else {
    fmt::format_to(out, "unset border\n");
  }
  if (panel.margins) {
    const auto& [left, right, bottom, top] = *panel.margins;
    fmt::format_to(out, "set lmargin at screen {}\nset rmargin at screen {}\n", number(left), number(right));
    fmt::format_to(out, "set bmargin at screen {}\nset tmargin at screen {}\n", number(bottom), number(top));
  }
  if (!panel.title.empty()) {
    fmt::format_to(out, "set title {} font ',{}' textcolor rgb {}{}\n", in_quotes(panel.title),
                   number(panel.title_size), in_quotes(panel.title_color), panel.margins ? " offset 0,-0.5" : "");
  }
  if (panel.equal) fmt::format_to(out, "set size ratio -1\n");
  write_axis(out, "x", panel.x, panel.grid);
  write_axis(out, "y", panel.y, panel.grid);
  write_palette(out, panel);
  if (panel.key.empty()) {
    fmt::format_to(out, "unset key\n");
  } else {
    fmt::format_to(out, "set key {} Left reverse opaque fillcolor rgb '#ffffff' samplen 2.5 spacing 1.1 width 0.8\n",
                   panel.key);
  }
  for (const auto& text : panel.texts) {
    fmt::format_to(out, "set label {} at {},{} center font ',{}' textcolor rgb {} front\n", in_quotes(text.text),
                   number(text.x), number(text.y), number(text.size), in_quotes(text.color));
  }
  fmt::format_to(out, "plot ");
  for (std::size_t i = 0; i < panel.layers.size(); ++i) {
    const auto& layer = panel.layers[i];
    fmt::format_to(out, "{}$p{}l{}{} {} ", i > 0 ? ", \\\n  " : "", p, i, layer.contours.empty() ? "" : "c",
                   layer.style);
    if (layer.label.empty()) {
      fmt::format_to(out, "notitle");
    } else {
      fmt::format_to(out, "title {}", in_quotes(layer.label));
    }
  }
  fmt::format_to(out, "\n");
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  while (!text.empty()) {
    const std::size_t n = utf8_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (n == 0) {
      result += "\xef\xbf\xbd";
    } else if (first == '\'') {
      result += "'.\"'\".'";
    } else if (first == '\n') {
      result += "'.\"\\n\".'";
    } else if (first < 0x20 || first == 0x7f) {
      result += ' ';
    } else {
      result += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return result + "'";
}

const std::string& series_color(std::size_t i) {
  static const std::string colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                       "#e69f00", "#56b4e9", "#000000", "#b8a800"};
  return colors[i % std::size(colors)];
}

std::string gnuplot_script(const FigureSpec& figure, PictureFormat format) {
  std::string script;
  const Out out(script);
  fmt::format_to(out,
                 "set encoding utf8\nset terminal {} size {},{} font 'Sans,11' noenhanced background rgb '#ffffff'",
                 format == PictureFormat::png ? "pngcairo" : "svg", figure.width, figure.height);
  fmt::format_to(out, "\n");
  for (std::size_t p = 0; p < figure.panels.size(); ++p) {
    const auto& layers = figure.panels[p].layers;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string name = fmt::format("$p{}l{}", p, i);
      write_data(out, name, layers[i]);
      if (!layers[i].contours.empty()) write_contours(out, name, layers[i]);
    }
  }
  const bool several = figure.panels.size() > 1 || !figure.title.empty();
  if (several) {
    fmt::format_to(out, "set multiplot layout {},{} rowsfirst", figure.rows, figure.columns);
    if (!figure.title.empty()) {
      fmt::format_to(out, " title {} font ',15' textcolor rgb '{}'", in_quotes(figure.title), text_color);
    }
    fmt::format_to(out, "\n");
  }
  for (std::size_t p = 0; p < figure.panels.size(); ++p) write_panel(out, figure.panels[p], p);
  if (several) fmt::format_to(out, "unset multiplot\n");
  return script;
}

}  // namespace xtape::detail
