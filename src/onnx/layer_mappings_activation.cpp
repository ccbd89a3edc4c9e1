// Activations, as layers and as arguments of layers.
#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "onnx/layer_mappings.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

/// The size of an axis along which an activation works.
std::int64_t known_size(const char* activation, const OnnxValue& x, int axis) {
  const std::int64_t size = x.shape[axis];
  if (size < 0) {
    fail<ValueError>(OnnxBuilder::method, "{} needs a known size of axis {}, received shape {}", activation, axis,
                     x.shape);
  }
  return size;
}

}  // namespace

OnnxValue map_elu(OnnxBuilder& g, const OnnxValue& x, double alpha) {
  return g.alike("Elu", {x}, {{"alpha", static_cast<float>(alpha)}});
}

OnnxValue map_leaky_relu(OnnxBuilder& g, const OnnxValue& x, double slope) {
  return g.alike("LeakyRelu", {x}, {{"alpha", static_cast<float>(slope)}});
}

OnnxValue map_gelu(OnnxBuilder& g, const OnnxValue& x, bool approximate) {
  OnnxValue inner;
  if (approximate) {
    const OnnxValue cube = g.multiply(g.multiply(x, x), x);
    inner = g.alike("Tanh", {g.with_scalar("Mul", g.add(x, g.with_scalar("Mul", cube, 0.044715)),
                                           std::sqrt(2 / 3.14159265358979323846))});
  } else {
    inner = g.alike("Erf", {g.with_scalar("Mul", x, 1 / std::sqrt(2.0))});
  }
  return g.multiply(g.with_scalar("Mul", x, 0.5), g.with_scalar("Add", inner, 1));
}

OnnxValue map_relu(OnnxBuilder& g, const OnnxValue& x, double slope, std::optional<double> max_value,
                   double threshold) {
  OnnxValue y;
  if (threshold == 0) {
    y = slope == 0 ? g.alike("Relu", {x}) : map_leaky_relu(g, x, slope);
  } else {
    const OnnxValue below =
        slope == 0 ? g.scalar(0, x.dtype) : g.with_scalar("Mul", g.with_scalar("Sub", x, threshold), slope);
    y = g.where(g.compare("LessOrEqual", x, g.scalar(threshold, x.dtype)), below, x);
  }
  return max_value ? g.with_scalar("Min", y, *max_value) : y;
}

OnnxValue map_celu(OnnxBuilder& g, const OnnxValue& x, double alpha) {
  return g.alike("Celu", {x}, {{"alpha", static_cast<float>(alpha)}});
}

OnnxValue map_squareplus(OnnxBuilder& g, const OnnxValue& x, double b) {
  return g.with_scalar("Mul", g.add(x, g.alike("Sqrt", {g.with_scalar("Add", g.multiply(x, x), b)})), 0.5);
}

OnnxValue map_shrink(OnnxBuilder& g, const OnnxValue& x, double threshold, double bias) {
  return g.alike("Shrink", {x}, {{"bias", static_cast<float>(bias)}, {"lambd", static_cast<float>(threshold)}});
}

OnnxValue map_glu(OnnxBuilder& g, const OnnxValue& x, int axis) {
  const std::int64_t size = known_size("glu", x, axis) / 2;
  return g.multiply(g.slice(x, axis, 0, size), g.alike("Sigmoid", {g.slice(x, axis, size, OnnxBuilder::to_end)}));
}

/// As Martins and Astudillo write it: of the sorted elements those with 1 + k x_k > sum_(j <= k) x_j stay.
OnnxValue map_sparsemax(OnnxBuilder& g, const OnnxValue& x, int axis) {
  const std::int64_t n = known_size("sparsemax", x, axis);
  std::vector<std::int64_t> axes{axis};
  const OnnxValue below = g.subtract(x, g.reduce("ReduceMax", x, axes, true));
  const OnnxValue sorted = g.nodes("TopK", {below, g.integers({n})}, {{"axis", std::int64_t{axis}}},
                                   {{x.shape, x.dtype}, {x.shape, int64}})[0];
  const OnnxValue sums = g.alike("CumSum", {sorted, g.scalar(axis, int64)});
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.rank()), 1);
  sizes[static_cast<std::size_t>(axis)] = n;
  const OnnxValue places =
      g.constant(xtape::cast(xtape::reshape(arange(std::int64_t{1}, n + 1), Shape(sizes)), x.dtype));
  const OnnxValue stays = g.compare("Greater", g.with_scalar("Add", g.multiply(places, sorted), 1), sums);
  const OnnxValue count = g.reduce("ReduceSum", g.cast(stays, x.dtype), axes, true);
  const OnnxValue sum = g.reduce("ReduceSum", g.where(stays, sorted, g.scalar(0, x.dtype)), axes, true);
  return g.alike("Relu", {g.subtract(below, g.divide(g.with_scalar("Sub", sum, 1), count))});
}

