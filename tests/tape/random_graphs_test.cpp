#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/format.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/map.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/products.hpp"

// Random graphs of 3 to 60 smooth ops whose nodes are shared and broadcast; the first and second derivatives of a
// number computed from all of them, along a random direction, against differences, and in forward mode.
using namespace xtape;

namespace {

using Node = std::function<Tensor(const Tensor&, const Tensor&)>;

struct Op {
  std::string name;
  bool binary;
  Node run;  ///< throws a ValueError for shapes that do not fit
};

Op unary(const char* name, std::function<Tensor(const Tensor&)> f) {
  return {name, false, [f](const Tensor& x, const Tensor&) { return f(x); }};
}

int last_axis(const Tensor& x) { return x.rank() - 1; }
void require(bool fits) {
  if (!fits) throw ValueError("does not fit");
}

/// A matrix far from singular.
Tensor gram(const Tensor& x) { return matmul(x, x, {.transpose_b = true}) + eye(x.shape(-2), -1, float64); }

std::vector<Op> make_ops() {
  using T = const Tensor&;
  return {
      unary("tanh", [](T x) { return tanh(x); }),
      unary("sigmoid", [](T x) { return sigmoid(x); }),
      unary("exp", [](T x) { return exp(x); }),
      unary("sin", [](T x) { return sin(x); }),
      unary("cos", [](T x) { return cos(x); }),
      unary("atan", [](T x) { return atan(x); }),
      unary("erf", [](T x) { return erf(x); }),
      unary("expm1", [](T x) { return expm1(x); }),
      unary("log1p of the square", [](T x) { return log1p(square(x)); }),
      unary("log", [](T x) { return log(2 + x * x); }),
      unary("sqrt", [](T x) { return sqrt(1 + square(x)); }),
      unary("softplus", [](T x) { return nn::softplus(x); }),
      unary("negative", [](T x) { return -x; }),
      unary("pow", [](T x) { return pow(1.5 + sigmoid(x), 2.5); }),
      unary("map", [](T x) { return map([](auto v) { return v * sigmoid(v); }, x); }),
      unary("stop_gradient", [](T x) { return x + 0.5 * stop_gradient(x * 0 + 1); }),
      unary("reduce_sum", [](T x) { return 0.5 * reduce_sum(x); }),
      unary("reduce_mean, keepdims", [](T x) { return require(x.rank() > 0), reduce_mean(x, last_axis(x), true); }),
      unary("reduce_sum, axis 0", [](T x) { return require(x.rank() > 0), reduce_sum(x, 0); }),
      unary("reduce_prod",
            [](T x) { return require(x.rank() > 0), reduce_prod(0.5 + sigmoid(x), last_axis(x), true); }),
      unary("softmax", [](T x) { return require(x.rank() > 0), nn::softmax(x); }),
      unary("log_softmax", [](T x) { return require(x.rank() > 0), nn::log_softmax(x); }),
      unary("transpose", [](T x) { return transpose(x); }),
      unary("flatten", [](T x) { return flatten(x); }),
      unary("expand_dims", [](T x) { return require(x.rank() < 3), expand_dims(x, 0); }),
      unary("slice", [](T x) { return require(x.rank() > 0 && x.shape(0) > 1), slice_axis(x, 0, 1, x.shape(0) - 1); }),
      unary("gather",
            [](T x) {
              return require(x.rank() > 0 && x.shape(0) > 1), gather(x, constant({1, 0, 1}));
            }),
      unary("broadcast_to",
            [](T x) {
              return require(x.rank() == 0), broadcast_to(x, {2, 3});
            }),
      unary("where", [](T x) { return where(greater(stop_gradient(x), 0.1), square(x), 0.01 * (2 * x - 0.1) / 0.1); }),
      unary("reduce_logsumexp", [](T x) { return require(x.rank() > 0), reduce_logsumexp(x, 0, true); }),
      unary("reduce_variance", [](T x) { return require(x.rank() > 0), reduce_variance(x, last_axis(x)); }),
      unary("norm", [](T x) { return require(x.rank() > 0), norm(x + 3, {}, last_axis(x), true); }),
      unary("cumsum", [](T x) { return require(x.rank() > 0), cumsum(x, 0, {.exclusive = true}); }),
      unary("cumprod", [](T x) { return require(x.rank() > 0), cumprod(0.5 + sigmoid(x), last_axis(x)); }),
      unary("roll", [](T x) { return require(x.rank() > 0), roll(x, 1, last_axis(x)); }),
      unary("reverse", [](T x) { return require(x.rank() > 0), reverse(x, {0}); }),
      unary("pad",
            [](T x) {
              return require(x.rank() == 1), pad(x, {{1, 0}});
            }),
      unary("inv", [](T x) { return require(x.rank() >= 2), linalg::inv(gram(x)); }),
      unary("slogdet", [](T x) { return require(x.rank() >= 2), linalg::slogdet(gram(x)).logdet; }),
      unary("cholesky", [](T x) { return require(x.rank() >= 2), linalg::cholesky(gram(x)); }),
      {"atan2", true, [](T a, T b) { return atan2(a, 1.5 + tanh(b)); }},
      {"squared_difference", true, [](T a, T b) { return squared_difference(a, b); }},
      {"einsum", true,
       [](T a, T b) {
         return einsum("...i,...i->...", {a, b});
       }},
      {"add", true, [](T a, T b) { return a + b; }},
      {"subtract", true, [](T a, T b) { return a - b; }},
      {"multiply", true, [](T a, T b) { return a * b; }},
      {"multiply again", true, [](T a, T b) { return b * tanh(a); }},
      {"divide", true, [](T a, T b) { return a / (1.5 + square(b)); }},
      {"pow of both", true, [](T a, T b) { return pow(0.5 + sigmoid(a), b); }},
      {"map of both", true, [](T a, T b) { return map([](auto p, auto q) { return sin(p) * q + tanh(q); }, a, b); }},
      {"concat", true,
       [](T a, T b) {
         return require(a.rank() > 0 && a.rank() == b.rank()), concat({a, b}, 0);
       }},
      {"stack", true,
       [](T a, T b) {
         return require(a.rank() < 2), stack({a, b});
       }},
      {"matmul", true, [](T a, T b) { return require(a.rank() >= 2 && b.rank() >= 2), matmul(a, b); }},
      {"matmul, transposed", true,
       [](T a, T b) { return require(a.rank() >= 2 && b.rank() >= 2), matmul(a, b, {.transpose_b = true}); }},
  };
}

struct Step {
  const Op* op;
  std::size_t a, b;
  double scale;  ///< keeps values near 1
};

/// A number from several inputs. The same seed gives the same graph.
class Graph {
 public:
  Graph(std::uint64_t seed, const std::vector<Op>& ops) : random_(seed) {
    static const std::vector<Shape> shapes = {{}, {3}, {2, 3}, {2, 1}, {1, 3}, {3, 2}, {3, 3}};
    const std::size_t count = 1 + pick(3);
    for (std::size_t i = 0; i < count; ++i) inputs.push_back(values(shapes[pick(shapes.size())]));
    std::vector<Tensor> nodes = inputs;
    for (std::size_t left = 3 + pick(58); left > 0; --left) nodes.push_back(add_step(ops, nodes));
    // Every node that no other node uses counts, with its own weights.
    std::set<std::size_t> used;
    for (const Step& step : steps_) used.insert({step.a, step.op->binary ? step.b : step.a});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!used.contains(i)) results_.push_back(i), weights_.push_back(values(nodes[i].shape()));
    }
  }

  Tensor run(const std::vector<Tensor>& x) const {
    std::vector<Tensor> nodes = x;
    for (const Step& step : steps_) nodes.push_back(step.op->run(nodes[step.a], nodes[step.b]) * step.scale);
    Tensor sum;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const Tensor term = reduce_sum(nodes[results_[i]] * weights_[i]);
      sum = i == 0 ? term : sum + term;
    }
    return sum;
  }

  /// Values between -1 and 1 for each input.
  std::vector<Tensor> direction() {
    std::vector<Tensor> d;
    for (const Tensor& x : inputs) d.push_back(values(x.shape()));
    return d;
  }

  std::string text() const {
    std::string all;
    for (const Tensor& x : inputs) all += fmt::format("  input {}\n", x.shape());
    for (const Step& s : steps_) all += fmt::format("  {} of {}, {}, times {:.3g}\n", s.op->name, s.a, s.b, s.scale);
    return all;
  }

  std::vector<Tensor> inputs;

 private:
  std::size_t pick(std::size_t n) { return random_() % n; }
  Tensor values(const Shape& shape) {
    std::vector<double> v(static_cast<std::size_t>(shape.numel()));
    for (double& e : v) e = static_cast<double>(random_() >> 11) * 0x1p-52 - 1;
    return constant(v, shape);
  }
  /// Adds an op of earlier nodes, preferably the latest, and returns its value.
  Tensor add_step(const std::vector<Op>& ops, const std::vector<Tensor>& nodes) {
    const auto node = [&] {
      return pick(2) == 0 ? pick(nodes.size()) : nodes.size() - 1 - pick(std::min<std::size_t>(nodes.size(), 4));
    };
    for (;;) {
      Step step{&ops[pick(ops.size())], node(), node(), 1};
      try {
        const Tensor y = step.op->run(nodes[step.a], nodes[step.b]);
        if (y.size() > 24) continue;
        const double largest = reduce_max(abs(y)).item();
        if (largest > 2) step.scale = 1 / largest;
        steps_.push_back(step);
        return y * step.scale;
      } catch (const ValueError&) {
        // These shapes do not fit: tries another op.
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<Step> steps_;
  std::vector<std::size_t> results_;
  std::vector<Tensor> weights_;
};

double dot(const Tensors& a, const std::vector<Tensor>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (a[i].defined()) sum += reduce_sum(a[i] * b[i]).item();
  }
  return sum;
}

/// The derivative of f at 0, and how far it may be from it, from differences of two steps to the fourth order each.
struct Difference {
  double value, error;
};
Difference difference(const std::function<double(double)>& f) {
  const auto at = [&f](double h) { return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h); };
  const double fine = at(2e-4), coarse = at(4e-4);
  return {fine, std::abs(fine - coarse)};
}

