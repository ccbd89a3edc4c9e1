#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/onnx_file.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A tensor of the graph under construction.
struct OnnxValue {
  std::string name;  ///< "": an input of a node that is left out
  DType dtype = float32;
  Shape shape = {};                            ///< -1: unknown
  std::shared_ptr<const OnnxValue> mask = {};  ///< what get_mask() gives for the tensor; null: none

  /// Of inputs and results: the names of sizes that are not known; empty: no names.
  std::vector<std::string> size_names = {};

  int rank() const noexcept { return shape.rank(); }
};
using OnnxValues = std::vector<OnnxValue>;

/// A size for a result: a number, or that of an axis of a value, which may be known only at run time.
struct OnnxSize {
  OnnxSize(std::int64_t number) : size(number) {}
  OnnxSize(const OnnxValue& value, int axis) : size(value.shape[axis]), of(size < 0 ? &value : nullptr), at(axis) {}
  std::int64_t size;
  const OnnxValue* of = nullptr;
  int at = 0;
};
using OnnxSizes = std::vector<OnnxSize>;

/// Appends nodes to an OnnxModel; its functions are the ops of ONNX with xtape's conventions, and compute the shapes of
/// their results as far as they are known. bfloat16 becomes float32 everywhere, for which every runtime has kernels.
class OnnxBuilder {
 public:
  static constexpr const char* method = "export_onnx";
  static constexpr std::int64_t to_end = std::numeric_limits<std::int64_t>::max();

  /// The names of weights begin with that of the model, which the file leaves out.
  OnnxBuilder(int opset, const std::string& model_name);

  int opset() const noexcept { return model_.opset; }
  OnnxModel& model() noexcept { return model_; }
  static DType stored(DType dtype) { return dtype == bfloat16 ? float32 : dtype; }

  /// While it lives, nodes are named after a layer: "encoder/dense/MatMul".
  class Scope {
   public:
    Scope(OnnxBuilder& builder, const std::string& layer);
    Scope(const Scope&) = delete;
    ~Scope();

   private:
    OnnxBuilder& builder_;
    std::string before_;
  };
  const std::string& path() const noexcept { return path_; }

  /// Notes that the graph has an op between layers, which may move the batch to another axis.
  void note_op() noexcept { has_ops_ = true; }
  bool has_ops() const noexcept { return has_ops_; }

  /// Takes a name for a port, so that no other value gets it.
  void reserve(const std::string& name) { taken_.insert(name); }

  /// An initializer. Equal constants are stored once; of weights those with the same name and elements.
  OnnxValue constant(const Tensor& tensor);
  OnnxValue weight(const std::string& name, const Tensor& tensor);
  OnnxValue scalar(double number, DType dtype);
  OnnxValue integers(const std::vector<std::int64_t>& numbers);

  OnnxValue node(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes, const Shape& shape,
                 DType dtype);
  OnnxValues nodes(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes,
                   const std::vector<std::pair<Shape, DType>>& outputs);
  /// A node whose result has the shape and dtype of its first input.
  OnnxValue alike(const char* op, const OnnxValues& inputs, std::vector<OnnxAttribute> attributes = {});

  // Element by element; operands broadcast, and are cast to the dtype to which they promote.
  OnnxValue binary(const char* op, OnnxValue a, OnnxValue b);
  OnnxValue compare(const char* op, OnnxValue a, OnnxValue b);
  OnnxValue where(const OnnxValue& condition, OnnxValue a, OnnxValue b);
  OnnxValue cast(const OnnxValue& x, DType dtype);
  OnnxValue add(const OnnxValue& a, const OnnxValue& b) { return binary("Add", a, b); }
  OnnxValue subtract(const OnnxValue& a, const OnnxValue& b) { return binary("Sub", a, b); }
  OnnxValue multiply(const OnnxValue& a, const OnnxValue& b) { return binary("Mul", a, b); }
  OnnxValue divide(const OnnxValue& a, const OnnxValue& b) { return binary("Div", a, b); }
  OnnxValue with_scalar(const char* op, const OnnxValue& x, double number) {
    return binary(op, x, scalar(number, x.dtype));
  }
  OnnxValue logical_and(const OnnxValue& a, const OnnxValue& b) { return binary("And", a, b); }
  OnnxValue logical_or(const OnnxValue& a, const OnnxValue& b) { return binary("Or", a, b); }
  OnnxValue logical_not(const OnnxValue& a) { return alike("Not", {a}); }

  // Shapes.
  OnnxValue sizes(const OnnxSizes& sizes);  ///< as a vector of int64
  OnnxValue reshape(const OnnxValue& x, const OnnxSizes& sizes);
  OnnxValue broadcast_to(const OnnxValue& x, const OnnxSizes& sizes);
  OnnxValue transpose(const OnnxValue& x, const std::vector<std::int64_t>& permutation);
  OnnxValue move_axis(const OnnxValue& x, int from, int to);
  OnnxValue expand_dims(const OnnxValue& x, std::vector<std::int64_t> axes);
  OnnxValue squeeze(const OnnxValue& x, std::vector<std::int64_t> axes);
  OnnxValue concat(const OnnxValues& values, int axis);
  OnnxValue slice(const OnnxValue& x, int axis, std::int64_t begin, std::int64_t end, std::int64_t step = 1);
  OnnxValue reverse(const OnnxValue& x, int axis);
  OnnxValue pad(const OnnxValue& x, const std::vector<std::array<std::int64_t, 2>>& margins, const char* mode,
                double value);
  OnnxValue tile(const OnnxValue& x, const std::vector<std::int64_t>& repeats);
  OnnxValue gather(const OnnxValue& x, const OnnxValue& indices, int axis);

  /// "ReduceSum", "ReduceMean", "ReduceMax", ...; no axes: all.
  OnnxValue reduce(const char* op, const OnnxValue& x, std::vector<std::int64_t> axes, bool keepdims);
  /// Whether any (or, of a number, any that is not 0) is true along the axes.
  OnnxValue reduce_any(const OnnxValue& x, std::vector<std::int64_t> axes, bool keepdims);
  OnnxValue matmul(const OnnxValue& a, const OnnxValue& b);
  OnnxValue softmax(const OnnxValue& x, int axis) { return alike("Softmax", {x}, {{"axis", std::int64_t{axis}}}); }

  OnnxValue with_mask(OnnxValue x, const OnnxValue& mask) const {
    x.mask = std::make_shared<const OnnxValue>(mask);
    return x;
  }

  static Shape broadcast(const Shape& a, const Shape& b);
  static DType promoted(const OnnxValue& a, const OnnxValue& b);

 private:
  std::string unique(const std::string& wanted);

  OnnxModel model_;
  std::string model_prefix_;
  bool has_ops_ = false;
  std::string path_;
  std::set<std::string> taken_;
  std::map<std::string, int> next_;  ///< the number to try for a name that is taken
  std::multimap<std::pair<std::string, std::size_t>, std::size_t> stored_;  ///< initializers by name and hash
  OnnxValue store(const std::string& key, const std::string& wanted, const Tensor& tensor);
};

}  // namespace xtape::detail
