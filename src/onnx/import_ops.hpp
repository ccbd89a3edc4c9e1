#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "io/onnx_file.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/core/variable.hpp"

// What xtape does for the ops of ONNX, in tables by family.
namespace xtape::detail {

using Integers = std::vector<std::int64_t>;

/// Some of the inputs of a node, each as the bit 1 << i.
using InputBits = std::uint32_t;
template <class... I>
constexpr InputBits input_bits(I... i) {
  return ((InputBits{1} << i) | ...);
}
constexpr bool has_bit(InputBits bits, std::size_t input) { return input < 32 && (bits >> input & 1u) != 0; }

/// A weight in the order of axes that xtape's ops take, kept between calls of inference.
class OnnxArranged {
 public:
  /// f(weight), which is the same as before if the weight is. While a tape or tracer needs to see it, it is computed.
  template <class F>
  Tensor get(const Tensor& weight, bool training, const F& f) {
    if (training || observed()) {
      keep({}, {});
      return f(weight);
    }
    if (Tensor known = find(weight); known.defined()) return known;
    Tensor made = f(weight);
    keep(weight, made);
    return made;
  }

 private:
  static bool observed() noexcept;
  Tensor find(const Tensor& weight) const;
  void keep(Tensor weight, Tensor made);

  mutable std::mutex mutex_;
  Tensor weight_;  ///< shared with the variable, so that an update in place copies it: it is another tensor then
  Tensor made_;
};

/// One run of a node.
struct OnnxImportCall {
  static constexpr const char* method = "onnx";

  const OnnxNode& node;
  int opset;
  std::span<const Tensor> inputs;       ///< empty: left out
  std::span<const Variable> variables;  ///< those of the inputs that are variables; the others are undefined
  InputBits known;                      ///< the inputs that follow from constants and shapes
  bool channels_last;                   ///< whether axis 1 of ONNX is the last one of tensors of more than two axes
  bool training;
  bool trainable;                                           ///< false: the layer is frozen
  std::span<const std::shared_ptr<OnnxArranged>> arranged;  ///< for each input that is a variable or constant

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i].defined(); }
  const Tensor& x() const { return inputs[0]; }
  const Tensor& in(std::size_t i) const { return inputs[i]; }
  /// The input, or an empty tensor.
  Tensor optional(std::size_t i) const { return has(i) ? inputs[i] : Tensor(); }
  std::size_t outputs() const { return node.outputs.size(); }
  bool wants(std::size_t output) const { return output < node.outputs.size() && !node.outputs[output].empty(); }

  const OnnxAttribute* attribute(std::string_view name) const;
  bool has_attribute(std::string_view name) const { return attribute(name) != nullptr; }
  /// The value of an attribute; refuses one of another type.
  template <class T>
  T get(std::string_view name, T otherwise) const {
    const OnnxAttribute* found = attribute(name);
    if (found == nullptr) return otherwise;
    if (const T* value = std::get_if<T>(&found->value)) return *value;
    refuse("its attribute '{}' has another type than expected", name);
  }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const { return get(name, otherwise); }
  double number(std::string_view name, double otherwise) const {
    return static_cast<double>(get(name, static_cast<float>(otherwise)));
  }
  std::string text(std::string_view name, const char* otherwise) const { return get(name, std::string(otherwise)); }
  bool flag(std::string_view name, bool otherwise = false) const { return integer(name, otherwise ? 1 : 0) != 0; }

  /// The elements of an input that the shape of the result depends on.
  Integers integers(std::size_t input) const;
  std::int64_t one_integer(std::size_t input) const;
  std::vector<double> numbers(std::size_t input) const;
  double one_number(std::size_t input) const;
  /// Those of the input, or else of the attribute that older versions have; none if neither is there.
  std::optional<Integers> integers_of(std::size_t input, std::string_view name) const;

  /// An axis of the file as 0 <= axis < rank, and where it is in tensors that may have the channels last.
  int axis(std::int64_t axis, int rank) const { return normal_axis(method, axis, rank); }
  int place(std::int64_t given, int rank) const { return placed(axis(given, rank), rank); }
  int placed(int axis, int rank) const {
    return !channels_last || rank < 3 || axis == 0 ? axis : axis == 1 ? rank - 1 : axis - 1;
  }

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    fail<ValueError>(node.op.c_str(), "{}", Whole{fmt::format(fmt::runtime(fmt::string_view(text)), shown(args)...)});
  }
  /// f(input), which is kept for a weight.
  template <class F>
  Tensor arrange(std::size_t input, const F& f) const {
    if (input >= arranged.size() || arranged[input] == nullptr) return f(inputs[input]);
    return arranged[input]->get(inputs[input], training, f);
  }
  /// Refuses a result of very many elements while a file is loaded, whatever it says.
  void expect_moderate(std::int64_t elements) const;
  void expect_moderate(const Shape& shape) const;
};