/// Empty where both derivatives agree.
std::string check_graph(std::uint64_t seed, const std::vector<Op>& ops, int& skipped) {
  Graph graph(seed, ops);
  const auto d = graph.direction(), v = graph.direction();
  const auto moved = [&](double h) {
    std::vector<Tensor> x;
    for (std::size_t i = 0; i < d.size(); ++i) x.push_back(graph.inputs[i] + h * d[i]);
    return x;
  };
  const auto gradient = [&](const std::vector<Tensor>& x) {
    GradientTape tape;
    tape.watch(std::span<const Tensor>(x));
    const Tensor y = graph.run(x);
    return tape.gradient(y, x);
  };
  Tensors first, second;
  {
    GradientTape outer;
    outer.watch(std::span<const Tensor>(graph.inputs));
    first = gradient(graph.inputs);
    Tensor along = constant(0.0, float64);
    for (std::size_t i = 0; i < v.size(); ++i) {
      if (first[i].defined()) along = along + reduce_sum(first[i] * v[i]);
    }
    second = outer.gradient(along, graph.inputs);
  }
  const auto one = difference([&](double h) { return graph.run(moved(h)).item(); });
  const auto two = difference([&](double h) { return dot(gradient(moved(h)), v); });
  std::string report;
  const auto compare = [&](const char* order, double analytic, const Difference& numeric) {
    const double size = std::max({1.0, std::abs(analytic), std::abs(numeric.value)});
    if (numeric.error > 1e-5 * size) {
      ++skipped;  // differences are not accurate enough
    } else if (!(std::abs(analytic - numeric.value) <= 1e-8 * size + 2 * numeric.error)) {
      report +=
          fmt::format("{} derivative: tape {}, differences {} +- {}\n", order, analytic, numeric.value, numeric.error);
    }
  };
  compare("first", dot(first, d), one);
  compare("second", dot(second, d), two);
  const auto agree = [&](const char* what, double forward, double reverse) {
    if (std::abs(forward - reverse) <= 1e-9 * std::max(1.0, std::abs(reverse))) return;
    report += fmt::format("{}: forward mode {}, tape {}\n", what, forward, reverse);
  };
  {
    ForwardAccumulator accumulator(graph.inputs, d);
    agree("first derivative", accumulator.jvp(graph.run(graph.inputs), UnconnectedGradients::zero).item(),
          dot(first, d));
    Tensors products = gradient(graph.inputs);
    for (Tensor& each : products) {
      if (each.defined()) each = accumulator.jvp(each);
    }
    agree("forward over reverse", dot(products, v), dot(second, d));
  }
  ForwardAccumulator outer(graph.inputs, v), inner(graph.inputs, d);
  const Tensor slope = inner.jvp(graph.run(graph.inputs), UnconnectedGradients::zero);
  agree("forward over forward", outer.jvp(slope, UnconnectedGradients::zero).item(), dot(second, d));
  if (!report.empty()) report = fmt::format("seed {}:\n{}{}", seed, report, graph.text());
  return report;
}

