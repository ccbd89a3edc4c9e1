#include "xtape/ops/activation_function.hpp"

#include <functional>
#include <map>

#include "ops/table.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/nn.hpp"

using namespace xtape;
using namespace xtape::testing;

TEST_CASE("activation names: Keras's, each with its function and back") {
  const double e = std::exp(1.0), logistic = 1 / (1 + 1 / e), normal = 0.5 * std::erfc(-1 / std::sqrt(2.0));
  const std::map<std::string, double> at_one{{"linear", 1},
                                             {"relu", 1},
                                             {"leaky_relu", 1},
                                             {"sigmoid", logistic},
                                             {"softplus", std::log(1 + e)},
                                             {"tanh", std::tanh(1.0)},
                                             {"relu6", 1},
                                             {"elu", 1},
                                             {"selu", 1.0507009873554805},
                                             {"gelu", normal},
                                             {"silu", logistic},
                                             {"swish", logistic},
                                             {"mish", std::tanh(std::log(1 + e))},
                                             {"hard_sigmoid", 4.0 / 6},
                                             {"hard_silu", 4.0 / 6},
                                             {"hard_swish", 4.0 / 6},
                                             {"log_sigmoid", std::log(logistic)},
                                             {"softsign", 0.5},
                                             {"exponential", e},
                                             {"celu", 1},
                                             {"squareplus", (1 + std::sqrt(5.0)) / 2},
                                             {"hard_tanh", 1},
                                             {"hard_shrink", 1},
                                             {"soft_shrink", 0.5},
                                             {"tanh_shrink", 1 - std::tanh(1.0)},
                                             {"sparse_plus", 1},
                                             {"sparse_sigmoid", 1},
                                             {"sparsemax", 1}};
  for (const auto& entry : at_one) {
    const std::string name = entry.first;
    const double value = entry.second;
    CAPTURE(name);
    const ActivationFunction f(name);
    CHECK_CLOSE(f(tensor({1})), tensor({value}), 1e-14);
    CHECK(f.name() == name);
  }
  CHECK_CLOSE(ActivationFunction("softmax")(tensor({1, 1})), {0.5, 0.5});
  CHECK_CLOSE(ActivationFunction("log_softmax")(tensor({1, 1})), {-std::log(2), -std::log(2)});
  CHECK_CLOSE(ActivationFunction("glu")(tensor({3, 0})), {1.5});
  CHECK_THROWS_TEXT(ValueError,
                    "[activation] unknown activation 'gleu', expected one of: linear, relu, leaky_relu, sigmoid, "
                    "softmax, log_softmax, softplus, tanh, relu6, elu, selu, gelu, silu, swish, mish, hard_sigmoid, "
                    "hard_silu, hard_swish, log_sigmoid, softsign, exponential, celu, squareplus, hard_tanh, "
                    "hard_shrink, soft_shrink, tanh_shrink, sparse_plus, sparse_sigmoid, glu, sparsemax",
                    ActivationFunction("gleu"));
}
