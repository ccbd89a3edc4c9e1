#include "kernels/conv.hpp"

#include <cmath>
#include <vector>

#include "kernels/conv_onednn.hpp"
#include "kernels/conv_products.hpp"
#include "support/check.hpp"

// Compares the implementations of convolutions: oneDNN, matrix products, loops along the channels.
namespace xtape::kernels {
namespace {

using List = std::vector<float>;

Conv problem(std::int64_t side, std::int64_t window, std::int64_t stride, std::int64_t dilation, std::int64_t in,
             std::int64_t out, std::int64_t groups) {
  Conv c{.batch = 3, .in_channels = in, .out_channels = out, .groups = groups};
  const std::int64_t places = (side + stride - 1) / stride;
  const std::int64_t span = (window - 1) * dilation + 1;
  c.height = {.in = side,
              .out = places,
              .size = window,
              .stride = stride,
              .dilation = dilation,
              .before = std::max<std::int64_t>((places - 1) * stride + span - side, 0) / 2};
  c.width = c.height;
  return c;
}

const std::vector<Conv> problems{
    problem(28, 5, 1, 1, 1, 32, 1), problem(14, 5, 1, 1, 32, 64, 1), problem(9, 3, 2, 1, 16, 16, 1),
    problem(9, 3, 1, 2, 5, 7, 1),   problem(7, 1, 1, 1, 24, 40, 1),  problem(8, 3, 1, 1, 32, 32, 32),
    problem(8, 3, 2, 1, 4, 12, 4),  problem(8, 3, 1, 1, 8, 6, 2),
};

/// Small whole numbers, whose sums of products are exact in any order.
List numbers(std::int64_t count, int step) {
  List values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i * step % 7 - 3));
  return values;
}

}  // namespace

TEST_CASE("conv kernels: each way gives the same sums") {
  for (const Conv& c : problems) {
    const List x = numbers(c.in_size(), 3), w = numbers(c.filter_size(), 5), dy = numbers(c.out_size(), 4),
               bias = numbers(c.out_channels, 2);
    List y(dy.size()), dx(x.size()), dw(w.size()), db(bias.size());
    List y2(dy.size()), dx2(x.size()), dw2(w.size()), db2(bias.size());
    const auto check = [&] {
      CHECK(y == y2);
      CHECK(dx == dx2);
      CHECK(dw == dw2);
      CHECK(db == db2);
    };
    conv2d_by_products(c, x.data(), w.data(), bias.data(), true, y.data());
    conv2d_backprop_input_by_products(c, dy.data(), w.data(), dx.data());
    conv2d_backprop_filter_by_products(c, x.data(), dy.data(), dw.data(), db.data());
    conv2d(c, x.data(), w.data(), bias.data(), true, y2.data());
    conv2d_backprop_input(c, dy.data(), w.data(), dx2.data());
    conv2d_backprop_filter(c, x.data(), dy.data(), dw2.data(), db2.data());
    check();
    if (c.groups != c.in_channels || c.groups == 1) continue;
    depthwise_conv2d_by_loops(c, x.data(), w.data(), bias.data(), true, y2.data());
    depthwise_conv2d_backprop_input_by_loops(c, dy.data(), w.data(), dx2.data());
    depthwise_conv2d_backprop_filter_by_loops(c, x.data(), dy.data(), dw2.data());
    check();
  }
}

TEST_CASE("conv kernels: oneDNN takes the usual problems where it is there, with and without bias and relu") {
  if (!has_onednn()) {
    const Conv& c = problems[0];
    const List none(static_cast<std::size_t>(c.in_size()));
    CHECK_FALSE(onednn_conv2d(c, none.data(), none.data(), nullptr, false, nullptr));
    return;
  }
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx512bw")) return;  // oneDNN may have no fast code for other processors
#endif
  for (const Conv& c : {problems[0], problems[1], problems[2], problems[4], problems[5]}) {
    const List x = numbers(c.in_size(), 3), w = numbers(c.filter_size(), 5), dy = numbers(c.out_size(), 4),
               bias = numbers(c.out_channels, 2);
    List y(dy.size()), dx(x.size()), dw(w.size()), db(bias.size());
    for (const bool with : {false, true}) {
      const float* const b = with ? bias.data() : nullptr;
      CHECK(onednn_conv2d(c, x.data(), w.data(), b, with, y.data()));
      CHECK(onednn_conv2d_backprop_filter(c, x.data(), dy.data(), dw.data(), with ? db.data() : nullptr));
    }
    CHECK(onednn_conv2d_backprop_input(c, dy.data(), w.data(), dx.data()));
  }
}

}  // namespace xtape::kernels
