#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "kernels/strided.hpp"
#include "ops/contraction.hpp"
#include "ops/strided_window.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape {
namespace {

using detail::Labelled;

/// The the largest number of axes of "..." have the labels 256, 257, ..., counted from the last axis.
constexpr int ellipsis_label = 256;

template <class... Args>
[[noreturn]] void fail(const std::string& equation, fmt::format_string<Args...> text, Args&&... args) {
  detail::fail<ValueError>("einsum", "{} in \"{}\"", fmt::format(text, std::forward<Args>(args)...), equation);
}

/// The labels of one operand or of the result; -1 is "...".
std::vector<int> parse(const std::string& equation, const std::string& term) {
  std::vector<int> labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    const char c = term[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      labels.push_back(c);
    } else if (term.compare(i, 3, "...") == 0 && std::find(labels.begin(), labels.end(), -1) == labels.end()) {
      labels.push_back(-1);
      i += 2;
    } else {
      fail(equation, "expected letters and at most one \"...\" for each operand, received \"{}\"", term);
    }
  }
  return labels;
}

/// Replaces "..." by one label for each of its axes.
std::vector<int> expand(const std::vector<int>& labels, int axes) {
  std::vector<int> expanded;
  for (const int label : labels) {
    if (label != -1) {
      expanded.push_back(label);
    } else {
      for (int i = axes; i-- > 0;) expanded.push_back(ellipsis_label + i);
    }
  }
  return expanded;
}

struct Equation {
  std::vector<std::vector<int>> inputs;
  std::vector<int> output;
};

Equation read(const std::string& equation, const std::vector<Tensor>& operands) {
  std::string text;
  std::copy_if(equation.begin(), equation.end(), std::back_inserter(text), [](char c) { return c != ' '; });
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Equation result;
  int max_axes = 0;  // axes of "..."
  for (std::size_t begin = 0; begin <= left.size();) {
    const std::size_t end = std::min(left.find(',', begin), left.size());
    const std::vector<int> labels = parse(equation, left.substr(begin, end - begin));
    begin = end + 1;
    const std::size_t i = result.inputs.size();
    if (i < operands.size()) {
      const bool open = std::find(labels.begin(), labels.end(), -1) != labels.end();
      const int named = static_cast<int>(labels.size()) - (open ? 1 : 0), rest = operands[i].rank() - named;
      if (rest < 0 || (!open && rest > 0)) {
        fail(equation, "{} axes are named for operand {} of shape {}", named, i, operands[i].shape());
      }
      max_axes = std::max(max_axes, rest);
      result.inputs.push_back(expand(labels, rest));
    } else {
      result.inputs.emplace_back();
    }
  }
  if (result.inputs.size() != operands.size()) {
    fail(equation, "expected {} operands, received {}", result.inputs.size(), operands.size());
  }
  std::map<int, int> uses;
  for (const auto& labels : result.inputs) {
    for (const int label : labels) ++uses[label];
  }
  if (arrow == std::string::npos) {
    result.output = expand({-1}, max_axes);
    for (const auto& [label, count] : uses) {
      if (label < ellipsis_label && count == 1) result.output.push_back(label);
    }
    return result;
  }
  const std::vector<int> labels = parse(equation, text.substr(arrow + 2));
  if (max_axes > 0 && std::find(labels.begin(), labels.end(), -1) == labels.end()) {
    fail(equation, "the result has no \"...\" for the {} axes of the operands'", max_axes);
  }
  result.output = expand(labels, max_axes);
  for (const int label : result.output) {
    if (label < ellipsis_label && !uses.contains(label)) {
      fail(equation, "the result's label {} is in no operand", static_cast<char>(label));
    }
    if (std::count(result.output.begin(), result.output.end(), label) > 1) {
      fail(equation, "the result's label {} occurs twice", static_cast<char>(label));
    }
  }
  return result;
}

