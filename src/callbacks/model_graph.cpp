#include "callbacks/model_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "models/layer_rows.hpp"

namespace xtape::detail {
namespace {

/// "(None, 10), (None, 2)" as shapes.
std::vector<Shape> shapes_of(const std::string& text) {
  std::vector<Shape> shapes;
  std::vector<std::int64_t> sizes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(') {
      sizes.clear();
    } else if (c == ')') {
      shapes.emplace_back(sizes);
    } else if (c == 'N') {
      sizes.push_back(-1);
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      std::size_t digits = 0;
      sizes.push_back(std::stoll(text.substr(at), &digits));
      at += digits - 1;
    }
  }
  return shapes;
}

}  // namespace

std::vector<summary::GraphNode> model_graph(const Model& model) {
  const auto rows = layer_rows(model);
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const auto& row : rows) {
    // In the names of inputs ':' begins the number of an output, '^' marks a control input.
    std::string name = row.name.empty() ? "layer" : row.name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ':' || c == '^'; }, '_');
    std::string unique = name;
    for (int i = 1; !taken.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
    names.push_back(std::move(unique));
  }
  std::vector<summary::GraphNode> nodes;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    summary::GraphNode node{names[i], rows[i].class_name};
    if (model.graph() != nullptr) {
      for (const auto input : rows[i].inputs) {
        if (input != i) node.inputs.push_back(names[input]);  // a layer that is called again on its own output
      }
    } else if (i > 0) {
      node.inputs.push_back(names[i - 1]);
    }
    node.output_shapes = shapes_of(rows[i].output_shape);
    node.attributes["parameters"] = fmt::format("{}", rows[i].parameters);
    if (!rows[i].output_shape.empty()) node.attributes["output_shape"] = rows[i].output_shape;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace xtape::detail
