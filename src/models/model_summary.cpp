#include <fmt/format.h>

#include <algorithm>

#include "layers/graph_node.hpp"
#include "layers/op_node.hpp"
#include "models/functional_graph.hpp"
#include "models/layer_rows.hpp"
#include "models/progress_text.hpp"
#include "models/train_state.hpp"
#include "xtape/models/model.hpp"

namespace xtape {
namespace detail {

std::vector<LayerRow> layer_rows(const Model& model) {
  std::vector<LayerRow> rows;
  const auto row_of = [](LayerState& state) {
    LayerRow row{state.name, {}, {}, 0, state.built(), {}};
    if (const Layer* handle = state.handle()) row.class_name = shown_class(*handle);
    if (const auto shape = state.output_shape()) row.output_shape = symbolic_shape(*shape);
    for (const auto& variable : state.lists().all) row.parameters += variable.size();
    return row;
  };
  const FunctionalGraph* graph = model.graph();
  if (graph == nullptr) {
    for (const auto& child : LayerState::of(model).children) rows.push_back(row_of(*child));
    return rows;
  }
  // For each tensor, the row of the layer that computes it.
  std::vector<std::size_t> maker;
  const auto made = [&](std::size_t slot, std::size_t row) {
    maker.resize(std::max(maker.size(), slot + 1));
    maker[slot] = row;
  };
  std::vector<std::size_t> row_of_layer(graph->layers().size(), static_cast<std::size_t>(-1));
  for (std::size_t i = 0; i < graph->inputs().size(); ++i) {
    const auto& port = graph->inputs()[i];
    made(port.slot, rows.size());
    rows.push_back({port.name, "InputLayer", symbolic_shape(port.shape), 0, true, {}});
  }
  for (const auto& step : graph->steps()) {
    std::size_t& row = row_of_layer[step.layer];
    if (row == static_cast<std::size_t>(-1)) {
      row = rows.size();
      rows.push_back(row_of(LayerState::of(*graph->layers()[step.layer])));
      rows.back().output_shape.clear();
      for (const auto& shape : step.output_shapes) {
        rows.back().output_shape += (rows.back().output_shape.empty() ? "" : ", ") + symbolic_shape(shape);
      }
    }
    for (const auto slot : step.inputs) rows[row].inputs.push_back(maker[slot]);
    for (std::size_t i = 0; i < step.output_shapes.size(); ++i) made(step.first_output + i, row);
  }
  return rows;
}

}  // namespace detail

namespace {

using Cells = std::vector<std::string>;

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

/// As Keras: "397.54 KB"
std::string readable_bytes(double bytes) {
  for (const char* unit : {"B", "KB", "MB", "GB", "TB"}) {
    if (bytes < 1024) return fmt::format("{:.2f} {}", bytes, unit);
    bytes /= 1024;
  }
  return fmt::format("{:.2f} PB", bytes);
}

std::string total_of(const char* what, const std::vector<Variable>& variables) {
  std::int64_t count = 0;
  double bytes = 0;
  for (const auto& variable : variables) {
    count += variable.size();
    bytes += static_cast<double>(variable.size()) * static_cast<double>(itemsize(variable.dtype()));
  }
  return fmt::format(" {}: {} ({})\n", what, grouped(count), readable_bytes(bytes));
}

/// One of the table's horizontal lines.
void append_rule(std::string& text, const std::vector<std::size_t>& widths, const char* left, const char* line,
                 const char* cross, const char* right) {
  text += left;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i > 0) text += cross;
    for (std::size_t k = 0; k < widths[i] + 2; ++k) text += line;
  }
  text += right;
  text += '\n';
}

void append_row(std::string& text, const std::vector<std::size_t>& widths, const Cells& cells, const char* bar) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string space(widths[i] - detail::columns(cells[i]), ' ');
    text += bar;
    text += ' ';
    text += i == 2 ? space + cells[i] : cells[i] + space;  // numbers are aligned to the right
    text += ' ';
  }
  text += bar;
  text += '\n';
}

}  // namespace

std::string Model::summary_text() const {
  const auto rows = detail::layer_rows(*this);
  bool stack = true;  // each layer follows the one before
  for (std::size_t i = 0; i < rows.size(); ++i) {
    stack = stack && (i == 0 ? rows[i].inputs.empty() : rows[i].inputs == std::vector<std::size_t>{i - 1});
  }
  const bool connections = graph_ != nullptr && !stack;

  std::vector<Cells> table{{"Layer (type)", "Output Shape", "Param #"}};
  std::vector<std::size_t> widths{31, 22, 13};
  if (connections) {
    table[0].push_back("Connected to");
    widths.push_back(20);
  }
  for (const auto& row : rows) {
    Cells cells{fmt::format("{} ({})", row.name, row.class_name), row.output_shape.empty() ? "?" : row.output_shape,
                row.built ? grouped(row.parameters) : "? (unbuilt)"};
    if (connections) {
      std::string names;
      for (const auto input : row.inputs) names += (names.empty() ? "" : ", ") + rows[input].name;
      cells.push_back(names.empty() ? "-" : names);
    }
    table.push_back(std::move(cells));
  }
  for (const auto& cells : table) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], detail::columns(cells[i]));
  }

  std::string text = fmt::format("Model: \"{}\"\n", name());
  append_rule(text, widths, "┏", "━", "┳", "┓");
  append_row(text, widths, table[0], "┃");
  append_rule(text, widths, "┡", "━", "╇", "┩");
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (i > 1) append_rule(text, widths, "├", "─", "┼", "┤");
    append_row(text, widths, table[i], "│");
  }
  append_rule(text, widths, "└", "─", "┴", "┘");
  std::vector<Variable> all = variables();
  std::vector<Variable> of_optimizer;
  if (compiled() && optimizer().built()) of_optimizer = optimizer().variables();
  all.insert(all.end(), of_optimizer.begin(), of_optimizer.end());
  text += total_of("Total params", all);
  text += total_of("Trainable params", trainable_variables());
  text += total_of("Non-trainable params", non_trainable_variables());
  if (!of_optimizer.empty()) text += total_of("Optimizer params", of_optimizer);
  return text;
}

void Model::summary() const {
  const std::string text = summary_text();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace xtape
