#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <new>

#include <unistd.h>

#include "ops/table.hpp"
#include "xtape/xtape.hpp"

// Absurd sizes, axes and numbers: they only throw errors of xtape, and nothing hangs.
using namespace xtape;
using xtape::testing::some;

namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
// Sizes that are either quick or too large for any memory.
const std::vector<std::int64_t> numbers = {least,
                                           least + 1,
                                           -(std::int64_t{1} << 62),
                                           -5,
                                           -1,
                                           0,
                                           1,
                                           2,
                                           most,
                                           most - 1,
                                           std::int64_t{1} << 62,
                                           std::int64_t{1} << 60,
                                           5,
                                           std::int64_t{1} << 54};
const std::vector<int> axes = {INT_MIN, INT_MIN + 1, -5, -1, 0, 1, 2, 5, INT_MAX};

char now[200];  ///< the current call
void hangs(int) {
  static_cast<void>(!write(2, now, sizeof now));
  static_cast<void>(!write(2, " hangs\n", 7));
  _exit(1);
}

/// Calls f, and reports exceptions that are not xtape's.
void call(const std::string& what, const std::function<void()>& f) {
  std::snprintf(now, sizeof now, "%s", what.c_str());
  alarm(120);
  try {
    f();
  } catch (const Error&) {
  } catch (const std::exception& error) {
    FAIL_CHECK(what << " throws " << typeid(error).name() << ": " << error.what());
  }
  alarm(0);
}

struct Alarm {
  Alarm() : before(std::signal(SIGALRM, hangs)) {}
  ~Alarm() {
    alarm(0);
    std::signal(SIGALRM, before);
  }
  void (*before)(int);
};

/// An op of a tensor and a number, or of two numbers; its gradient is asked for as well.
struct Row {
  const char* name;
  std::function<Tensor(const Tensor& x, std::int64_t a, std::int64_t b)> f;
  bool two = false;
};

