#include <fmt/format.h>

#include <algorithm>

#include <xtape/core/random.hpp>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"

// Ops with their gradients, at a size where calls dominate and at one where arithmetic dominates.
namespace bench {
namespace {

namespace xp = xtape;
using xp::Tensor;
using Op = std::function<Tensor(const Tensor&, const Tensor&)>;

void add(Group& group, const char* name, const Op& op, bool square = false) {
  for (const bool small : {true, false}) {
    const xp::Shape shape = small ? xp::Shape{4, 4} : square ? xp::Shape{128, 128} : xp::Shape{64, 256};
    const auto full = fmt::format("{}, {}", name, small ? "16" : square ? "128 x 128" : "64 x 256");
    group.cases.push_back({full, [=](const Effort& effort) {
                             xp::random::Generator generator(1);
                             const Tensor a = generator.uniform(shape, 0.5, 1.5),
                                          b = generator.uniform(shape, 0.5, 1.5);
                             const auto forward = [=] { op(a, b); };
                             const auto both = [=] {
                               xp::GradientTape tape;
                               tape.watch({a, b});
                               tape.gradient(op(a, b), {a, b});
                             };
                             Effort chosen = effort;
                             chosen.block_ms = std::min(effort.block_ms, 5.0);
                             return compare_on_one_thread(full, {}, {}, chosen, {{both, "both"}, {forward, "forward"}});
                           }});
  }
}

}  // namespace

Group ops_group() {
  Group group{"ops", "us of an op forward and backward together, and forward alone", {"forward"}, {}};
  using T = const Tensor&;
  add(group, "add", [](T a, T b) { return a + b; });
  add(group, "multiply", [](T a, T b) { return a * b; });
  add(group, "divide", [](T a, T b) { return a / b; });
  add(group, "pow", [](T a, T b) { return pow(a, b); });
  add(group, "maximum", [](T a, T b) { return maximum(a, b); });
  add(group, "where", [](T a, T b) { return where(a < b, a, b); });
  add(group, "square", [](T a, T) { return square(a); });
  add(group, "sqrt", [](T a, T) { return sqrt(a); });
  add(group, "exp", [](T a, T) { return exp(a); });
  add(group, "log", [](T a, T) { return log(a); });
  add(group, "sin", [](T a, T) { return sin(a); });
  add(group, "tanh", [](T a, T) { return tanh(a); });
  add(group, "erf", [](T a, T) { return erf(a); });
  add(group, "sigmoid", [](T a, T) { return sigmoid(a); });
  add(group, "relu", [](T a, T) { return xp::nn::relu(a); });
  add(group, "gelu", [](T a, T) { return xp::nn::gelu(a); });
  add(group, "softplus", [](T a, T) { return xp::nn::softplus(a); });
  add(group, "softmax", [](T a, T) { return xp::nn::softmax(a); });
  add(group, "log_softmax", [](T a, T) { return xp::nn::log_softmax(a); });
  add(group, "layer_norm", [](T a, T) { return xp::nn::layer_norm(a); });
  add(group, "reduce_sum", [](T a, T) { return xp::reduce_sum(a); });
  add(group, "reduce_mean, axis 0", [](T a, T) { return xp::reduce_mean(a, 0); });
  add(group, "reduce_max, axis 1", [](T a, T) { return xp::reduce_max(a, 1); });
  add(group, "reduce_logsumexp, axis 1", [](T a, T) { return xp::reduce_logsumexp(a, 1); });
  add(group, "cumsum, axis 1", [](T a, T) { return xp::cumsum(a, 1); });
  add(group, "transpose", [](T a, T) { return transpose(a); });
  add(group, "reshape", [](T a, T) { return reshape(a, {-1}); });
  add(group, "concat, axis 1", [](T a, T b) { return xp::concat({a, b}, 1); });
  add(group, "slice of half the columns", [](T a, T) { return slice(a, {0, 0}, {a.shape(0), a.shape(1) / 2}); });
  add(group, "gather of rows", [](T a, T) {
    static const Tensor rows = xp::constant({3, 1, 2, 1});
    return gather(a, rows);
  });
  add(
      group, "matmul", [](T a, T b) { return xp::matmul(a, b); }, true);
  add(
      group, "einsum ij,kj->ik",
      [](T a, T b) {
        return xp::einsum("ij,kj->ik", {a, b});
      },
      true);
  add(group, "mean_squared_error", [](T a, T b) { return xp::losses::mean_squared_error(a, b); });
  return group;
}

}  // namespace bench
