#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "xtape/core/tensor.hpp"

// An ONNX model as data, and its bytes.
namespace xtape::detail {

/// TensorProto.DataType
constexpr int onnx_data_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return 1;
    case DType::uint8:
      return 2;
    case DType::int32:
      return 6;
    case DType::int64:
      return 7;
    case DType::boolean:
      return 9;
    case DType::float64:
      return 11;
    case DType::bfloat16:
      return 16;
  }
  return 0;
}

struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
               std::vector<std::string>>
      value;

  friend bool operator==(const OnnxAttribute&, const OnnxAttribute&) = default;
};

struct OnnxNode {
  std::string op, name;
  std::vector<std::string> inputs, outputs;  ///< "": an input that is left out
  std::vector<OnnxAttribute> attributes = {};
};

struct OnnxDimension {
  std::int64_t size = -1;  ///< -1: any
  std::string name = {};   ///< of any size, such as "batch"; dimensions of one name have one size
};

struct OnnxPort {
  std::string name;
  DType dtype;
  std::vector<OnnxDimension> dimensions;
};

struct OnnxModel {
  int ir_version = 8;
  int opset = 17;
  std::string producer_version, name;
  std::vector<OnnxNode> nodes;                               ///< in an order in which they can run
  std::vector<std::pair<std::string, Tensor>> initializers;  ///< float32, float64, int32, int64, uint8 or bool
  std::vector<OnnxPort> inputs, outputs;
};

/// The bytes of a .onnx file. Throws a ValueError for a model of 2 GiB or more, which the format cannot hold, and a
/// RuntimeError in a library built without protobuf.
std::string onnx_bytes(const char* op, const OnnxModel& model);

}  // namespace xtape::detail
