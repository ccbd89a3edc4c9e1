#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include <xtape/base/threads.hpp>
#include <xtape/core/random.hpp>
#include <xtape/ops/map.hpp>
#include <xtape/tape/gradient_tape.hpp>

#include "groups/kernels/kernel.hpp"
#include "kernels/parallel.hpp"

namespace bench {
namespace {

using xtape::Tensor;
using Batch = xsimd::batch<float>;

struct Arrays {
  explicit Arrays(std::int64_t n)
      : size(n), a(xtape::random::uniform({n}, -1, 1)), b(xtape::random::uniform({n}, -1, 1)), dy(a + 2) {
    for (auto* out : {&y, &da, &db}) *out = xtape::detail::make_tensor({n}, xtape::float32);
  }
  std::int64_t size;
  Tensor a, b, dy, y, da, db;
};

// max(a b + 1, 0) as a plain loop, which the compiler vectorises.
struct Rectified {
  static constexpr const char* name = "max(a b + 1, 0)";
  static Tensor map(const Tensor& a, const Tensor& b) {
    return xtape::map([](auto p, auto q) { return max(p * q + 1, 0); }, a, b);
  }
  static Tensor ops(const Tensor& a, const Tensor& b) { return maximum(a * b + 1, 0); }
  static void forward(const Arrays& x, std::int64_t begin, std::int64_t end) {
    const float *a = in(x.a), *b = in(x.b);
    float* y = out(x.y);
    for (auto i = begin; i < end; ++i) y[i] = std::max(a[i] * b[i] + 1, 0.0f);
  }
  static void backward(const Arrays& x, std::int64_t begin, std::int64_t end) {
    const float *a = in(x.a), *b = in(x.b), *dy = in(x.dy);
    float *da = out(x.da), *db = out(x.db);
    for (auto i = begin; i < end; ++i) {
      const float d = a[i] * b[i] + 1 >= 0 ? dy[i] : 0;
      da[i] = d * b[i];
      db[i] = d * a[i];
    }
  }
};

// gelu(a) b, written by hand on vectors, since compilers do not vectorise the standard library's tanh.
struct GatedGelu {
  static constexpr const char* name = "gelu(a) b";
  static constexpr float scale = 0.7978845608f, cubic = 0.044715f;
  static Tensor map(const Tensor& a, const Tensor& b) {
    return xtape::map([](auto p, auto q) { return 0.5 * p * (1 + tanh(scale * (p + cubic * p * p * p))) * q; }, a, b);
  }
  static Tensor ops(const Tensor& a, const Tensor& b) {
    return 0.5 * a * (1 + tanh(scale * (a + cubic * a * a * a))) * b;
  }
  static void forward(const Arrays& x, std::int64_t begin, std::int64_t end) {
    const Batch one(1.0f), half(0.5f);
    for (auto i = begin; i < end; i += Batch::size) {
      const auto a = Batch::load_unaligned(in(x.a) + i), b = Batch::load_unaligned(in(x.b) + i);
      const Batch t = xsimd::tanh(Batch(scale) * (a + Batch(cubic) * a * a * a));
      (half * a * (one + t) * b).store_unaligned(out(x.y) + i);
    }
  }
  static void backward(const Arrays& x, std::int64_t begin, std::int64_t end) {
    const Batch one(1.0f), half(0.5f);
    for (auto i = begin; i < end; i += Batch::size) {
      const auto a = Batch::load_unaligned(in(x.a) + i), b = Batch::load_unaligned(in(x.b) + i);
      const auto dy = Batch::load_unaligned(in(x.dy) + i);
      const Batch t = xsimd::tanh(Batch(scale) * (a + Batch(cubic) * a * a * a));
      const Batch slope = (one - t) * (one + t) * Batch(scale) * (one + Batch(3 * cubic) * a * a);
      (dy * half * (one + t + a * slope) * b).store_unaligned(out(x.da) + i);
      (dy * half * a * (one + t)).store_unaligned(out(x.db) + i);
    }
  }
};

template <class Formula>
Case formula(std::int64_t size, const char* size_name, bool backward) {
  const auto name = fmt::format("{}, {}{}", Formula::name, size_name, backward ? ", backward too" : "");
  return {name, [=](const Effort& effort) {
            const auto x = std::make_shared<Arrays>(effort.smoke ? 1024 : size);
            const auto with = [&](Tensor (*f)(const Tensor&, const Tensor&)) {
              return [x, backward, f] {
                if (!backward) {
                  f(x->a, x->b);
                  return;
                }
                xtape::GradientTape tape;
                tape.watch({x->a, x->b});
                const Tensor y = f(x->a, x->b);
                tape.gradient(y, {x->a, x->b}, {.output_gradients = {x->dy}});
              };
            };
            const auto by_hand = [x, backward] {
              const auto run = [&](auto loop) {
                xtape::kernels::parallel_for(x->size, xtape::kernels::elementwise_grain,
                                             [&](std::int64_t begin, std::int64_t end) { loop(*x, begin, end); });
              };
              run(&Formula::forward);
              if (backward) run(&Formula::backward);
            };
            return compare(name, {}, {}, effort, [&](int) {
              return std::vector<Contender>{{with(&Formula::map), "map"},
                                            {by_hand, "by hand", Role::limit},
                                            {with(&Formula::ops), "separate ops", Role::rival}};
            });
          }};
}

}  // namespace

Group map_group() {
  Group group{"map", "xtape::map of a formula of two arrays", {"by hand", "separate ops"}, {}};
  const auto add = [&]<class Formula>(Formula) {
    for (const bool backward : {false, true}) {
      group.cases.push_back(formula<Formula>(10'240, "10^4", backward));
      group.cases.push_back(formula<Formula>(10'000'384, "10^7", backward));
    }
  };
  add(Rectified{});
  add(GatedGelu{});
  return group;
}

}  // namespace bench