bool contains(const std::vector<int>& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

/// x with each label once: repeated labels take the diagonal.
Labelled diagonals(const Tensor& x, const std::vector<int>& labels) {
  std::vector<int> unique;
  std::vector<std::int64_t> sizes, strides;
  const Shape own = kernels::contiguous_strides(x.shape());
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int label = labels[static_cast<std::size_t>(axis)];
    const auto at = static_cast<std::size_t>(std::find(unique.begin(), unique.end(), label) - unique.begin());
    if (at == unique.size()) {
      unique.push_back(label);
      sizes.push_back(x.shape()[axis]);
      strides.push_back(0);
    }
    strides[at] += own[axis];
  }
  if (unique == labels) return {x, labels};
  return {
      detail::read_window(x, {.op = "diag_part", .shape = Shape(sizes), .strides = Shape(strides), .whole = x.shape()}),
      unique};
}

/// x summed over the labels that are not in `keep`. Axes of "..." of size 1 are removed if another operand has a larger
/// size.
Labelled reduced(Labelled x, const std::vector<int>& keep, const std::map<int, std::int64_t>& sizes) {
  std::vector<int> axes, labels;
  for (int axis = 0; axis < x.tensor.rank(); ++axis) {
    const int label = x.labels[static_cast<std::size_t>(axis)];
    if (contains(keep, label) && x.tensor.shape()[axis] == sizes.at(label)) {
      labels.push_back(label);
    } else {
      axes.push_back(axis);
    }
  }
  if (axes.empty()) return x;
  return {reduce_sum(x.tensor, axes), labels};
}

}  // namespace

Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands) {
  XTAPE_NOTE(einsum, equation, operands);
  if (operands.empty()) detail::fail<ValueError>("einsum", "expected at least one tensor, received none");
  const Equation terms = read(equation, operands);
  std::map<int, std::int64_t> sizes;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].dtype() != operands[0].dtype()) {
      detail::fail<TypeError>("einsum", "dtypes differ: {} and, at position {}, {}, cast one of them",
                              operands[0].dtype(), i, operands[i].dtype());
    }
    for (int axis = 0; axis < operands[i].rank(); ++axis) {
      const int label = terms.inputs[i][static_cast<std::size_t>(axis)];
      const std::int64_t size = operands[i].shape()[axis];
      const auto [known, is_new] = sizes.emplace(label, size);
      if (is_new || known->second == size || (label >= ellipsis_label && size == 1)) continue;
      if (label >= ellipsis_label && known->second == 1) {
        known->second = size;
      } else if (label >= ellipsis_label) {
        fail(equation, "the axes of \"...\" do not broadcast: {} and, at position {}, {}", known->second, i, size);
      } else {
        fail(equation, "label {} has size {} and, at position {}, {}", static_cast<char>(label), known->second, i,
             size);
      }
    }
  }
  std::vector<Labelled> parts;
  for (std::size_t i = 0; i < operands.size(); ++i) parts.push_back(diagonals(operands[i], terms.inputs[i]));
  const auto needed_after = [&](std::size_t i) {  // the labels that the result and the operands after i need
    std::vector<int> labels = terms.output;
    for (++i; i < parts.size(); ++i) labels.insert(labels.end(), parts[i].labels.begin(), parts[i].labels.end());
    return labels;
  };
  Labelled y = reduced(parts[0], needed_after(0), sizes);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::vector<int> keep = needed_after(i);
    std::vector<int> keep_next = keep;
    keep_next.insert(keep_next.end(), y.labels.begin(), y.labels.end());
    std::vector<int> keep_y = keep;
    keep_y.insert(keep_y.end(), parts[i].labels.begin(), parts[i].labels.end());
    const Labelled next = reduced(parts[i], keep_next, sizes);
    y = detail::contract(reduced(y, keep_y, sizes), next, keep);
  }
  const Tensor result = detail::ordered(y, terms.output);
  return result.is_same(operands[0]) ? reshape(result, result.shape()) : result;
}

}  // namespace xtape