const std::vector<Row> rows = {
    {"zeros",
     [](const Tensor&, auto a, auto b) {
       return zeros({a, b}, uint8);
     },
     true},
    {"eye", [](const Tensor&, auto a, auto b) { return eye(a, b); }, true},
    {"linspace", [](const Tensor&, auto a, auto) { return linspace(0, 1, a); }},
    {"arange", [](const Tensor&, auto a, auto b) { return arange(a, b, most / 2); }, true},
    {"one_hot",
     [](const Tensor&, auto a, auto) {
       return one_hot(constant({0, 1}), a);
     }},
    {"reshape",
     [](const Tensor& x, auto a, auto b) {
       return reshape(x, {a, b});
     },
     true},
    {"reshape3",
     [](const Tensor& x, auto a, auto b) {
       return reshape(x, {a, b, 0});
     },
     true},
    {"broadcast_to",
     [](const Tensor& x, auto a, auto b) {
       return broadcast_to(x, {a, b});
     },
     true},
    {"broadcast_to3",
     [](const Tensor& x, auto a, auto b) {
       return broadcast_to(x, {a, b, x.shape(-1)});
     },
     true},
    {"tile",
     [](const Tensor& x, auto a, auto b) {
       return tile(x, {a, b});
     },
     true},
    {"repeat", [](const Tensor& x, auto a, auto) { return repeat(x, a, 0); }},
    {"repeat1", [](const Tensor& x, auto a, auto) { return repeat(x, a, 1); }},
    {"repeats",
     [](const Tensor& x, auto a, auto b) {
       return repeat(x, {a, b}, 0);
     },
     true},
    {"roll", [](const Tensor& x, auto a, auto) { return roll(x, a, 0); }},
    {"rolls",
     [](const Tensor& x, auto a, auto b) {
       return roll(x, {a, b}, {0, 1});
     },
     true},
    {"slice",
     [](const Tensor& x, auto a, auto b) {
       return slice(x, {a, 0}, {b, 1});
     },
     true},
    {"slice_axis", [](const Tensor& x, auto a, auto b) { return slice_axis(x, 0, a, b); }, true},
    {"strided_slice",
     [](const Tensor& x, auto a, auto b) {
       return strided_slice(x, {a, 0}, {b, 1}, {b, 1});
     },
     true},
    {"index", [](const Tensor& x, auto a, auto b) { return index(x, {Slice(a, b, a)}); }, true},
    {"split", [](const Tensor& x, auto a, auto) { return split(x, a)[0]; }},
    {"splits",
     [](const Tensor& x, auto a, auto b) {
       return split(x, {a, b})[0];
     },
     true},
    {"pad",
     [](const Tensor& x, auto a, auto b) {
       return pad(x, {{a, b}, {0, 0}});
     },
     true},
    {"pad reflect",
     [](const Tensor& x, auto a, auto b) {
       return pad(x, {{a, b}, {0, 0}}, {.mode = "reflect"});
     },
     true},
    {"tril", [](const Tensor& x, auto a, auto) { return tril(x, a); }},
    {"triu", [](const Tensor& x, auto a, auto) { return triu(x, a); }},
    {"band_part", [](const Tensor& x, auto a, auto b) { return linalg::band_part(x, a, b); }, true},
    {"diag", [](const Tensor& x, auto a, auto) { return linalg::diag(x, a); }},
    {"diag_part", [](const Tensor& x, auto a, auto) { return linalg::diag_part(x, a); }},
    {"top_k", [](const Tensor& x, auto a, auto) { return top_k(x, a).values; }},
    {"scatter_nd",
     [](const Tensor& x, auto a, auto b) {
       return scatter_nd(constant({{0}, {1}}), x, {a, b});
     },
     true},
    {"gather",
     [](const Tensor& x, auto a, auto b) {
       return gather(x, constant(std::vector<std::int64_t>{a, b}));
     },
     true},
    {"categorical", [](const Tensor& x, auto a, auto) { return random::categorical(x, a); }},
    {"uniform",
     [](const Tensor&, auto a, auto b) {
       return random::uniform({a, b});
     },
     true},
    {"permutation", [](const Tensor&, auto a, auto) { return random::permutation(a); }},
    {"max_pool1d", [](const Tensor& x, auto a, auto b) { return nn::max_pool1d(expand_dims(x, 0), a, {.strides = b}); },
     true},
    {"avg_pool1d same",
     [](const Tensor& x, auto a, auto b) {
       return nn::avg_pool1d(expand_dims(x, 0), a, {.strides = b, .padding = "same"});
     },
     true},
    {"conv1d",
     [](const Tensor& x, auto a, auto b) {
       return nn::conv1d(expand_dims(x, 0), ones({2, x.shape(1), 1}), {.strides = a, .dilations = b});
     },
     true},
    {"conv1d same",
     [](const Tensor& x, auto a, auto b) {
       return nn::conv1d(expand_dims(x, 0), ones({2, x.shape(1), 1}),
                         {.strides = a, .padding = "same", .dilations = b});
     },
     true},
    {"conv2d_transpose",
     [](const Tensor& x, auto a, auto b) {
       return nn::conv2d_transpose(reshape(x, {1, x.shape(0), x.shape(1), 1}), ones({2, 2, 1, 1}),
                                   {.strides = {a, b}, .padding = "same"});
     },
     true},
    {"resize",
     [](const Tensor& x, auto a, auto b) {
       return image::resize(reshape(x, {1, x.shape(0), x.shape(1), 1}), {a, b});
     },
     true},
};

}  // namespace

TEST_CASE("absurd numbers: only errors of xtape come out of ops and their gradients, and nothing hangs") {
  const Alarm alarm;
  for (const Shape& shape : {Shape{2, 3}, Shape{0, 3}, Shape{1, 0}}) {
    const Tensor x = shape.numel() == 0 ? zeros(shape) : some(shape, float32);
    for (const auto& row : rows) {
      for (const auto a : numbers) {
        for (const auto b : row.two ? numbers : std::vector<std::int64_t>{0}) {
          call(fmt::format("{}({}, {}, {})", row.name, shape, a, b), [&] {
            GradientTape tape;
            tape.watch(x);
            const Tensor y = row.f(x, a, b);
            if (is_floating(y.dtype())) tape.gradient(y, x);
          });
        }
      }
    }
  }
}

