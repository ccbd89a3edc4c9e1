#include "models/keras_ops.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "layers/op_node.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/layers/symbolic_ops.hpp"

namespace xtape::detail {
namespace {

constexpr const char* numpy = "keras.src.ops.numpy";
constexpr const char* nn_module = "keras.src.ops.nn";
constexpr const char* math_module = "keras.src.ops.math";
constexpr const char* core_module = "keras.src.ops.core";

/// The arguments of a call of an op of Keras, by name or by place.
class Arguments {
 public:
  Arguments(const KerasOp& op, const std::vector<SymbolicTensor>& tensors) : op_(op), tensors_(tensors) {}

  const std::string& op() const { return op_.config.class_name(); }
  /// The number of arguments of the call that have no names.
  std::size_t count() const { return op_.args.size(); }
  /// An argument of the call, otherwise of the constructor; none if it is absent.
  ConfigValue value(const char* name, std::size_t place) const {
    if (place < op_.args.size()) return op_.args[place];
    if (op_.kwargs.contains(name)) return op_.kwargs[name];
    if (op_.config.contains(name)) return op_.config[name];
    return {};
  }
  template <class T>
  T get(const char* name, std::size_t place, T otherwise) const {
    const ConfigValue found = value(name, place);
    if (found.is_none()) return otherwise;
    std::optional<T> result;
    read_argument(op(), name, [&] { result.emplace(value_as<T>(found)); });
    return *result;
  }
  template <class T>
  T get(const char* name, std::size_t place) const {
    const ConfigValue found = value(name, place);
    if (found.is_none()) fail<ValueError>("from_config", "the op {} needs the argument '{}'", op(), name);
    return get<T>(name, place, T{});
  }
  bool is_tensor(const ConfigValue& value) const {
    const auto* config = value.get<Config>();
    return config != nullptr && config->class_name() == "__keras_tensor__";
  }
  SymbolicTensor tensor(const char* name, std::size_t place) const {
    const ConfigValue found = value(name, place);
    if (!is_tensor(found)) fail<ValueError>("from_config", "the op {} needs a tensor as '{}'", op(), name);
    return resolve(found);
  }
  SymbolicOperand operand(const char* name, std::size_t place) const { return operand(value(name, place), name); }
  SymbolicOperand operand(const ConfigValue& found, const char* name) const {
    if (is_tensor(found)) return resolve(found);
    std::optional<Tensor> known;
    read_argument(op(), name, [&] {
      // A number takes the dtype of the tensor beside it, as in Keras.
      if (found.get<std::int64_t>() != nullptr) {
        known = Tensor(value_as<int>(found));
      } else if (const auto* number = found.get<double>()) {
        known = Tensor(*number);
      } else {
        known = value_as<Tensor>(found);
      }
    });
    if (!known->defined()) fail<ValueError>("from_config", "the op {} needs the argument '{}'", op(), name);
    return *known;
  }
  SymbolicOperands operands(const char* name, std::size_t place) const {
    const ConfigValue found = value(name, place);
    const auto* list = found.get<ConfigValue::List>();
    if (list == nullptr) fail<ValueError>("from_config", "the op {} needs a list of tensors as '{}'", op(), name);
    SymbolicOperands all({});
    for (const auto& each : *list) all.push_back(operand(each, name));
    return all;
  }
  Axes axes(const char* name, std::size_t place) const { return Axes::from_config(value(name, place)); }

 private:
  /// The markers hold the number of their tensor.
  SymbolicTensor resolve(const ConfigValue& marker) const {
    return tensors_.at(static_cast<std::size_t>(*(*marker.get<Config>())["number"].get<std::int64_t>()));
  }

