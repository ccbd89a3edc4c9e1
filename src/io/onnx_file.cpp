#include "io/onnx_file.hpp"

#include <onnx.pb.h>

#include <bit>
#include <type_traits>

#include "base/check.hpp"
#include "core/launch.hpp"

namespace xtape::detail {
namespace {

namespace pb = onnx_file;

// raw_data is least significant byte first.
static_assert(std::endian::native == std::endian::little);

/// AttributeProto.AttributeType
enum AttributeType : int { FLOAT = 1, INT = 2, STRING = 3, TENSOR = 4, FLOATS = 6, INTS = 7, STRINGS = 8 };

void write_tensor(const char* op, const Tensor& tensor, pb::TensorProto& to) {
  to.set_data_type(onnx_data_type(tensor.dtype()));
  for (const std::int64_t size : tensor.shape()) to.add_dims(size);
  const Read elements = host_read(op, tensor);
  to.set_raw_data(elements.bytes(), static_cast<std::size_t>(tensor.size()) * itemsize(tensor.dtype()));
}

void write_attribute(const char* op, const OnnxAttribute& attribute, pb::AttributeProto& to) {
  to.set_name(attribute.name);
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::int64_t>) {
          to.set_type(INT);
          to.set_i(value);
        } else if constexpr (std::is_same_v<T, float>) {
          to.set_type(FLOAT);
          to.set_f(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          to.set_type(STRING);
          to.set_s(value);
        } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) {
          to.set_type(INTS);
          for (const auto each : value) to.add_ints(each);
        } else if constexpr (std::is_same_v<T, std::vector<float>>) {
          to.set_type(FLOATS);
          for (const auto each : value) to.add_floats(each);
        } else if constexpr (std::is_same_v<T, OnnxTensor>) {
          to.set_type(TENSOR);
          write_tensor(op, value.tensor, *to.mutable_t());
        } else {
          to.set_type(STRINGS);
          for (const auto& each : value) to.add_strings(each);
        }
      },
      attribute.value);
}

void write_port(const OnnxPort& port, pb::ValueInfoProto& to) {
  to.set_name(port.name);
  auto& type = *to.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx_data_type(port.dtype));
  auto& shape = *type.mutable_shape();
  for (const auto& dimension : port.dimensions) {
    auto& dim = *shape.add_dim();
    if (dimension.size >= 0) {
      dim.set_dim_value(dimension.size);
    } else if (!dimension.name.empty()) {
      dim.set_dim_param(dimension.name);
    }
  }
}

}  // namespace

std::string onnx_bytes(const char* op, const OnnxModel& model) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : model.initializers) {
    bytes += static_cast<std::uint64_t>(tensor.size()) * itemsize(tensor.dtype());
  }
  constexpr std::uint64_t max_bytes = (std::uint64_t{1} << 31) - (std::uint64_t{1} << 24);  // room for the graph
  if (bytes > max_bytes) {
    fail<ValueError>(op, "the weights of model '{}' have {} bytes, but an ONNX file holds at most 2 GiB", model.name,
                     bytes);
  }
  pb::ModelProto message;
  message.set_ir_version(model.ir_version);
  message.set_producer_name("xtape");
  message.set_producer_version(model.producer_version);
  message.add_opset_import()->set_version(model.opset);
  auto& graph = *message.mutable_graph();
  graph.set_name(model.name);
  for (const auto& node : model.nodes) {
    auto& to = *graph.add_node();
    to.set_op_type(node.op);
    to.set_name(node.name);
    for (const auto& input : node.inputs) to.add_input(input);
    for (const auto& output : node.outputs) to.add_output(output);
    if (!node.domain.empty()) to.set_domain(node.domain);
    for (const auto& attribute : node.attributes) write_attribute(op, attribute, *to.add_attribute());
  }
  for (const auto& [name, tensor] : model.initializers) {
    auto& to = *graph.add_initializer();
    to.set_name(name);
    write_tensor(op, tensor, to);
  }
  for (const auto& port : model.inputs) write_port(port, *graph.add_input());
  for (const auto& port : model.outputs) write_port(port, *graph.add_output());
  return message.SerializeAsString();
}

}  // namespace xtape::detail
