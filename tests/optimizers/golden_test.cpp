#include <functional>
#include <memory>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/optimizers/adadelta.hpp"
#include "xtape/optimizers/adafactor.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamax.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/any_optimizer.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lamb.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/rmsprop.hpp"

using namespace xtape;
using namespace xtape::optimizers;

// The numbers of Keras's unit tests (keras/src/optimizers/*_test.py), with their tolerances.
namespace {

struct SingleStep {
  std::function<AnyOptimizer()> make;
  std::vector<double> expected;
};

struct Golden {
  std::function<AnyOptimizer()> make;
  std::vector<std::vector<double>> values;  ///< one number stands for all ten
};

const SingleStep single_steps[] = {
    {[] { return Adam({.learning_rate = 0.5}); }, {0.5, 1.5, 2.5, 3.5}},
    {[] { return AdamW({.learning_rate = 0.5}); }, {0.4980, 1.4960, 2.494, 3.492}},
    {[] { return Adamax({.learning_rate = 0.5}); }, {0.5, 1.5, 2.5, 3.5}},
    {[] { return Nadam({.learning_rate = 0.5}); }, {0.4686, 1.4686, 2.4686, 3.4686}},
    {[] { return RMSprop({.learning_rate = 0.5}); }, {-0.5811, 0.4189, 1.4189, 2.4189}},
    {[] { return Adagrad({.learning_rate = 0.5}); }, {0.5233, 1.5007, 2.5005, 3.5061}},
    {[] { return Adadelta({.learning_rate = 0.5}); }, {0.9993, 1.9993, 2.9993, 3.9993}},
    {[] { return Ftrl({.learning_rate = 0.5}); }, {0.2218, 1.3954, 2.3651, 2.8814}},
    {[] { return Lion({.learning_rate = 0.5}); }, {0.5, 1.5, 2.5, 3.5}},
    {[] { return Lamb({.learning_rate = 0.5}); }, {-0.3693, 0.6306, 1.6306, 2.6306}},
    {[] { return Adafactor({.learning_rate = 0.5}); }, {-0.3693, 0.6307, 1.6307, 2.6307}},
};

const Golden golden[] = {
    {[] { return Adam({.amsgrad = true}); }, {{0.999}, {0.9982}, {0.9974}, {0.9965}, {0.9955}}},
    {[] { return AdamW({.learning_rate = 1.0, .weight_decay = 0.5, .epsilon = 2}); },
     {{0.4998},
      {0.2486, 0.2475, 0.2463, 0.2451, 0.244, 0.2428, 0.2417, 0.2405, 0.2394, 0.2382},
      {0.1223, 0.1198, 0.1174, 0.1149, 0.1124, 0.11, 0.1075, 0.1051, 0.1027, 0.1003},
      {0.0586, 0.0549, 0.0512, 0.0475, 0.0439, 0.0402, 0.0366, 0.033, 0.0294, 0.0258},
      {0.0263, 0.0215, 0.0167, 0.012, 0.0073, 0.0026, -0.0021, -0.0067, -0.0113, -0.0159}}},
    {[] { return Adamax({.learning_rate = 0.2, .beta_1 = 0.85, .beta_2 = 0.95, .epsilon = 1e-6}); },
     {{0.8},
      {0.6827, 0.6873, 0.6888, 0.6896, 0.6901, 0.6904, 0.6906, 0.6908, 0.6909, 0.691},
      {0.5333, 0.5407, 0.5431, 0.5444, 0.5451, 0.5456, 0.546, 0.5462, 0.5464, 0.5466},
      {0.368, 0.3773, 0.3804, 0.382, 0.3829, 0.3835, 0.384, 0.3843, 0.3846, 0.3848},
      {0.1933, 0.204, 0.2076, 0.2094, 0.2105, 0.2112, 0.2117, 0.2121, 0.2124, 0.2126}}},
    {[] { return Nadam({.learning_rate = 0.5, .beta_1 = 0.5, .beta_2 = 0.67, .epsilon = 1e-5}); },
     {{0.4281},
      {-0.1738, -0.1731, -0.1726, -0.1723, -0.1721, -0.172, -0.1719, -0.1718, -0.1718, -0.1717},
      {-0.7115, -0.7103, -0.7096, -0.7092, -0.709, -0.7088, -0.7086, -0.7085, -0.7085, -0.7084},
      {-1.2335, -1.2322, -1.2313, -1.2309, -1.2306, -1.2304, -1.2302, -1.2301, -1.23, -1.2299},
      {-1.7492, -1.7478, -1.7469, -1.7464, -1.7461, -1.7459, -1.7457, -1.7456, -1.7455, -1.7454}}},
    {[] { return RMSprop({.centered = true}); }, {{0.9967}, {0.9933}, {0.9908}, {0.9885}, {0.9864}}},
    {[] { return Adagrad({.learning_rate = 0.2, .initial_accumulator_value = 0.3, .epsilon = 1e-6}); },
     {{0.9963},
      {0.9604, 0.9278, 0.9003, 0.8784, 0.8615, 0.8487, 0.8388, 0.8313, 0.8255, 0.8209},
      {0.9251, 0.8629, 0.8137, 0.7768, 0.7497, 0.7298, 0.7151, 0.704, 0.6956, 0.6891},
      {0.8903, 0.8012, 0.7342, 0.6862, 0.6521, 0.6277, 0.6099, 0.5967, 0.5867, 0.579},
      {0.856, 0.7422, 0.6604, 0.6037, 0.5644, 0.5367, 0.5168, 0.5021, 0.491, 0.4825}}},
    {[] { return Adadelta({.learning_rate = 1.0, .rho = 0.8, .epsilon = 1e-6}); },
     {{0.9978}, {0.9947}, {0.9915}, {0.9882}, {0.9849}}},
    {[] {
       return Ftrl({.learning_rate = 0.05,
                    .learning_rate_power = -0.2,
                    .initial_accumulator_value = 0.4,
                    .l1_regularization_strength = 0.05,
                    .l2_regularization_strength = 0.15,
                    .l2_shrinkage_regularization_strength = 0.01,
                    .beta = 0.3});
     },
     {{0.0},
      {-0.0034, -0.0077, -0.0118, -0.0157, -0.0194, -0.023, -0.0263, -0.0294, -0.0325, -0.0354},
      {-0.0078, -0.0162, -0.0242, -0.0317, -0.0387, -0.0454, -0.0516, -0.0575, -0.0631, -0.0685},
      {-0.0121, -0.0246, -0.0363, -0.0472, -0.0573, -0.0668, -0.0757, -0.0842, -0.0922, -0.0999},
      {-0.0164, -0.0328, -0.0481, -0.0623, -0.0753, -0.0875, -0.099, -0.1098, -0.1201, -0.1299}}},
    {[] { return Lion(); }, {{0.999}, {0.998}, {0.997}, {0.996}, {0.995}}},
    {[] { return Lamb(); }, {{0.999}, {0.9982}, {0.9974}, {0.9965}, {0.9955}}},
    {[] {
       return Adafactor({.learning_rate = 0.5,
                         .beta_2_decay = -0.65,
                         .epsilon_1 = 1e-15,
                         .epsilon_2 = 1e-4,
                         .clip_threshold = 0.9,
                         .relative_step = false});
     },
     {{0.55},
      {0.3031, 0.3026, 0.3025, 0.3024, 0.3024, 0.3024, 0.3024, 0.3024, 0.3024, 0.3024},
      {0.1671, 0.1665, 0.1663, 0.1663, 0.1663, 0.1663, 0.1663, 0.1663, 0.1663, 0.1663},
      {0.0923, 0.0916, 0.0915, 0.0914, 0.0914, 0.0914, 0.0914, 0.0914, 0.0914, 0.0914},
      {0.0554, 0.0548, 0.0546, 0.0546, 0.0546, 0.0546, 0.0546, 0.0545, 0.0545, 0.0545}}},
};

}  // namespace

