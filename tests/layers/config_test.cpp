// What layers were made with, as data.
#include "xtape/base/config.hpp"

#include <algorithm>
#include <map>

#include "layers/configs.hpp"
#include "support/check.hpp"
#include "support/declared_arguments.hpp"
#include "support/header_scan.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/layers/bidirectional.hpp"
#include "xtape/layers/conv2d.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/normalization.hpp"
#include "xtape/regularizers/l1_l2.hpp"

namespace xtape::testing {
namespace {

using Names = std::vector<std::string>;

const std::map<std::string, Names>& declared_arguments() {
  static const auto all = arguments_in(headers_of("include/xtape/layers"));
  return all;
}

bool has_custom(const Config& config) {
  return std::any_of(config.entries().begin(), config.entries().end(), [](const auto& entry) {
    const auto* inner = entry.second.template get<Config>();
    return entry.second.is_custom() || (inner != nullptr && has_custom(*inner));
  });
}

}  // namespace

void check_config(const LayerRow& row) {
  const AnyLayer layer = row.make(float32);
  const Config config = layer->config();
  CHECK(config.class_name() == row.layer);
  Names expected{"name", "trainable", "dtype"}, received;
  REQUIRE_MESSAGE(declared_arguments().contains(row.layer), "no constructor found of ", row.layer);
  for (const auto& name : declared_arguments().at(row.layer)) {
    if (name != "name" && name != "dtype") expected.push_back(name);
  }
  for (const auto& [name, value] : config.entries()) received.push_back(name);
  CHECK_MESSAGE(received == expected, config.str(), " has other arguments than the class declares");
  CHECK(config["name"] == layer->name());
  CHECK(config["dtype"] == "float32");
  CHECK((has_custom(config) == (row.layer == "Lambda")));
  CHECK_MESSAGE(layer.clone()->config() == config, layer.clone()->config().str());
  if (row.layer == "Lambda") {
    CHECK_THROWS_WITH_AS(AnyLayer::from_config(config), doctest::Contains("a Lambda holds a function"), ValueError);
  } else {
    const Config again = AnyLayer::from_config(config)->config();
    CHECK_MESSAGE(again == config, again.str(), " instead of ", config.str());
  }
}

namespace {

TEST_CASE("config: what counts as the arguments of a layer") {
  const auto found = arguments_in(
      "struct AOptions {\n  int x = {}, y = f(1, 2);  ///< a, b\n"
      "  std::pair<int, int> z = {1, 2};\n\n  XTAPE_FIELDS(x, y, z)\n};\n"
      "class A : public LayerBase<A> {\n public:\n"
      "  explicit A(std::int64_t units, const AOptions& options = {});\n};\n"
      "class B final : public LayerBase<B, A> {\n public:\n"
      "  explicit B(double rate = 0.5, std::string name = {}) : LayerBase(name) {}\n};\n");
  CHECK(found.at("A") == Names{"units", "x", "y", "z"});
  CHECK(found.at("B") == Names{"rate", "name"});
}

TEST_CASE("config: a layer's arguments and options, with those of the objects inside") {
  layers::Dense dense(3, {.activation = "relu",
                          .bias_initializer = initializers::Constant(0.1),
                          .kernel_regularizer = regularizers::L2{.l2 = 0.5},
                          .bias_constraint = "non_neg"});
  CHECK(dense.config().str() ==
        "Dense{name = \"dense\", trainable = true, dtype = \"float32\", units = 3, activation = \"relu\", use_bias = "
        "true, "
        "kernel_initializer = GlorotUniform{seed = none}, bias_initializer = Constant{value = 0.1}, "
        "kernel_regularizer = L2{l2 = 0.5}, bias_regularizer = none, activity_regularizer = none, "
        "kernel_constraint = none, bias_constraint = NonNeg{}}");
  dense.set_name("head");
  dense.set_trainable(false);
  dense.set_dtype_policy("mixed_bfloat16");
  const Config config = dense.config();
  CHECK(config["name"] == "head");
  CHECK(config["trainable"] == false);
  CHECK(config["dtype"] == "mixed_bfloat16");
  CHECK(*config["units"].get<std::int64_t>() == 3);
  CHECK(config["units"].get<double>() == nullptr);
  CHECK(config["kernel_regularizer"].get<Config>()->class_name() == "L2");
  CHECK(config["bias_regularizer"].is_none());
  CHECK_FALSE(config.contains("rate"));
  CHECK_THROWS_TEXT(ValueError, "[Config] Dense has no argument 'rate', only: name, trainable, dtype, units",
                    (void)config["rate"]);

  const Config conv = layers::Conv2D(8, {3, 5}, {.strides = 2, .padding = "same"}).config();
  CHECK(conv["kernel_size"] == std::vector<std::int64_t>{3, 5});
  CHECK(conv["strides"].str() == "{2, 2}");
  CHECK(conv["padding"] == "same");

  const Config both = layers::Bidirectional(layers::LSTM(4, {.seed = 7}), {.merge_mode = "sum"}).config();
  CHECK(both["merge_mode"] == "sum");
  CHECK(both["backward_layer"].is_none());
  const Config& lstm = *both["layer"].get<Config>();
  CHECK(lstm["units"] == 4);
  CHECK(lstm["seed"] == 7);
  CHECK(lstm["activation"] == "tanh");

  const Config normal = layers::Normalization({.mean = constant({1.0, 2.0}), .variance = ones({2})}).config();
  CHECK(normal["mean"].str() == "Tensor{dtype = \"float32\", shape = {2}, elements = {1, 2}}");
}

struct ShiftOptions {
  double start = 1;
  std::function<Tensor(const Tensor&)> then = {};
  DTypePolicy dtype = {};
  std::string name = {};

  XTAPE_FIELDS(start, then, dtype, name)
};
struct Shift : LayerBase<Shift> {
  explicit Shift(int axis, const ShiftOptions& options = {}) : LayerBase(options, {{"axis", axis}}) {}
  Tensor call(const Tensor& x) override { return x; }
};
struct Plain : LayerBase<Plain> {
  explicit Plain(std::string name) : LayerBase(std::move(name), float64) {}
  Tensor call(const Tensor& x) override { return x; }
};
struct Telling : LayerBase<Telling> {
  Config config() const override {
    Config config = LayerBase::config();
    config.set("depth", 2);
    config.set("trainable", "never");
    return config;
  }
};

TEST_CASE("config: of users' classes") {
  CHECK(Shift(2, {.name = "s"}).config().str() ==
        "Shift{name = \"s\", trainable = true, dtype = \"float32\", axis = 2, start = 1, then = none}");
  CHECK(Shift(2, {.then = [](const Tensor& x) { return x; }}).config()["then"].is_custom());
  CHECK(Plain("p").config().str() == "Plain{name = \"p\", trainable = true, dtype = \"float64\"}");
  CHECK(Telling().config().str() ==
        "Telling{name = \"telling\", trainable = \"never\", dtype = \"float32\", depth = 2}");
  const auto of_function = layers::Dense(1, {.kernel_initializer = [](const Shape& s, DType d) { return ones(s, d); }});
  CHECK(of_function.config()["kernel_initializer"].is_custom());
}

}  // namespace
}  // namespace xtape::testing
