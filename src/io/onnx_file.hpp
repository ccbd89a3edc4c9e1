#pragma once

#include <cstdint>
#include <optional>
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

/// A tensor as an attribute. Two are equal if they are the same tensor.
struct OnnxTensor {
  Tensor tensor;
  friend bool operator==(const OnnxTensor& a, const OnnxTensor& b) { return a.tensor.is_same(b.tensor); }
};

struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
               std::vector<std::string>, OnnxTensor>
      value;

  friend bool operator==(const OnnxAttribute&, const OnnxAttribute&) = default;
};

struct OnnxNode {
  std::string op, name;
  std::vector<std::string> inputs, outputs;  ///< "": an input that is left out
  std::vector<OnnxAttribute> attributes = {};
  std::string domain = {};  ///< "": ONNX's own
};

struct OnnxDimension {
  std::int64_t size = -1;  ///< -1: any
  std::string name = {};   ///< of any size, such as "batch"; dimensions of one name have one size
};

struct OnnxPort {
  std::string name;
  DType dtype;
  std::vector<OnnxDimension> dimensions;
  bool has_shape = true;  ///< a file may leave it out
};

struct OnnxModel {
  int ir_version = 8;
  int opset = 17;  ///< of ONNX's own domain; 0 in a file that does not say
  std::string producer_version, name;
  std::vector<OnnxNode> nodes;                               ///< in an order in which they can run
  std::vector<std::pair<std::string, Tensor>> initializers;  ///< float32, float64, int32, int64, uint8 or bool
  std::vector<OnnxPort> inputs, outputs;
};

/// The bytes of a .onnx file. Throws a ValueError for a model of 2 GiB or more, which the format cannot hold, and a
/// RuntimeError in a library built without protobuf.
std::string onnx_bytes(const char* op, const OnnxModel& model);

/// The name of a TensorProto.DataType: "FLOAT16", or "the type 99".
std::string onnx_type_name(int data_type);
/// What xtape has for tensors of a TensorProto.DataType: float32 for half precision too, int32 and int64 for the other
/// integers. None for strings, complex and quantized numbers.
std::optional<DType> dtype_of_onnx(int data_type);

/// What a .onnx file holds, whose tensors may be in files beside it: initializers have the dtypes of dtype_of_onnx,
/// attributes that are graphs are left out, and initializers are not among the inputs. Names, and how nodes refer to
/// each other, are not checked. Throws a DataError "[op] path: ..." for a file that is missing, damaged or too large
/// for protobuf, for tensors whose elements are not there or lie outside the folder of the file, and for types that
/// xtape does not have; a RuntimeError in a library built without protobuf.
OnnxModel read_onnx(const char* op, const std::string& path);

}  // namespace xtape::detail