TEST_CASE("optimizers: Keras's single steps") {
  for (const DType dtype : {float32, float64}) {
    for (const auto& test : single_steps) {
      const auto optimizer = test.make().get();
      CAPTURE(optimizer->name());
      const Variable v(constant({1.0, 2.0, 3.0, 4.0}, dtype));
      optimizer->apply_gradients(zip({constant({1.0, 6.0, 7.0, 2.0}, dtype)}, {v}));
      CHECK_CLOSE(v, test.expected, 1e-4, 1e-4);
    }
  }
}

TEST_CASE("optimizers: Keras's golden sequences") {
  for (const DType dtype : {float32, float64}) {
    for (const auto& test : golden) {
      const auto optimizer = test.make().get();
      CAPTURE(optimizer->name());
      const Variable x(ones({10}, dtype));
      const Tensor growing = linspace(0.1, 1.0, 10, dtype);
      optimizer->apply_gradients(zip({full({10}, 0.01, dtype)}, {x}));
      for (const auto& values : test.values) {
        CHECK_CLOSE(x, values.size() == 1 ? std::vector<double>(10, values[0]) : values, 5e-4, 5e-4);
        optimizer->apply_gradients(zip({growing}, {x}));
      }
    }
  }
}

TEST_CASE("optimizers: Keras's weight decay, and variables without it") {
  for (const char* name : {"adam", "adamw", "adamax", "nadam", "rmsprop", "adagrad", "lion", "adafactor", "lamb"}) {
    CAPTURE(name);
    const auto make = [&]() -> std::shared_ptr<Optimizer> {
      const std::string which = name;
      if (which == "adam") return AnyOptimizer(Adam({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "adamw") return AnyOptimizer(AdamW({.learning_rate = 1})).get();
      if (which == "adamax") return AnyOptimizer(Adamax({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "nadam") return AnyOptimizer(Nadam({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "rmsprop") return AnyOptimizer(RMSprop({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "adagrad") return AnyOptimizer(Adagrad({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "lion") return AnyOptimizer(Lion({.learning_rate = 1, .weight_decay = 0.004})).get();
      if (which == "adafactor") return AnyOptimizer(Adafactor({.learning_rate = 1, .weight_decay = 0.004})).get();
      return AnyOptimizer(Lamb({.learning_rate = 1, .weight_decay = 0.004})).get();
    };
    const Tensor zero = constant(0.0);
    const Variable v1(constant(2.0), {.name = "v1"}), v2(constant(2.0), {.name = "exclude"}), v3(constant(2.0));
    const auto all = make(), without_name = make(), without_variable = make();
    all->apply_gradients(zip({zero}, {v1}));
    without_name->exclude_from_weight_decay({}, {"exclude"});
    without_name->apply_gradients(zip({zero, zero}, {v1, v2}));
    without_variable->exclude_from_weight_decay({v3});
    without_variable->apply_gradients(zip({zero, zero}, {v1, v3}));
    CHECK_CLOSE(v1, 1.9760959, 0, 1.5e-6);
    CHECK_CLOSE(v2, 2.0);
    CHECK_CLOSE(v3, 2.0);
    CHECK_THROWS_TEXT(ValueError, "`exclude_from_weight_decay()` can only be configured before the optimizer is built.",
                      all->exclude_from_weight_decay({v1}));
  }
}