namespace {

OnnxValue hard_tanh(OnnxBuilder& g, const OnnxValue& x) {
  return g.alike("Clip", {x, g.scalar(-1, x.dtype), g.scalar(1, x.dtype)});
}
OnnxValue sparse_sigmoid(OnnxBuilder& g, const OnnxValue& x) {
  return g.with_scalar("Mul", g.with_scalar("Add", hard_tanh(g, x), 1), 0.5);
}
OnnxValue sparse_plus(OnnxBuilder& g, const OnnxValue& x) {
  const OnnxValue half = sparse_sigmoid(g, x);
  return g.where(g.compare("Greater", x, g.scalar(1, x.dtype)), x, g.multiply(half, half));
}

OnnxValue relu6(OnnxBuilder& g, const OnnxValue& x) {
  return g.alike("Clip", {x, g.scalar(0, x.dtype), g.scalar(6, x.dtype)});
}
OnnxValue hard_sigmoid(OnnxBuilder& g, const OnnxValue& x) {
  return g.with_scalar("Div", relu6(g, g.with_scalar("Add", x, 3)), 6);
}

struct NamedActivation {
  const char* name;
  OnnxValue (*map)(OnnxBuilder&, const OnnxValue&);
};

constexpr NamedActivation activations[] = {
    {"linear", [](OnnxBuilder&, const OnnxValue& x) { return x; }},
    {"relu", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Relu", {x}); }},
    {"leaky_relu", [](OnnxBuilder& g, const OnnxValue& x) { return map_leaky_relu(g, x, 0.2); }},
    {"sigmoid", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Sigmoid", {x}); }},
    {"softmax", [](OnnxBuilder& g, const OnnxValue& x) { return g.softmax(x, -1); }},
    {"log_softmax",
     [](OnnxBuilder& g, const OnnxValue& x) {
       return g.alike("LogSoftmax", {x}, {{"axis", std::int64_t{-1}}});
     }},
    {"softplus", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Softplus", {x}); }},
    {"tanh", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Tanh", {x}); }},
    {"relu6", relu6},
    {"elu", [](OnnxBuilder& g, const OnnxValue& x) { return map_elu(g, x, 1); }},
    {"selu", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Selu", {x}); }},
    {"gelu", [](OnnxBuilder& g, const OnnxValue& x) { return map_gelu(g, x, false); }},
    {"silu", [](OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, g.alike("Sigmoid", {x})); }},
    {"swish", [](OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, g.alike("Sigmoid", {x})); }},
    {"mish",
     [](OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, g.alike("Tanh", {g.alike("Softplus", {x})})); }},
    {"hard_sigmoid", hard_sigmoid},
    {"hard_silu", [](OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, hard_sigmoid(g, x)); }},
    {"hard_swish", [](OnnxBuilder& g, const OnnxValue& x) { return g.multiply(x, hard_sigmoid(g, x)); }},
    {"log_sigmoid",
     [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Neg", {g.alike("Softplus", {g.alike("Neg", {x})})}); }},
    {"softsign", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Softsign", {x}); }},
    {"exponential", [](OnnxBuilder& g, const OnnxValue& x) { return g.alike("Exp", {x}); }},
    {"celu", [](OnnxBuilder& g, const OnnxValue& x) { return map_celu(g, x, 1); }},
    {"squareplus", [](OnnxBuilder& g, const OnnxValue& x) { return map_squareplus(g, x, 4); }},
    {"hard_tanh", hard_tanh},
    {"hard_shrink", [](OnnxBuilder& g, const OnnxValue& x) { return map_shrink(g, x, 0.5, 0); }},
    {"soft_shrink", [](OnnxBuilder& g, const OnnxValue& x) { return map_shrink(g, x, 0.5, 0.5); }},
    {"tanh_shrink", [](OnnxBuilder& g, const OnnxValue& x) { return g.subtract(x, g.alike("Tanh", {x})); }},
    {"sparse_plus", sparse_plus},
    {"sparse_sigmoid", sparse_sigmoid},
    {"glu", [](OnnxBuilder& g, const OnnxValue& x) { return map_glu(g, x, x.rank() - 1); }},
    {"sparsemax", [](OnnxBuilder& g, const OnnxValue& x) { return map_sparsemax(g, x, x.rank() - 1); }},
};

}  // namespace

bool map_named_activation(OnnxBuilder& g, const std::string& name, const OnnxValue& x, OnnxValue& y) {
  for (const auto& activation : activations) {
    if (name != activation.name) continue;
    y = activation.map(g, x);
    return true;
  }
  return false;
}

OnnxValue map_activation(OnnxBuilder& g, const OnnxCall& call, const OnnxValue& x, std::string_view argument) {
  const ConfigValue& value = call.argument(argument);
  if (value.is_none()) return x;
  OnnxValue y;
  const auto* name = value.get<std::string>();
  if (name == nullptr || !map_named_activation(g, *name, x, y)) {
    call.refuse("its {} is a C++ function, which ONNX has no node for: give it by a name, such as \"relu\"", argument);
  }
  return y;
}

namespace {

OnnxValues activation(OnnxBuilder& g, const OnnxCall& call) { return {map_activation(g, call, call.x())}; }

OnnxValues elu(OnnxBuilder& g, const OnnxCall& call) { return {map_elu(g, call.x(), call.get<double>("alpha"))}; }

OnnxValues leaky_relu(OnnxBuilder& g, const OnnxCall& call) {
  return {map_leaky_relu(g, call.x(), call.get<double>("negative_slope"))};
}

OnnxValues prelu(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue alpha = g.weight(call.weight_name("alpha"), call.weight("alpha"));
  return {g.alike("PRelu", {call.x(), alpha})};
}

OnnxValues relu(OnnxBuilder& g, const OnnxCall& call) {
  return {map_relu(g, call.x(), call.get<double>("negative_slope"), call.get<std::optional<double>>("max_value"),
                   call.get<double>("threshold"))};
}

OnnxValues softmax(OnnxBuilder& g, const OnnxCall& call) {
  const OnnxValue& x = call.x();
  const Axes axis = call.get<Axes>("axis");
  std::vector<std::int64_t> axes(axis.axes().begin(), axis.axes().end());
  for (auto& each : axes) each = normal_axis(OnnxBuilder::method, each, x.rank());
  std::optional<OnnxValue> mask;
  if (call.inputs().size() == 2) {
    mask = call.inputs()[1];
  } else if (x.mask != nullptr) {
    const bool along = std::any_of(axes.begin(), axes.end(), [&](std::int64_t each) {
      return each < x.mask->rank() && x.mask->shape[static_cast<int>(each)] != 1;
    });
    if (along) {
      mask = *x.mask;
      std::vector<std::int64_t> missing;
      for (int at = x.mask->rank(); at < x.rank(); ++at) missing.push_back(at);
      if (!missing.empty()) mask = g.expand_dims(*mask, missing);
    }
  }
  constexpr double lowest = -static_cast<double>(std::numeric_limits<float>::max()) / 2;
  const OnnxValue given = mask ? g.where(*mask, x, g.scalar(lowest, x.dtype)) : x;
  OnnxValue y;
  if (axes.size() == 1) {
    y = g.softmax(given, static_cast<int>(axes[0]));
  } else {
    const OnnxValue e = g.alike("Exp", {g.subtract(given, g.reduce("ReduceMax", given, axes, true))});
    y = g.divide(e, g.reduce("ReduceSum", e, axes, true));
  }
  return {mask ? g.where(*mask, y, g.scalar(0, y.dtype)) : y};
}

constexpr OnnxLayerMapping mappings[] = {
    {"Activation", activation}, {"ELU", elu},   {"LeakyReLU", leaky_relu},
    {"PReLU", prelu},           {"ReLU", relu}, {"Softmax", softmax},
};

}  // namespace

std::span<const OnnxLayerMapping> onnx_activation_layers() { return mappings; }

}  // namespace xtape::detail
