#include "kernels/strided.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "support/check.hpp"
#include "support/threads.hpp"

namespace {

using namespace xtape;
using namespace xtape::kernels;
using Sizes = std::vector<std::int64_t>;

std::mt19937 generator(11);

std::int64_t draw(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(generator);
}

/// Calls f(place in row-major order, sum of index * stride) for every element.
template <class F>
void for_elements(const Shape& shape, const Shape& strides, const F& f) {
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i, offset = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      offset += rest % shape[axis] * strides[axis];
      rest /= shape[axis];
    }
    f(i, offset);
  }
}

/// An array in memory, read in another order: axes permuted, cut, reversed and broadcast.
struct View {
  Shape shape, strides;
  std::int64_t offset = 0;
  std::int64_t elements = 1;  ///< of the memory
};

View random_view() {
  const int rank = static_cast<int>(draw(0, 5));
  Sizes memory, sizes, strides;
  for (int i = 0; i < rank; ++i) memory.push_back(draw(0, 20) == 0 ? 1 : draw(1, 9));
  View view;
  for (const auto size : memory) view.elements *= size;
  std::vector<int> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), generator);
  for (const int axis : order) {
    const auto k = static_cast<std::size_t>(axis);
    std::int64_t stride = 1;
    for (std::size_t inner = k + 1; inner < memory.size(); ++inner) stride *= memory[inner];
    switch (draw(0, 5)) {
      case 0:  // a part
        sizes.push_back(draw(1, memory[k]));
        view.offset += draw(0, memory[k] - sizes.back()) * stride;
        strides.push_back(stride);
        break;
      case 1:  // backwards
        sizes.push_back(memory[k]);
        view.offset += (memory[k] - 1) * stride;
        strides.push_back(-stride);
        break;
      case 2:  // the first one again and again
        sizes.push_back(draw(1, 5));
        strides.push_back(0);
        break;
      default:
        sizes.push_back(memory[k]);
        strides.push_back(stride);
    }
  }
  view.shape = Shape(sizes);
  view.strides = Shape(strides);
  return view;
}

/// For each test array, an unsigned type of the size of its elements.
template <class T>
void check_copy(DType dtype, const View& view) {
  std::vector<T> memory(static_cast<std::size_t>(view.elements));
  std::iota(memory.begin(), memory.end(), T(1));
  std::vector<T> out(static_cast<std::size_t>(view.shape.numel()) + 1, T(0));
  strided_copy(dtype, view.shape, memory.data() + view.offset, view.strides, out.data());
  bool equal = out.back() == 0;
  for_elements(view.shape, view.strides, [&](std::int64_t i, std::int64_t offset) {
    equal = equal && out[static_cast<std::size_t>(i)] == memory[static_cast<std::size_t>(view.offset + offset)];
  });
  INFO("shape ", view.shape.str(), " strides ", view.strides.str());
  CHECK(equal);
}

void check_store(const View& view) {
  std::vector<std::int32_t> in(static_cast<std::size_t>(view.shape.numel()));
  std::iota(in.begin(), in.end(), 1);
  std::vector<std::int32_t> memory(static_cast<std::size_t>(view.elements), 0), expected = memory;
  strided_store(int32, view.shape, in.data(), memory.data() + view.offset, view.strides);
  for_elements(view.shape, view.strides, [&](std::int64_t i, std::int64_t offset) {
    expected[static_cast<std::size_t>(view.offset + offset)] = in[static_cast<std::size_t>(i)];
  });
  INFO("shape ", view.shape.str(), " strides ", view.strides.str());
  CHECK(memory == expected);
}

