#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/op_node.hpp"
#include "onnx/layer_mappings.hpp"

// How ops become nodes of ONNX, in tables by family: those between the layers of a functional model, and those that C++
// code calls (traced_call.hpp).
namespace xtape::detail {

class OpenSizes;

/// What differs in the second run of a trace (traced_call.hpp).
struct OnnxVarying {
  const std::vector<Config::Entry>* attributes = nullptr;  ///< null: nothing
  std::array<Shape, 2> first_operand;                      ///< its shapes in the runs
  const OpenSizes* open = nullptr;
};

/// A call of an op: its operands, those that are known as constants, and its attributes.
struct OnnxOpCall {
  const OpDescription& op;
  std::string where;                 ///< "the op 'add'", for errors
  std::vector<Shape> output_shapes;  ///< if they are known from elsewhere, otherwise empty
  OnnxValues operands;
  OnnxVarying varying;

  const OnnxValue& x() const { return operands.front(); }
  bool has(std::size_t operand) const { return operand < operands.size() && !operands[operand].name.empty(); }
  /// An operand that is a variable or a constant; otherwise empty.
  Tensor known(std::size_t operand) const;
  /// None if the op has no attribute of that name. Throws a ValueError if it depends on a size that the inputs leave
  /// open.
  ConfigValue attribute(std::string_view name) const;
  template <class T>
  T get(std::string_view name, T otherwise) const {
    const ConfigValue value = attribute(name);
    return value.is_none() ? otherwise : value_as<T>(value);
  }
  int axis(int otherwise, int rank) const {
    return normal_axis(OnnxBuilder::method, get<int>("axis", otherwise), rank);
  }
  /// A field of the attribute `options`.
  ConfigValue option(std::string_view name) const;
  template <class T>
  T option(std::string_view name, T otherwise) const {
    const ConfigValue value = option(name);
    return value.is_none() ? otherwise : value_as<T>(value);
  }
  /// An attribute that is a list of sizes, which may be those that the inputs leave open. With `infers` one that is
  /// something else becomes -1.
  OnnxSizes sizes(std::string_view name, bool infers) const;
  /// An attribute that is a number or a list of them, in the two runs of a trace.
  struct Integers {
    std::vector<std::int64_t> first, second;
  };
  Integers integers(std::string_view name) const;
  /// A place along an axis of the first operand, in [0, size]: counted from the end if it is at the same distance from
  /// it in both runs. Throws a ValueError if it depends on an open size in another way.
  std::int64_t place(std::int64_t first, std::int64_t second, int axis) const;

  /// Throws a ValueError that names the op.
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    refuse_text(fmt::format(text, std::forward<Args>(args)...));
  }
  [[noreturn]] void refuse_text(const std::string& text) const;

 private:
  ConfigValue first(std::string_view name) const;
  ConfigValue second(std::string_view name) const;
};

struct OnnxOpMapping {
  const char* op;
  OnnxValues (*map)(OnnxBuilder&, const OnnxOpCall&);
};

std::span<const OnnxOpMapping> onnx_elementwise_ops();
std::span<const OnnxOpMapping> onnx_reduction_ops();
std::span<const OnnxOpMapping> onnx_movement_ops();
std::span<const OnnxOpMapping> onnx_nn_ops();
std::span<const OnnxOpMapping> onnx_window_ops();
const OnnxOpMapping* find_onnx_op(std::string_view op);

/// The nodes of a call of an op, for which `call` lacks the operands: those that are values of the graph are given in
/// their order. Throws a ValueError for an op without a mapping.
OnnxValues map_op(OnnxBuilder& builder, OnnxOpCall& call, const OnnxValues& values);

}  // namespace xtape::detail