  const KerasOp& op_;
  const std::vector<SymbolicTensor>& tensors_;
};

using Unary = SymbolicTensor (*)(const SymbolicTensor&);
using Binary = SymbolicTensor (*)(const SymbolicOperand&, const SymbolicOperand&);
using Reduction = SymbolicTensor (*)(const SymbolicTensor&, const Axes&, bool);

template <class F>
struct Row {
  const char* keras;
  const char* module;
  const char* op;  ///< the name of xtape's op
  F function;
};

constexpr Row<Unary> unary[] = {
    {"Absolute", numpy, "abs", xtape::abs},
    {"Abs", numpy, "abs", xtape::abs},
    {"Negative", numpy, "negative", xtape::negative},
    {"Square", numpy, "square", xtape::square},
    {"Sqrt", numpy, "sqrt", xtape::sqrt},
    {"Rsqrt", math_module, "rsqrt", xtape::rsqrt},
    {"Reciprocal", numpy, "reciprocal", xtape::reciprocal},
    {"Exp", numpy, "exp", xtape::exp},
    {"Expm1", numpy, "expm1", xtape::expm1},
    {"Log", numpy, "log", xtape::log},
    {"Log1p", numpy, "log1p", xtape::log1p},
    {"Sin", numpy, "sin", xtape::sin},
    {"Cos", numpy, "cos", xtape::cos},
    {"Tan", numpy, "tan", xtape::tan},
    {"Arcsin", numpy, "asin", xtape::asin},
    {"Arccos", numpy, "acos", xtape::acos},
    {"Arctan", numpy, "atan", xtape::atan},
    {"Sinh", numpy, "sinh", xtape::sinh},
    {"Cosh", numpy, "cosh", xtape::cosh},
    {"Tanh", numpy, "tanh", xtape::tanh},
    {"Arcsinh", numpy, "asinh", xtape::asinh},
    {"Arccosh", numpy, "acosh", xtape::acosh},
    {"Arctanh", numpy, "atanh", xtape::atanh},
    {"Erf", math_module, "erf", xtape::erf},
    {"Sign", numpy, "sign", xtape::sign},
    {"Floor", numpy, "floor", xtape::floor},
    {"Ceil", numpy, "ceil", xtape::ceil},
    {"Round", numpy, "round", xtape::round},
    {"Trunc", numpy, "trunc", xtape::trunc},
    {"Exp2", numpy, "exp2", xtape::exp2},
    {"Log2", numpy, "log2", xtape::log2},
    {"Log10", numpy, "log10", xtape::log10},
    {"Deg2rad", numpy, "deg2rad", xtape::deg2rad},
    {"Signbit", numpy, "signbit", xtape::signbit},
    {"BitwiseNot", numpy, "bitwise_not", xtape::bitwise_not},
    {"BitwiseInvert", numpy, "bitwise_not", xtape::bitwise_not},
    {"LogicalNot", numpy, "logical_not", xtape::logical_not},
    {"Sigmoid", nn_module, "sigmoid", xtape::sigmoid},
    {"Tanh", nn_module, "tanh", xtape::tanh},
    {"Relu", nn_module, "relu", nn::relu},
    {"Relu6", nn_module, "relu6", nn::relu6},
    {"Softplus", nn_module, "softplus", nn::softplus},
    {"Softsign", nn_module, "softsign", nn::softsign},
    {"Silu", nn_module, "silu", nn::silu},
    {"Silu", nn_module, "swish", nn::silu},
    {"LogSigmoid", nn_module, "log_sigmoid", nn::log_sigmoid},
    {"Selu", nn_module, "selu", nn::selu},
    {"HardSigmoid", nn_module, "hard_sigmoid", nn::hard_sigmoid},
    {"HardSilu", nn_module, "hard_silu", nn::hard_silu},
    {"HardSilu", nn_module, "hard_swish", nn::hard_silu},
    {"Mish", nn_module, "mish", nn::mish},
    {"HardTanh", nn_module, "hard_tanh", nn::hard_tanh},
    {"TanhShrink", nn_module, "tanh_shrink", nn::tanh_shrink},
    {"SparsePlus", nn_module, "sparse_plus", nn::sparse_plus},
    {"SparseSigmoid", nn_module, "sparse_sigmoid", nn::sparse_sigmoid},
};

constexpr Row<Binary> binary[] = {
    {"Add", numpy, "add", symbolic::add},
    {"Subtract", numpy, "subtract", symbolic::subtract},
    {"Multiply", numpy, "multiply", symbolic::multiply},
    {"TrueDivide", numpy, "divide", symbolic::divide},
    {"Divide", numpy, "divide", symbolic::divide},
    {"DivideNoNan", numpy, "divide_no_nan", symbolic::divide_no_nan},
    {"FloorDivide", numpy, "floordiv", symbolic::floordiv},
    {"Mod", numpy, "mod", symbolic::mod},
    {"Power", numpy, "pow", symbolic::pow},
    {"Maximum", numpy, "maximum", symbolic::maximum},
    {"Minimum", numpy, "minimum", symbolic::minimum},
    {"Arctan2", numpy, "atan2", symbolic::atan2},
    {"Hypot", numpy, "hypot", symbolic::hypot},
    {"Heaviside", numpy, "heaviside", symbolic::heaviside},
    {"Logaddexp", numpy, "logaddexp", symbolic::logaddexp},
    {"BitwiseAnd", numpy, "bitwise_and", symbolic::bitwise_and},
    {"BitwiseOr", numpy, "bitwise_or", symbolic::bitwise_or},
    {"BitwiseXor", numpy, "bitwise_xor", symbolic::bitwise_xor},
    {"BitwiseLeftShift", numpy, "bitwise_left_shift", symbolic::bitwise_left_shift},
    {"LeftShift", numpy, "bitwise_left_shift", symbolic::bitwise_left_shift},
    {"BitwiseRightShift", numpy, "bitwise_right_shift", symbolic::bitwise_right_shift},
    {"RightShift", numpy, "bitwise_right_shift", symbolic::bitwise_right_shift},
    {"Equal", numpy, "equal", symbolic::equal},
    {"NotEqual", numpy, "not_equal", symbolic::not_equal},
    {"Less", numpy, "less", symbolic::less},
    {"LessEqual", numpy, "less_equal", symbolic::less_equal},
    {"Greater", numpy, "greater", symbolic::greater},
    {"GreaterEqual", numpy, "greater_equal", symbolic::greater_equal},
    {"LogicalAnd", numpy, "logical_and", symbolic::logical_and},
    {"LogicalOr", numpy, "logical_or", symbolic::logical_or},
    {"LogicalXor", numpy, "logical_xor", symbolic::logical_xor},
    {"Outer", numpy, "outer", symbolic::outer},
};

constexpr Row<Reduction> reductions[] = {
    {"Mean", numpy, "reduce_mean", xtape::reduce_mean},
    {"Sum", numpy, "reduce_sum", xtape::reduce_sum},
    {"Prod", numpy, "reduce_prod", xtape::reduce_prod},
    {"Max", numpy, "reduce_max", xtape::reduce_max},
    {"Amax", numpy, "reduce_max", xtape::reduce_max},
    {"Min", numpy, "reduce_min", xtape::reduce_min},
    {"Amin", numpy, "reduce_min", xtape::reduce_min},
    {"All", numpy, "reduce_all", xtape::reduce_all},
    {"Any", numpy, "reduce_any", xtape::reduce_any},
    {"CountNonzero", numpy, "count_nonzero", xtape::count_nonzero},
    {"Std", numpy, "reduce_std", xtape::reduce_std},
    {"Var", numpy, "reduce_variance", xtape::reduce_variance},
    {"Logsumexp", math_module, "reduce_logsumexp", xtape::reduce_logsumexp},
};

/// NumPy's indexing x[begin:end, ..., index, None].
SymbolicTensor get_item(const Arguments& arguments) {
  SymbolicTensor x = arguments.tensor("x", 0);
  const ConfigValue key = arguments.value("key", 1);
  const auto* list = key.get<ConfigValue::List>();
  const ConfigValue::List keys = list != nullptr                               ? *list
                                 : key.get<ConfigValue::Integers>() != nullptr ? list_of(key)
                                                                               : ConfigValue::List{key};
  const auto class_of_key = [](const ConfigValue& each) {
    const auto* config = each.get<Config>();
    return config == nullptr ? std::string() : config->class_name();
  };
  const auto ellipses =
      std::count_if(keys.begin(), keys.end(), [&](const auto& each) { return class_of_key(each) == "__ellipsis__"; });
  const auto news = std::count_if(keys.begin(), keys.end(), [](const auto& each) { return each.is_none(); });
  const auto taken = static_cast<int>(static_cast<std::ptrdiff_t>(keys.size()) - ellipses - news);
  if (ellipses > 1 || taken > x.shape().rank()) {
    fail<ValueError>("from_config", "the op GetItem has the key {} for a tensor of shape {}", key.str(),
                     x.shape().str());
  }
  int axis = 0;
  for (const auto& each : keys) {
    if (each.is_none()) {
      x = expand_dims(x, axis++);
    } else if (class_of_key(each) == "__ellipsis__") {
      axis += x.shape().rank() - taken - static_cast<int>(news);
    } else if (const auto* index = each.get<std::int64_t>()) {
      const std::int64_t size = x.shape()[axis];
      if (*index < 0 && size < 0) fail<ValueError>("from_config", "the op GetItem counts from an unknown end");
      x = squeeze(slice_axis(x, axis, *index < 0 ? *index + size : *index, 1), axis);
    } else if (class_of_key(each) == "__slice__") {
      const Config& range = *each.get<Config>();
      const auto bound = [&](const char* name) { return value_as<std::optional<std::int64_t>>(range[name]); };
      const auto start = bound("start"), stop = bound("stop"), step = bound("step");
      const std::int64_t size = x.shape()[axis];
      if (step.value_or(1) != 1 && !(step == -1 && !start && !stop)) {
        fail<ValueError>("from_config", "the op GetItem has a step of {}, which xtape does not load", *step);
      }
      if (step == -1) {
        x = reverse(x, {axis});
      } else if (start.value_or(0) != 0 || stop) {
        if (size < 0) {
          fail<ValueError>("from_config", "the op GetItem takes a part of axis {}, whose size is unknown", axis);
        }
        const auto inside = [&](std::int64_t at) { return std::clamp(at < 0 ? at + size : at, std::int64_t{0}, size); };
        const std::int64_t from = inside(start.value_or(0)), to = inside(stop.value_or(size));
        x = slice_axis(x, axis, from, std::max<std::int64_t>(to - from, 0));
      }
      ++axis;
    } else {
      fail<ValueError>("from_config", "the op GetItem has the key {}, which xtape does not load", each.str());
    }
  }
  return x;
}

SymbolicTensor reshape_op(const Arguments& a) {
  const ConfigValue found = a.value("newshape", 1);
  Shape shape;
  std::vector<std::int64_t> sizes;
  for (const auto& size : list_of(found)) sizes.push_back(size.is_none() ? -1 : value_as<std::int64_t>(size));
  return reshape(a.tensor("x", 0), Shape(sizes));
}

SymbolicTensor transpose_op(const Arguments& a) {
  const ConfigValue axes = a.value("axes", 1);
  if (axes.is_none()) return transpose(a.tensor("x", 0));
  return transpose(a.tensor("x", 0), value_as<std::vector<int>>(axes));
}

SymbolicList split_op(const Arguments& a) {
  const ConfigValue parts = a.value("indices_or_sections", 1);
  const SymbolicTensor x = a.tensor("x", 0);
  const int axis = a.get<int>("axis", 2, 0);
  if (const auto* count = parts.get<std::int64_t>()) return split(x, *count, axis);
  std::vector<std::int64_t> sizes;
  std::int64_t before = 0;
  for (const auto at : value_as<std::vector<std::int64_t>>(parts)) {
    sizes.push_back(at - before);
    before = at;
  }
  sizes.push_back(x.shape()[axis] - before);
  return split(x, sizes, axis);
}

DType dtype_named(const std::string& name) { return DTypePolicy(name == "bool" ? "bool" : name).variable_dtype(); }

using Special = SymbolicList (*)(const Arguments&);
struct SpecialRow {
  const char* keras;
  Special function;
};

/// Ops whose arguments need more than a name.
constexpr SpecialRow special[] = {
    {"GetItem", [](const Arguments& a) -> SymbolicList { return get_item(a); }},
    {"Reshape", [](const Arguments& a) -> SymbolicList { return reshape_op(a); }},
    {"Transpose", [](const Arguments& a) -> SymbolicList { return transpose_op(a); }},
    {"Split", split_op},
    {"Matmul",
     [](const Arguments& a) -> SymbolicList { return symbolic::matmul(a.operand("x1", 0), a.operand("x2", 1), {}); }},
    {"Dot", [](const Arguments& a) -> SymbolicList { return symbolic::dot(a.operand("x1", 0), a.operand("x2", 1)); }},
    {"Einsum",
     [](const Arguments& a) -> SymbolicList {
       // The operands; the subscripts are an argument of the constructor.
       SymbolicOperands operands({});
       for (std::size_t i = 0; i < a.count(); ++i) operands.push_back(a.operand("operands", i));
       return symbolic::einsum(a.get<std::string>("subscripts", a.count()), operands);
     }},
    {"Concatenate",
     [](const Arguments& a) -> SymbolicList {
       return symbolic::concat(a.operands("xs", 0), a.get<int>("axis", 1, 0));
     }},
    {"Stack",
     [](const Arguments& a) -> SymbolicList { return symbolic::stack(a.operands("x", 0), a.get<int>("axis", 1, 0)); }},
    {"ExpandDims",
     [](const Arguments& a) -> SymbolicList { return expand_dims(a.tensor("x", 0), a.get<int>("axis", 1)); }},
    {"Squeeze",
     [](const Arguments& a) -> SymbolicList {
       if (a.value("axis", 1).is_none()) return squeeze(a.tensor("x", 0));
       return squeeze(a.tensor("x", 0), a.get<int>("axis", 1));
     }},
    {"Cast",
     [](const Arguments& a) -> SymbolicList {
       return cast(a.tensor("x", 0), dtype_named(a.get<std::string>("dtype", 1)));
     }},
    {"Where",
     [](const Arguments& a) -> SymbolicList {
       return symbolic::where(a.operand("condition", 0), a.operand("x1", 1), a.operand("x2", 2));
     }},
    {"Clip",
     [](const Arguments& a) -> SymbolicList {
       return symbolic::clip_by_value(a.operand("x", 0), a.operand("x_min", 1), a.operand("x_max", 2));
     }},
    {"Softmax",
     [](const Arguments& a) -> SymbolicList { return nn::softmax(a.tensor("x", 0), a.get<int>("axis", 1, -1)); }},
    {"LogSoftmax",
     [](const Arguments& a) -> SymbolicList { return nn::log_softmax(a.tensor("x", 0), a.get<int>("axis", 1, -1)); }},
    {"Elu", [](const Arguments& a) -> SymbolicList { return nn::elu(a.tensor("x", 0), a.get<double>("alpha", 1, 1)); }},
    {"Celu",
     [](const Arguments& a) -> SymbolicList { return nn::celu(a.tensor("x", 0), a.get<double>("alpha", 1, 1)); }},
    {"Squareplus",
     [](const Arguments& a) -> SymbolicList { return nn::squareplus(a.tensor("x", 0), a.get<double>("b", 1, 4)); }},
    {"HardShrink",
     [](const Arguments& a) -> SymbolicList {
       return nn::hard_shrink(a.tensor("x", 0), a.get<double>("threshold", 1, 0.5));
     }},
    {"SoftShrink",
     [](const Arguments& a) -> SymbolicList {
       return nn::soft_shrink(a.tensor("x", 0), a.get<double>("threshold", 1, 0.5));
     }},
    {"Threshold",
     [](const Arguments& a) -> SymbolicList {
       return nn::threshold(a.tensor("x", 0), a.get<double>("threshold_value", 1), a.get<double>("value", 2));
     }},
    {"Glu", [](const Arguments& a) -> SymbolicList { return nn::glu(a.tensor("x", 0), a.get<int>("axis", 1, -1)); }},
    {"Sparsemax",
     [](const Arguments& a) -> SymbolicList { return nn::sparsemax(a.tensor("x", 0), a.get<int>("axis", 1, -1)); }},
    {"LeakyRelu",
     [](const Arguments& a) -> SymbolicList {
       return nn::leaky_relu(a.tensor("x", 0), a.get<double>("negative_slope", 1, 0.2));
     }},
    {"Gelu",
     [](const Arguments& a) -> SymbolicList {
       return nn::gelu(a.tensor("x", 0), nn::GeluOptions{.approximate = a.get<bool>("approximate", 1, true)});
     }},
    {"Argmax", [](const Arguments& a) -> SymbolicList { return argmax(a.tensor("x", 0), a.get<int>("axis", 1)); }},
    {"Argmin", [](const Arguments& a) -> SymbolicList { return argmin(a.tensor("x", 0), a.get<int>("axis", 1)); }},
    {"Cumsum", [](const Arguments& a) -> SymbolicList { return cumsum(a.tensor("x", 0), a.get<int>("axis", 1)); }},
    {"Take",
     [](const Arguments& a) -> SymbolicList {
       return symbolic::gather(a.operand("x", 0), a.operand("indices", 1), a.get<int>("axis", 2));
     }},
    {"Repeat",
     [](const Arguments& a) -> SymbolicList {
       const SymbolicTensor x = a.tensor("x", 0);
       const auto repeats = a.get<std::vector<std::int64_t>>("repeats", 1);
       return a.value("axis", 2).is_none() ? repeat(x, repeats) : repeat(x, repeats, a.get<int>("axis", 2));
     }},
    {"Tile",
     [](const Arguments& a) -> SymbolicList {
       return tile(a.tensor("x", 0), a.get<std::vector<std::int64_t>>("repeats", 1));
     }},
    {"Flip",
     [](const Arguments& a) -> SymbolicList { return reverse(a.tensor("x", 0), a.get<std::vector<int>>("axis", 1)); }},
    {"Roll",
     [](const Arguments& a) -> SymbolicList {
       return roll(a.tensor("x", 0), a.get<std::int64_t>("shift", 1), a.get<int>("axis", 2));
     }},
    {"Swapaxes",
     [](const Arguments& a) -> SymbolicList {
       return swapaxes(a.tensor("x", 0), a.get<int>("axis1", 1), a.get<int>("axis2", 2));
     }},
    {"Moveaxis",
     [](const Arguments& a) -> SymbolicList {
       return moveaxis(a.tensor("x", 0), a.get<int>("source", 1), a.get<int>("destination", 2));
     }},
    {"BroadcastTo",
     [](const Arguments& a) -> SymbolicList {
       return broadcast_to(a.tensor("x", 0), Shape(a.get<std::vector<std::int64_t>>("shape", 1)));
     }},
    {"Pad",
     [](const Arguments& a) -> SymbolicList {
       return pad(a.tensor("x", 0), a.get<std::vector<std::array<std::int64_t, 2>>>("pad_width", 1),
                  PadOptions{.mode = a.get<std::string>("mode", 2, "constant")});
     }},
    {"Copy", [](const Arguments& a) -> SymbolicList { return a.tensor("x", 0); }},
    {"Identity", [](const Arguments& a) -> SymbolicList { return a.tensor("x", 0); }},
};

ConfigValue attribute_of(const OpDescription& op, std::string_view name) {
  for (const auto& [key, value] : op.attributes) {
    if (key == name) return value;
  }
  return {};
}

/// [:, :, begin:end]
ConfigValue slice_key(int rank, const std::vector<std::pair<int, std::pair<std::int64_t, std::int64_t>>>& ranges) {
  ConfigValue::List keys;
  for (int axis = 0; axis < rank; ++axis) {
    ConfigValue start, stop;
    for (const auto& [which, range] : ranges) {
      if (which == axis) {
        start = range.first;
        stop = range.second;
      }
    }
    keys.emplace_back(Config("__slice__", {{"start", start}, {"stop", stop}, {"step", {}}}));
  }
  return keys;
}

int rank_of(const Config& tensor) { return static_cast<int>(list_of(tensor["shape"]).size()); }

}  // namespace

KerasOp keras_op(const Layer& node, const std::vector<Config>& tensors) {
  const OpDescription& op = *op_description(node);
  // The operands in the op's order: tensors, and what is known.
  ConfigValue::List operands;
  std::size_t next = 0;
  for (const auto& operand : op.operands) {
    if (operand.symbolic) {
      operands.emplace_back(tensors[next++]);
    } else if (operand.variable.defined()) {
      fail<ValueError>("Model.config",
                       "the op '{}' has the variable '{}' as an operand: an op of Keras has no weights, a "
                       "layer has",
                       op.op, operand.variable.name());
    } else if (operand.known.defined() && operand.known.rank() == 0 && op.op.starts_with("bitwise")) {
      operands.emplace_back(cast(operand.known, int64).item<std::int64_t>());  // does not combine with 2.0
    } else if (operand.known.defined() && operand.known.rank() == 0) {
      operands.emplace_back(cast(operand.known, float64).item<double>());
    } else if (operand.known.defined()) {
      operands.emplace_back(Config(
          "__tensor__", {{"value", config_value(operand.known)}, {"dtype", std::string(name(operand.known.dtype()))}}));
    } else {
      operands.emplace_back();
    }
  }
  const auto attribute = [&](const char* name) { return attribute_of(op, name); };
  const auto made = [&](const char* class_name, const char* module, ConfigValue::List args,
                        std::vector<Config::Entry> entries = {}) {
    return KerasOp{Config(class_name, std::move(entries), module), std::move(args), {}};
  };
  const bool relu_with_options = op.op == "relu" && !attribute("options").is_none();  // Keras has no such op
  for (const auto& row : unary) {
    if (op.op == row.op && !relu_with_options) return made(row.keras, row.module, operands);
  }
  for (const auto& row : binary) {
    if (op.op == row.op) return made(row.keras, row.module, operands);
  }
  for (const auto& row : reductions) {
    if (op.op == row.op) {
      return made(row.keras, row.module, operands, {{"axis", attribute("axes")}, {"keepdims", attribute("keepdims")}});
    }
  }
  const auto or_else = [](const ConfigValue& value, ConfigValue otherwise) {
    return value.is_none() ? std::move(otherwise) : value;
  };
  const ConfigValue first = operands.front(), axis = attribute("axis");
  // Not {operands}, which is a copy of the list for some compilers (CWG 2137).
  const ConfigValue::List one_list(1, ConfigValue(operands));
  const std::string& name = op.op;
  if (name == "reshape") return made("Reshape", numpy, operands, {{"newshape", attribute("shape")}});
  if (name == "flatten" && rank_of(tensors[0]) > 1) {
    return made("Reshape", numpy, operands, {{"newshape", ConfigValue::Integers{-1}}});
  }
  if (name == "transpose") return made("Transpose", numpy, operands, {{"axes", attribute("permutation")}});
  if (name == "concat") return made("Concatenate", numpy, one_list, {{"axis", axis}});
  if (name == "stack") return made("Stack", numpy, one_list, {{"axis", axis}});
  if (name == "expand_dims") return made("ExpandDims", numpy, operands, {{"axis", axis}});
  if (name == "squeeze") return made("Squeeze", numpy, operands, {{"axis", axis}});
  if (name == "cast") return made("Cast", core_module, operands, {{"dtype", attribute("dtype")}});
  if (name == "where") return made("Where", numpy, operands);
  const auto is_number = [](const ConfigValue& value) { return value.get<double>() != nullptr; };
  if (name == "clip_by_value" && is_number(operands[1]) && is_number(operands[2])) {
    return made("Clip", numpy, {first}, {{"x_min", operands[1]}, {"x_max", operands[2]}});
  }
  if (name == "softmax") return made("Softmax", nn_module, operands, {{"axis", or_else(axis, std::int64_t{-1})}});
  if (name == "log_softmax")
    return made("LogSoftmax", nn_module, operands, {{"axis", or_else(axis, std::int64_t{-1})}});
  if (name == "elu") return made("Elu", nn_module, operands, {{"alpha", or_else(attribute("alpha"), 1.0)}});
  if (name == "celu") return made("Celu", nn_module, operands, {{"alpha", or_else(attribute("alpha"), 1.0)}});
  if (name == "squareplus") return made("Squareplus", nn_module, operands, {{"b", or_else(attribute("b"), 4.0)}});
  if (name == "hard_shrink" || name == "soft_shrink") {
    return made(name == "hard_shrink" ? "HardShrink" : "SoftShrink", nn_module, operands,
                {{"threshold", or_else(attribute("threshold"), 0.5)}});
  }
  if (name == "threshold") {
    return made("Threshold", nn_module, operands,
                {{"threshold_value", attribute("threshold")}, {"value", attribute("default_value")}});
  }
  if (name == "glu") return made("Glu", nn_module, operands, {{"axis", or_else(axis, std::int64_t{-1})}});
  if (name == "sparsemax") return made("Sparsemax", nn_module, operands, {{"axis", or_else(axis, std::int64_t{-1})}});
  if (name == "leaky_relu") {
    return made("LeakyRelu", nn_module, operands, {{"negative_slope", or_else(attribute("negative_slope"), 0.2)}});
  }
  if (name == "gelu") {
    const ConfigValue options = attribute("options");
    const auto* fields = options.get<Config>();
    return made("Gelu", nn_module, operands,
                {{"approximate", fields == nullptr ? ConfigValue(false) : (*fields)["approximate"]}});
  }
  if (name == "argmax") return made("Argmax", numpy, operands, {{"axis", axis}, {"keepdims", false}});
  if (name == "argmin") return made("Argmin", numpy, operands, {{"axis", axis}, {"keepdims", false}});
  if (name == "matmul" &&
      attribute("options") == ConfigValue(Config("", {{"transpose_a", false}, {"transpose_b", false}}))) {
    return made("Matmul", numpy, operands);
  }
  if (name == "einsum") return made("Einsum", numpy, operands, {{"subscripts", attribute("equation")}});
  if (name == "gather" && attribute("batch_dims").is_none()) return made("Take", numpy, operands, {{"axis", axis}});
  if (name == "repeat") {
    ConfigValue repeats = attribute("repeats");
    if (const auto* list = repeats.get<ConfigValue::Integers>(); list != nullptr && list->size() == 1)
      repeats = list->front();
    return made("Repeat", numpy, operands, {{"repeats", repeats}, {"axis", axis}});
  }
  if (name == "tile") return made("Tile", numpy, operands, {{"repeats", attribute("multiples")}});
  if (name == "reverse") return made("Flip", numpy, operands, {{"axis", attribute("axes")}});
  if (name == "roll" && attribute("shifts").is_none()) {
    return made("Roll", numpy, operands, {{"shift", attribute("shift")}, {"axis", axis}});
  }
  if (name == "swapaxes") {
    return made("Swapaxes", numpy, operands, {{"axis1", attribute("axis1")}, {"axis2", attribute("axis2")}});
  }
  if (name == "moveaxis") {
    return made("Moveaxis", numpy, operands,
                {{"source", attribute("source")}, {"destination", attribute("destination")}});
  }
  if (name == "broadcast_to") return made("BroadcastTo", numpy, operands, {{"shape", attribute("shape")}});
  if (name == "slice_axis") {
    const int rank = rank_of(tensors[0]);
    const auto begin = value_as<std::int64_t>(attribute("begin")), size = value_as<std::int64_t>(attribute("size"));
    const int at = normal_axis("Model.config", value_as<int>(axis), rank);
    return made("GetItem", numpy, {first, slice_key(rank, {{at, {begin, begin + size}}})});
  }
  if (name == "split" && attribute("n").get<std::int64_t>() != nullptr) {
    return made("Split", numpy, operands, {{"indices_or_sections", attribute("n")}, {"axis", axis}});
  }
  fail<ValueError>(
      "Model.config",
      "the op '{}' between the layers of the model has no counterpart in Keras that xtape knows: make it a "
      "layer of a class that is registered by register_serializable",
      op.op);
}

SymbolicList call_keras_op(const KerasOp& op, const std::vector<SymbolicTensor>& tensors) {
  const Arguments arguments(op, tensors);
  const std::string& name = op.config.class_name();
  for (const auto& row : special) {
    if (name == row.keras) return row.function(arguments);
  }
  for (const auto& row : unary) {
    if (name == row.keras) return row.function(arguments.tensor("x", 0));
  }
  for (const auto& row : binary) {
    if (name == row.keras) return row.function(arguments.operand("x1", 0), arguments.operand("x2", 1));
  }
  for (const auto& row : reductions) {
    if (name == row.keras) {
      return row.function(arguments.tensor("x", 0), arguments.axes("axis", 1),
                          arguments.get<bool>("keepdims", 2, false));
    }
  }
  fail<ValueError>("from_config", "the model has the op {} of {}, which xtape does not load", name,
                   op.config.module().empty() ? "an unknown module" : op.config.module());
}

}  // namespace xtape::detail
