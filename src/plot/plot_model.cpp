#include "xtape/plot/plot_model.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/files.hpp"
#include "base/warn.hpp"
#include "io/atomic_file.hpp"
#include "models/layer_rows.hpp"
#include "plot/process.hpp"

namespace xtape {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '{' || c == '}' || c == '|' || c == '<' || c == '>') result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

std::string model_to_dot(const Model& model, const PlotModelOptions& options) {
  if (options.rankdir != "TB" && options.rankdir != "LR") {
    detail::fail<ValueError>("plot_model", "expected a rankdir of \"TB\" or \"LR\", received \"{}\"", options.rankdir);
  }
  const auto rows = detail::layer_rows(model);
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir={};\n  node [shape=record, fontname=\"Helvetica\", fontsize=11];\n",
                  escaped(model.name()), options.rankdir);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    std::string label = options.show_layer_names ? escaped(row.name + ": " + row.class_name) : escaped(row.class_name);
    if (options.show_shapes) {
      label = fmt::format("{{{}|output shape: {}}}", label, row.output_shape.empty() ? "?" : escaped(row.output_shape));
    }
    text += fmt::format("  n{} [label=\"{}\"];\n", i, label);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (model.graph() == nullptr) {
      if (i > 0) text += fmt::format("  n{} -> n{};\n", i - 1, i);
      continue;
    }
    for (const auto input : rows[i].inputs) text += fmt::format("  n{} -> n{};\n", input, i);
  }
  return text + "}\n";
}

bool plot_model(const Model& model, const std::string& path, const PlotModelOptions& options) {
  const std::string text = model_to_dot(model, options);
  detail::checked_path("plot_model", path);
  const auto dot = path.rfind('.');
  const std::string ending = dot == std::string::npos ? "" : path.substr(dot + 1);
  if (ending != "dot" && ending != "png" && ending != "svg" && ending != "pdf") {
    detail::fail<ValueError>("plot_model", "expected a path that ends in .png, .svg, .pdf or .dot, received \"{}\"",
                             path);
  }
  if (ending == "dot") {
    detail::write_file("plot_model", path, text);
    return true;
  }
  auto process = detail::Process::start("plot_model", {"dot", "-T" + ending, "-o", path});
  if (!process) {
    detail::warn("plot_model: Graphviz's dot not found, no picture is drawn (Debian: apt install graphviz)");
    return false;
  }
  const auto result = process->communicate(text);
  if (result.status != 0) detail::fail<DataError>("plot_model", "dot failed for {}: {}", path, result.errors);
  return true;
}

}  // namespace xtape