bool repeats(const View& view) {
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    if (view.strides[axis] == 0 && view.shape[axis] > 1) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("strided: strides of contiguous and of broadcast arrays") {
  CHECK(contiguous_strides({2, 3, 4}) == Shape{12, 4, 1});
  CHECK(contiguous_strides({}) == Shape{});
  CHECK(broadcast_strides({3, 1}, {2, 3, 4}) == Shape{0, 1, 0});
  CHECK(broadcast_strides({}, {2, 3}) == Shape{0, 0});
  CHECK(broadcast_strides({2, 3}, {2, 3}) == Shape{3, 1});
  CHECK(broadcast_strides({2, 1, 4}, {2, 5, 4}) == Shape{4, 0, 1});
}

TEST_CASE("strided: axes are merged where all arrays continue") {
  const Shape shape{2, 3, 4};
  const auto whole = make_iteration<2>(shape, {contiguous_strides(shape), contiguous_strides(shape)});
  CHECK(whole.inner == 24);
  CHECK(whole.rows == 1);
  CHECK(whole.outer.rank() == 0);
  const auto row = make_iteration<2>(shape, {contiguous_strides(shape), broadcast_strides({4}, shape)});
  CHECK(row.inner == 4);
  CHECK(row.rows == 6);
  CHECK(row.outer == Shape{6});
  CHECK(row.outer_strides[0] == Shape{4});
  CHECK(row.outer_strides[1] == Shape{0});
  const auto column = make_iteration<1>(shape, {broadcast_strides({2, 1, 1}, shape)});
  CHECK(column.inner == 12);
  CHECK(column.inner_stride[0] == 0);
  CHECK(column.rows == 2);
  // Axes of size 1 do not count, nor do their strides.
  const auto ones = make_iteration<1>({1, 5, 1}, {Shape{77, 1, 99}});
  CHECK(ones.inner == 5);
  CHECK(ones.rows == 1);
  const auto scalar = make_iteration<1>({}, {Shape{}});
  CHECK(scalar.inner == 1);
  CHECK(scalar.rows == 1);
}

TEST_CASE("strided: rows may be begun anywhere") {
  const Shape shape{3, 4, 5}, strides{1, 15, 3};
  const auto it = make_iteration<1>(shape, {strides});
  std::vector<std::int64_t> all, parts;
  it.for_rows(0, it.rows, [&](std::int64_t, const auto& offset) { all.push_back(offset[0]); });
  for (std::int64_t row = 0; row < it.rows; row += 5) {
    it.for_rows(row, std::min(it.rows, row + 5), [&](std::int64_t r, const auto& offset) {
      CHECK(r == static_cast<std::int64_t>(parts.size()));
      parts.push_back(offset[0]);
    });
  }
  CHECK(all == parts);
}

TEST_CASE("strided: copies of random views equal element by element copies") {
  for (int i = 0; i < 400; ++i) {
    const View view = random_view();
    check_copy<std::uint8_t>(uint8, view);
    check_copy<std::uint16_t>(bfloat16, view);
    check_copy<std::uint32_t>(float32, view);
    check_copy<std::uint64_t>(int64, view);
  }
}

TEST_CASE("strided: stores into random views equal element by element stores") {
  int stored = 0;
  while (stored < 400) {
    const View view = random_view();
    if (repeats(view)) continue;
    check_store(view);
    ++stored;
  }
}

TEST_CASE("strided: large transposes and broadcasts, from one thread and from two") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    const testing::Threads guard(threads);
    // Neither side a multiple of the block, and enough elements for two threads.
    check_copy<std::uint32_t>(float32, {{517, 301}, {1, 517}, 0, 517 * 301});
    check_copy<std::uint8_t>(boolean, {{517, 301}, {1, 517}, 0, 517 * 301});
    check_copy<std::uint64_t>(float64, {{11, 301, 97}, {1, 11 * 97, 11}, 0, 11 * 301 * 97});
    check_copy<std::uint32_t>(int32, {{301, 517}, {0, 1}, 0, 517});
    check_copy<std::uint32_t>(int32, {{301, 517}, {1, 0}, 0, 301});
    check_copy<std::uint16_t>(bfloat16, {{200000}, {-1}, 199999, 200000});
    check_store({{517, 301}, {1, 517}, 0, 517 * 301});
    check_store({{301, 500}, {517, 1}, 17, 301 * 517});
  }
}

TEST_CASE("strided: nothing is written for no elements") {
  std::vector<float> memory(4, 1.0f);
  strided_copy(float32, {0, 2}, nullptr, {2, 1}, memory.data());
  strided_copy(float32, {2, 0}, nullptr, {0, 1}, memory.data());
  strided_store(float32, {3, 0, 2}, nullptr, memory.data(), {2, 2, 1});
  CHECK(memory == std::vector<float>(4, 1.0f));
}

TEST_CASE("strided: twenty axes") {
  std::vector<std::int64_t> sizes(20, 1), strides(20, 0);
  for (const std::size_t axis : {3, 9, 15, 19}) sizes[axis] = 3;
  strides[3] = 1;
  strides[9] = 3;
  strides[15] = 9;
  strides[19] = 27;
  check_copy<std::uint32_t>(float32, {Shape(sizes), Shape(strides), 0, 81});
}
