#include "xtape/core/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/check.hpp"
#include "base/format_elements.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/strided.hpp"

// The layout of NumPy's array2string with its default options.
namespace xtape {
namespace {

constexpr std::int64_t threshold = 1000;  // more elements are summarised
constexpr std::int64_t edge_items = 3;    // shown at each end of an axis in a summary
constexpr int line_width = 75;

bool cuts(std::int64_t size, bool summary) { return summary && size > 2 * edge_items; }

/// Calls f(index) for the elements that are shown, in order: a whole axis, or its two ends.
template <class F>
void for_shown(const Shape& shape, const Shape& strides, bool summary, int axis, std::int64_t place, const F& f) {
  if (axis == shape.rank()) return f(place);
  for (std::int64_t i = 0; i < shape[axis]; ++i) {
    if (i == edge_items && cuts(shape[axis], summary)) i = shape[axis] - edge_items;
    for_shown(shape, strides, summary, axis + 1, place + i * strides[axis], f);
  }
}

class Layout {
 public:
  Layout(const Shape& shape, bool summary, const std::vector<std::string>& words)
      : shape_(shape), summary_(summary), word_(words.begin()) {}

  /// The text of one axis with its brackets. Lines after the first begin with `indent`.
  std::string axis(int at, const std::string& indent, int width) {
    const int left = shape_.rank() - at;
    if (left == 0) return *word_++;
    std::string text, line = indent;
    // The closing bracket takes one column.
    const auto append = [&](const std::string& word) {
      if (left == 1 && line.size() > indent.size() && static_cast<int>(line.size() + word.size()) > width - 1) {
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
        line = indent;
      }
      line += word;
    };
    const std::string separator = left == 1 ? " " : std::string(static_cast<std::size_t>(left - 1), '\n') + indent;
    const std::int64_t size = shape_[at];
    for (std::int64_t i = 0; i < size; ++i) {
      if (i == edge_items && cuts(size, summary_)) {
        append("...");
        line += separator;
        i = size - edge_items;
      }
      append(axis(at + 1, indent + " ", width - 1));
      if (i + 1 < size) line += separator;
    }
    text += line + "]";
    text[indent.size() - 1] = '[';  // replaces the last space of the indent
    return text.substr(indent.size() - 1);
  }

 private:
  const Shape& shape_;
  bool summary_;
  std::vector<std::string>::const_iterator word_;
};

void align(std::vector<std::string>& words) {
  std::size_t width = 0;
  for (const auto& word : words) width = std::max(width, word.size());
  for (auto& word : words) word.insert(0, width - word.size(), ' ');
}

template <class T>
std::vector<std::string> words_of(const std::vector<T>& shown, fmt::string_view specification, bool scalar) {
  std::vector<std::string> words;
  if (specification.size() > 0) {
    const std::string form = fmt::format("{{:{}}}", specification);
    for (const T value : shown) words.push_back(fmt::format(fmt::runtime(form), value));
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!scalar) return detail::format_elements(shown);
    words.push_back(detail::format_scalar(shown[0]));
  } else if constexpr (std::is_same_v<T, bool>) {
    for (const bool value : shown) words.push_back(value ? "True" : "False");
    if (!scalar) std::replace(words.begin(), words.end(), std::string("True"), std::string(" True"));
  } else {
    for (const T value : shown) words.push_back(fmt::format("{}", value));
  }
  align(words);
  return words;
}

std::string print(const Tensor& t, fmt::string_view specification) {
  if (!t.defined()) return "None";
  if (t.size() == 0) return "[]";
  const bool summary = t.size() > threshold;
  const Shape strides = kernels::contiguous_strides(t.shape());
  const auto words = kernels::visit(t.dtype(), [&]<class T>(kernels::Type<T>) {
    using Shown = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;
    const T* data = detail::host_read("Tensor.str", t).data<T>();
    std::vector<Shown> shown;
    for_shown(t.shape(), strides, summary, 0, 0,
              [&](std::int64_t place) { shown.push_back(static_cast<Shown>(data[place])); });
    return words_of(shown, specification, t.rank() == 0);
  });
  return Layout(t.shape(), summary, words).axis(0, " ", line_width);
}

}  // namespace

std::string Tensor::str() const { return print(*this, ""); }

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor) { return stream << tensor.str(); }
std::ostream& operator<<(std::ostream& stream, const Variable& variable) { return stream << variable.peek().str(); }
std::ostream& operator<<(std::ostream& stream, const Tensors& tensors) {
  return stream << detail::formatted(tensors, "");
}
std::ostream& operator<<(std::ostream& stream, const std::vector<Tensor>& tensors) {
  return stream << detail::formatted(tensors, "");
}
std::ostream& operator<<(std::ostream& stream, const std::vector<Variable>& variables) {
  return stream << detail::formatted(variables, "");
}

namespace detail {

template <>
std::string formatted(const Tensor& tensor, fmt::string_view specification) {
  try {
    return print(tensor, specification);
  } catch (const fmt::format_error& error) {
    fail<ValueError>("format", "'{}' does not suit {} elements: {}", specification, tensor.dtype(), error.what());
  }
}
template <>
std::string formatted(const Variable& variable, fmt::string_view specification) {
  return formatted(variable.peek(), specification);
}

namespace {
template <class List>
std::string formatted_list(const List& list, fmt::string_view specification) {
  std::string text = "[";
  for (const auto& each : list) text += (text.size() > 1 ? ", " : "") + formatted(each, specification);
  return text + "]";
}
}  // namespace
template <>
std::string formatted(const Tensors& tensors, fmt::string_view specification) {
  return formatted_list(tensors, specification);
}
template <>
std::string formatted(const TensorList& tensors, fmt::string_view specification) {
  return formatted_list(tensors, specification);
}
template <>
std::string formatted(const std::vector<Tensor>& tensors, fmt::string_view specification) {
  return formatted_list(tensors, specification);
}
template <>
std::string formatted(const std::vector<Variable>& variables, fmt::string_view specification) {
  return formatted_list(variables, specification);
}

}  // namespace detail
}  // namespace xtape