/// How many of so many graphs disagree.
int count_wrong(int graphs, const std::vector<Op>& ops) {
  int wrong = 0, skipped = 0;
  for (int seed = 1; seed <= graphs; ++seed)
    wrong += !check_graph(static_cast<std::uint64_t>(seed), ops, skipped).empty();
  return wrong;
}

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoi(text) : otherwise;
}

}  // namespace

TEST_CASE("random graphs: first and second derivatives agree with differences") {
  const auto ops = make_ops();
  // XTAPE_GRAPHS_SEED=7 XTAPE_GRAPHS=1 runs one of them alone.
  const int first_seed = number_from("XTAPE_GRAPHS_SEED", 1), graphs = number_from("XTAPE_GRAPHS", 1000);
  int skipped = 0;
  for (int seed = first_seed; seed < first_seed + graphs; ++seed) {
    const std::string report = check_graph(static_cast<std::uint64_t>(seed), ops, skipped);
    CHECK_MESSAGE(report.empty(), report);
  }
  CHECK(skipped <= graphs / 50);
}

TEST_CASE("random graphs: a wrong gradient of one op is found, and a wrong gradient of a gradient") {
  const auto with = [](std::function<Tensor(const Tensor&)> sine) {
    auto ops = make_ops();
    for (Op& op : ops) {
      if (op.name == "sin") op = unary("sin", sine);
    }
    return ops;
  };
  const auto rule = [](const auto& derivative) {
    return [derivative](const Tensor& x) {
      return record("sin", {x}, sin(stop_gradient(x)),
                    [x, derivative](const Tensor& dy) { return Grads{dy * derivative(x)}; });
    };
  };
  constexpr int graphs = 60;
  CHECK(count_wrong(graphs, with(rule([](const Tensor& x) { return cos(x); }))) == 0);
  CHECK(count_wrong(graphs, with(rule([](const Tensor& x) { return cos(x) + 1e-4; }))) >= graphs / 10);
  CHECK(count_wrong(graphs, with(rule([](const Tensor& x) { return cos(stop_gradient(x)); }))) >= graphs / 10);
}