/// How the inputs and results of an op are related to the order of axes, for networks of images.
enum class OnnxLayout : std::uint8_t {
  plain,     ///< takes tensors as ONNX has them
  channels,  ///< computes with the channels last: input and first result
  follows,   ///< element by element: takes all inputs in either order
  axes,      ///< takes the first input in either order, and looks after its axes
  all_axes,  ///< takes all inputs in either order, and looks after their axes
  shape,     ///< gives something of the shape alone
};

struct OnnxImportOp {
  const char* op;
  TensorList (*run)(const OnnxImportCall&);
  std::size_t least = 1, most = 1;  ///< numbers of inputs
  InputBits host = 0;               ///< inputs whose elements decide about shapes
  /// Inputs whose initializers are weights even if they have one element, and those that are no weights at all.
  InputBits weights = 0, constants = 0;
  OnnxLayout layout = OnnxLayout::plain;
  InputBits statistics = 0;  ///< inputs whose initializers are not trained
  bool random = false;
};
constexpr std::size_t any_number = 1u << 20;

std::span<const OnnxImportOp> imported_elementwise_ops();
std::span<const OnnxImportOp> imported_constant_ops();
std::span<const OnnxImportOp> imported_movement_ops();
std::span<const OnnxImportOp> imported_indexing_ops();
std::span<const OnnxImportOp> imported_reduction_ops();
std::span<const OnnxImportOp> imported_convolution_ops();
std::span<const OnnxImportOp> imported_pooling_ops();
std::span<const OnnxImportOp> imported_resize_ops();
std::span<const OnnxImportOp> imported_normalization_ops();
std::span<const OnnxImportOp> imported_product_ops();
std::span<const OnnxImportOp> imported_recurrent_ops();
/// Null for an op that xtape does not have.
const OnnxImportOp* find_imported_op(std::string_view domain, std::string_view op);

/// The axes [N, C, ...] of a tensor of at least three as [N, ..., C], and back.
Tensor to_channels_last(const Tensor& x);
Tensor to_channels_first(const Tensor& x);
std::vector<int> channels_last_permutation(int rank);
std::vector<int> channels_first_permutation(int rank);

/// f of the input with its channels last, whose result has them where the input of the node has them.
template <class F>
Tensor with_channels_last(const OnnxImportCall& call, const F& f) {
  if (call.channels_last) return f(call.x());
  return to_channels_first(f(to_channels_last(call.x())));
}

/// The windows of a convolution or pooling along the axes of an image.
struct OnnxWindows {
  Integers size, strides, dilations, before, after;
  std::size_t axes() const { return size.size(); }
  /// The elements between the first and the last of a window, both included.
  std::int64_t extent(std::size_t axis) const { return (size[axis] - 1) * dilations[axis] + 1; }
};
/// From the attributes, with pads from `auto_pad` for an input whose axes have these sizes.
OnnxWindows onnx_windows(const OnnxImportCall& call, Integers size, const Integers& input);
/// The sizes of the axes between the first and the last.
Integers image_sizes(const Tensor& channels_last);

/// An activation of ONNX's recurrent ops and others by name: "Sigmoid". Refuses unknown ones.
Tensor onnx_activation(const OnnxImportCall& call, const std::string& name, const Tensor& x, double alpha, double beta);

/// Whether elements are numbers of at least that rank; refuses others.
void expect_rank(const OnnxImportCall& call, const Tensor& x, int least, int most);

}  // namespace xtape::detail