TEST_CASE("absurd axes: only errors of xtape come out, and nothing hangs") {
  const Alarm alarm;
  const Tensor x = some({2, 3}, float32);
  const std::vector<std::pair<const char*, std::function<Tensor(int)>>> ops = {
      {"expand_dims", [&](int a) { return expand_dims(x, a); }},
      {"squeeze", [&](int a) { return squeeze(x, a); }},
      {"swapaxes", [&](int a) { return swapaxes(x, a, 0); }},
      {"moveaxis", [&](int a) { return moveaxis(x, 0, a); }},
      {"transpose",
       [&](int a) {
         return transpose(x, {a, 0});
       }},
      {"concat",
       [&](int a) {
         return concat({x, x}, a);
       }},
      {"stack",
       [&](int a) {
         return stack({x, x}, a);
       }},
      {"unstack", [&](int a) { return unstack(x, a)[0]; }},
      {"split", [&](int a) { return split(x, 1, a)[0]; }},
      {"gather", [&](int a) { return gather(x, constant({0}), a); }},
      {"gather batch_dims",
       [&](int a) {
         return gather(x, zeros({2, 1}, int64), 1, a);
       }},
      {"reverse", [&](int a) { return reverse(x, {a}); }},
      {"roll", [&](int a) { return roll(x, 1, a); }},
      {"repeat", [&](int a) { return repeat(x, 2, a); }},
      {"boolean_mask", [&](int a) { return boolean_mask(x, ones({2}, boolean), a); }},
      {"reduce_sum", [&](int a) { return reduce_sum(x, a); }},
      {"reduce_sum twice",
       [&](int a) {
         return reduce_sum(x, {a, a});
       }},
      {"reduce_mean", [&](int a) { return reduce_mean(x, a); }},
      {"reduce_logsumexp", [&](int a) { return reduce_logsumexp(x, a); }},
      {"argmax", [&](int a) { return argmax(x, a); }},
      {"cumsum", [&](int a) { return cumsum(x, a); }},
      {"sort", [&](int a) { return sort(x, a); }},
      {"softmax", [&](int a) { return nn::softmax(x, a); }},
      {"tensordot", [&](int a) { return tensordot(x, transpose(x), a); }},
      {"layer_norm", [&](int a) { return nn::layer_norm(x, {}, {}, {.axes = a}); }},
      {"polygamma", [&](int a) { return polygamma(a, x); }},
      {"shape", [&](int a) { return Tensor(x.shape(a) + x.shape()[a]); }},
  };
  for (const auto& [name, f] : ops) {
    for (const int axis : axes) {
      call(fmt::format("{}({})", name, axis), [&, &f = f] { f(axis); });
    }
  }
}

TEST_CASE("absurd shapes without elements are quick") {
  const Alarm alarm;
  constexpr std::int64_t many = std::int64_t{1} << 60;
  const Tensor x = zeros({many, 0});
  const Tensor y = zeros({1, 0});
  CHECK(broadcast_to(y, {many, 0}).shape() == Shape{many, 0});
  CHECK(tile(y, {many, 3}).shape() == Shape{many, 0});
  CHECK(repeat(y, many, 0).shape() == Shape{many, 0});
  CHECK(reduce_sum(x, 0).shape() == Shape{0});
  CHECK(tile(zeros({0}), {most}).shape() == Shape{0});
  CHECK_THROWS_TEXT(ValueError, "their product must fit", broadcast_to(y, {std::int64_t{1} << 62, 4, 0}));
  CHECK_THROWS_TEXT(ValueError, "their product must fit", zeros({0, most, 2}));
  CHECK_THROWS_TEXT(ValueError, "[split] expected at most 16777216 parts", split(zeros({0}), many));
  CHECK_THROWS_TEXT(ValueError, "[repeat] numbers of repetitions whose sum does not fit",
                    repeat(zeros({2}), {most, most}, 0));
}
