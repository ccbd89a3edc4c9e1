#pragma once

#include <span>
#include <string_view>

#include "layers/op_node.hpp"
#include "onnx/layer_mappings.hpp"

// How the ops between the layers of a functional model become nodes of ONNX, in tables by family.
namespace xtape::detail {

/// A call of an op: its operands, those that are known as constants, and its attributes.
struct OnnxOpCall {
  const OnnxCall& call;
  const OpDescription& op;
  OnnxValues operands;

  const OnnxValue& x() const { return operands.front(); }
  /// None if the op has no attribute of that name.
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
  template <class T>
  T option(std::string_view name, T otherwise) const {
    const ConfigValue options = attribute("options");
    const auto* fields = options.get<Config>();
    return fields == nullptr || !fields->contains(name) || (*fields)[name].is_none() ? otherwise
                                                                                     : value_as<T>((*fields)[name]);
  }
  /// Throws a ValueError if the attribute holds what cannot be read as data.
  void expect_readable(std::string_view name) const;
};

struct OnnxOpMapping {
  const char* op;
  OnnxValues (*map)(OnnxBuilder&, const OnnxOpCall&);
};

std::span<const OnnxOpMapping> onnx_elementwise_ops();
std::span<const OnnxOpMapping> onnx_reduction_ops();
std::span<const OnnxOpMapping> onnx_movement_ops();
std::span<const OnnxOpMapping> onnx_nn_ops();
const OnnxOpMapping* find_onnx_op(std::string_view op);

}  // namespace xtape::detail
