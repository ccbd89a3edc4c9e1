#include <fmt/format.h>

#include <memory>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"
#include "kernels/adam.hpp"
#include "kernels/gemm_bf16.hpp"
#include "kernels/gemm_library.hpp"

namespace bench {
namespace {

namespace xp = xtape;
using xtape::BFloat16;

const std::vector<std::int64_t> widths = {784, 512, 128, 32, 10};

/// A product of a training step in both dtypes, each by the library.
struct Product {
  std::string name;
  bool ta, tb, c_float;
  std::int64_t m, n, k;
  std::vector<float> a, b, c;
  std::vector<BFloat16> a16, b16, c16;

  Product(std::string called, bool trans_a, bool trans_b, bool float_result, std::int64_t rows, std::int64_t columns,
          std::int64_t inner)
      : name(std::move(called)),
        ta(trans_a),
        tb(trans_b),
        c_float(float_result),
        m(rows),
        n(columns),
        k(inner),
        a(size(m, k), 0.5f),
        b(size(k, n), 0.01f),
        c(size(m, n)),
        a16(a.size(), BFloat16(0.5f)),
        b16(b.size(), BFloat16(0.01f)),
        c16(c.size()) {}
  static std::size_t size(std::int64_t rows, std::int64_t columns) { return static_cast<std::size_t>(rows * columns); }
  double operations() const { return 2.0 * static_cast<double>(m * n * k); }

  void run_float() {
    xtape::kernels::library_gemm(
        {ta, tb, m, n, k, 1, a.data(), ta ? m : k, b.data(), tb ? k : n, 0, c.data(), n, nullptr, false},
        xtape::num_threads());
  }
  void run_bf16() {
    using xtape::kernels::gemm;
    if (c_float) {
      gemm(ta, tb, m, n, k, a16.data(), ta ? m : k, b16.data(), tb ? k : n, c.data(), n);
    } else {
      gemm(ta, tb, m, n, k, a16.data(), ta ? m : k, b16.data(), tb ? k : n, c16.data(), n);
    }
  }
};

/// The products of layer l: its result, the gradient of its weights and, except for the first layer, of its input.
std::vector<Product> products_of(std::size_t l, std::int64_t batch) {
  const std::int64_t in = widths[l], out = widths[l + 1];
  std::vector<Product> products;
  products.emplace_back(fmt::format("{}-{} forward", in, out), false, false, false, batch, out, in);
  products.emplace_back(fmt::format("{}-{} weights' gradient", in, out), true, false, true, in, out, batch);
  if (l > 0) products.emplace_back(fmt::format("{}-{} inputs' gradient", in, out), false, true, false, batch, in, out);
  return products;
}

struct Floor {
  std::vector<Product> products;
  std::vector<float> p, g, m, v;
  explicit Floor(std::int64_t batch) {
    std::int64_t parameters = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      for (auto& product : products_of(l, batch)) products.push_back(std::move(product));
      parameters += (widths[l] + 1) * widths[l + 1];
    }
    for (auto* array : {&p, &g, &m, &v}) array->assign(static_cast<std::size_t>(parameters), 0.01f);
  }
  void step() {
    for (auto& product : products) product.run_bf16();
    xtape::kernels::adam(static_cast<std::int64_t>(p.size()), p.data(), g.data(), m.data(), v.data(), 0.001, 0.9, 0.999,
                         1e-7);
  }
};

struct Training {
  xp::Sequential model;
  xp::optimizers::Adam optimizer;
  std::vector<xp::Tensor> x, y;
  std::size_t next = 0;

  Training(const char* policy, std::int64_t batch) {
    xp::mixed_precision::set_dtype_policy(policy);
    for (std::size_t l = 1; l + 1 < widths.size(); ++l) {
      model.add(xp::layers::Dense(widths[l], {.activation = "relu"}));
    }
    model.add(xp::layers::Dense(widths.back(), {.activation = "softmax", .dtype = "float32"}));
    xp::mixed_precision::set_dtype_policy("float32");
    xp::random::Generator generator(3);
    for (int i = 0; i < 4; ++i) {
      x.push_back(generator.uniform({batch, widths[0]}));
      y.push_back(generator.uniform({batch}, 0, 10, xp::int64));
    }
  }
  void step() {
    const std::size_t i = next++ % x.size();
    xp::GradientTape tape;
    auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y[i], model(x[i], {.training = true})));
    auto gradients = tape.gradient(loss, model.trainable_variables());
    optimizer.apply_gradients(xp::zip(gradients, model.trainable_variables()));
  }
};

template <class T>
std::function<void()> step_of(std::shared_ptr<T> thing) {
  return [thing] { thing->step(); };
}

Case training(std::int64_t batch) {
  const std::string name = fmt::format("784-512-128-32-10 b{}", batch);
  std::vector<Goal> goals;
  if (batch == 1024) goals.push_back({"float32", 2.5, true});
  return {name, [name, batch, goals](const Effort& effort) {
            return compare(name, {}, goals, effort, [&](int) {
              return std::vector<Contender>{
                  {step_of(std::make_shared<Training>("mixed_bfloat16", batch)), "mixed_bfloat16"},
                  {step_of(std::make_shared<Floor>(batch)), "floor", Role::limit},
                  {step_of(std::make_shared<Training>("float32", batch)), "float32"}};
            });
          }};
}

Case product(const Product& made) {
  const std::string name = made.name + " b1024";
  return {name, [name, made](const Effort& effort) {
            const auto product = std::make_shared<Product>(made);
            return compare(name, gigaflops(product->operations()), {}, effort, [&](int) {
              return std::vector<Contender>{{[product] { product->run_bf16(); }, "bfloat16"},
                                            {[product] { product->run_float(); }, "float32"}};
            });
          }};
}

}  // namespace

Group mixed_precision_group() {
  Group group{
      "mixed_precision",
      "a training step in mixed_bfloat16; floor: its products by oneDNN, and one pass of Adam; then each product",
      {"floor", "float32"},
      {}};
  for (const std::int64_t batch : {32, 1024}) group.cases.push_back(training(batch));
  for (std::size_t l = 0; l < 2; ++l) {
    for (const auto& each : products_of(l, 1024)) group.cases.push_back(product(each));
  }
  return group;
}

}  // namespace bench
