#include "xtape/core/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/convert.hpp"
#include "core/element_access.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/format.hpp"
#include "xtape/core/tensor_list.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

using namespace xtape;

namespace {

template <class T, class U = Tensor>
concept HasData = requires(U u) {
  std::forward<U>(u).template data<T>();
};

}  // namespace

TEST_CASE("tensor: copies are handles on one memory") {
  const Tensor a = constant({1.0, 2.0, 3.0});
  Tensor b = a;
  CHECK(b.is_same(a));
  CHECK(b.data<float>().data() == a.data<float>().data());
  Tensor c = std::move(b);
  CHECK(c.is_same(a));
  CHECK_FALSE(b.defined());
  b = c;
  c = constant({4.0});
  CHECK(b.is_same(a));
  CHECK_FALSE(c.is_same(a));
  Tensor& self = b;
  b = self;
  CHECK_TENSOR_EQ(b, constant({1.0, 2.0, 3.0}));
}

TEST_CASE("tensor: a default-constructed one is empty and says so") {
  const Tensor none;
  CHECK_FALSE(none);
  CHECK_FALSE(none.defined());
  CHECK(none.is_same(Tensor()));
  const char* text = "[Tensor] the tensor is empty";
  CHECK_THROWS_TEXT(ValueError, text, none.shape());
  CHECK_THROWS_TEXT(ValueError, text, none.shape(0));
  CHECK_THROWS_TEXT(ValueError, text, none.rank());
  CHECK_THROWS_TEXT(ValueError, text, none.size());
  CHECK_THROWS_TEXT(ValueError, text, none.dtype());
  CHECK_THROWS_TEXT(ValueError, text, none.data<float>());
  CHECK_THROWS_TEXT(ValueError, text, none.to_vector<float>());
  CHECK_THROWS_TEXT(ValueError, text, none.item());
  CHECK_THROWS_TEXT(ValueError, text, none.item<int>());
}

TEST_CASE("tensor: a bool of one element is its value, as in NumPy") {
  const Tensor loss(2.0), best(3.0);
  CHECK((loss < best));
  CHECK_FALSE((best < loss));
  CHECK((best < loss ? 1 : 2) == 2);
  CHECK((loss < best && best > loss));
  CHECK_FALSE((best < loss || best == loss));
  CHECK(!(best < loss));
  CHECK(constant({{true}}));
  CHECK_FALSE(constant({{{false}}}));
  CHECK(Tensor(true));
  CHECK_FALSE(Tensor(false));
  // What asks by itself.
  CHECK(std::min(best, loss).is_same(loss));
  CHECK(std::max(loss, best).is_same(best));
  CHECK(std::clamp(Tensor(5.0), loss, best).item() == 3);
  const Variable v(constant(2.0));
  CHECK((v < best));
  CHECK_FALSE((v > best));
}

TEST_CASE("tensor: several bools, none, and other dtypes have no truth") {
  const char* several =
      "[Tensor.operator bool] the truth of a tensor of 2 elements is ambiguous: use reduce_any or "
      "reduce_all (shape (2,)";
  const Tensor a = constant({1.0, 2.0}), b = constant({1.0, 3.0});
  CHECK_THROWS_TEXT(ValueError, several, static_cast<bool>(a == b));
  CHECK_THROWS_TEXT(ValueError, several, a < b ? 1 : 2);
  CHECK_THROWS_TEXT(ValueError, "a tensor of 0 elements is ambiguous", !zeros({0}, boolean));
  CHECK_THROWS_TEXT(ValueError, several, std::min(a, b));
  CHECK(reduce_any(a == b));
  CHECK_FALSE(reduce_all(a == b));
  for (const DType dtype : {float32, float64, bfloat16, int32, int64, uint8}) {
    const std::string text = fmt::format(
        "[Tensor.operator bool] a {} tensor of shape () is neither true nor false: ask t.defined() whether there is a "
        "tensor, or compare it, as in t != 0",
        dtype);
    CHECK_THROWS_TEXT(TypeError, text.c_str(), !ones({}, dtype));
    CHECK_THROWS_TEXT(TypeError, text.c_str(), !zeros({}, dtype));
    CHECK((ones({}, dtype) != 0));
    CHECK_FALSE((zeros({}, dtype) != 0));
  }
}

TEST_CASE("tensor: what a temporary gives is not a part of it") {
  const auto made = [] { return zeros({2, 3}); };
  std::vector<std::int64_t> sizes;
  for (const auto size : made().shape()) sizes.push_back(size);
  CHECK(sizes == std::vector<std::int64_t>{2, 3});
  const auto variable = [] { return Variable(constant(3.0), {.name = "w"}); };
  const Tensor& value = variable().value();
  const std::string& name = variable().name();
  CHECK_CLOSE(value, 3.0);
  CHECK(name == "w");
  const auto list = [] { return TensorList(constant(4.0)); };
  const Tensor& converted = list();
  const Tensor& only = list().only();
  const Tensor other = constant(9.0);  // where the temporary was
  CHECK_CLOSE(converted, 4.0);
  CHECK_CLOSE(only, 4.0);
  CHECK_CLOSE(other, 9.0);
}

TEST_CASE("tensor: shape, rank, size and dtype") {
  const Tensor t = zeros({2, 3, 4}, int32);
  CHECK(t.shape() == Shape{2, 3, 4});
  CHECK(t.shape(1) == 3);
  CHECK(t.shape(-1) == 4);
  CHECK(t.rank() == 3);
  CHECK(t.size() == 24);
  CHECK(t.dtype() == int32);
  CHECK_THROWS_TEXT(IndexError, "axis 3 is outside a tensor of rank 3", t.shape(3));
}

TEST_CASE("tensor: data and to_vector give the elements in row-major order, of the right type only") {
  const Tensor t = constant({{1.0, 2.0}, {3.0, 4.0}});
  CHECK(t.data<float>().size() == 4);
  CHECK(t.data<float>()[2] == 3);
  CHECK(t.to_vector<float>() == std::vector<float>{1, 2, 3, 4});
  CHECK((t + 1).to_vector<float>() == std::vector<float>{2, 3, 4, 5});
  CHECK_THROWS_TEXT(TypeError, "[Tensor.data] the tensor is float32, not float64", t.data<double>());
  CHECK_THROWS_TEXT(TypeError, "the tensor is float32, not int32", t.to_vector<std::int32_t>());
  CHECK_THROWS_TEXT(TypeError, "the tensor is bool, not uint8", constant({true}).to_vector<std::uint8_t>());
  // Of a temporary, the span would outlive its memory.
  static_assert(HasData<float, const Tensor&> && !HasData<float, Tensor>);
}

TEST_CASE("tensor: reshapes and slices along axis 0 share the elements and keep them alive") {
  Tensor t = reshape(arange(12.0), {4, 3});
  const float* first = t.data<float>().data();
  const Tensor row = slice_axis(t, 0, 2, 1), flat = reshape(row, {3}), whole = flatten(t);
  const Tensor twice = slice_axis(slice_axis(t, 0, 1, 3), 0, 1, 1), column = slice_axis(t, 1, 0, 1);
  CHECK(row.data<float>().data() == first + 6);
  CHECK(flat.data<float>().data() == first + 6);
  CHECK(whole.data<float>().data() == first);
  CHECK(twice.data<float>().data() == first + 6);
  CHECK_FALSE(column.data<float>().data() == first);
  t = Tensor();
  CHECK_TENSOR_EQ(flat, constant({6.0, 7.0, 8.0}));
}

TEST_CASE("tensor: more axes than fit into the object") {
  const Tensor t = reshape(arange(1024), {2, 2, 2, 2, 2, 2, 2, 2, 2, 2});
  CHECK(t.rank() == 10);
  CHECK(t.shape(-1) == 2);
  const Tensor copy = t, back = reshape(transpose(transpose(copy)), {1024});
  CHECK_TENSOR_EQ(back, arange(1024));
  // Reversed axes: bit i of a place becomes bit 9 - i.
  CHECK(transpose(t).to_vector<std::int32_t>()[1] == 512);
  CHECK(transpose(t).to_vector<std::int32_t>()[3] == 768);
}

TEST_CASE("tensor: no elements") {
  for (const Shape& shape : {Shape{0}, Shape{3, 0}, Shape{0, 3}}) {
    const Tensor t = zeros(shape);
    CHECK(t.defined());
    CHECK(t.size() == 0);
    CHECK(t.to_vector<float>().empty());
    CHECK((t + 1).shape() == shape);
    CHECK(reshape(t, {-1, 1}).shape() == Shape{0, 1});
    CHECK_THROWS_TEXT(ValueError, "[Tensor.item] expected a tensor with one element: shape", t.item());
  }
}

TEST_CASE("tensor: item converts the one element") {
  CHECK(constant(2.5).item() == 2.5);
  CHECK(constant({{2.5}}).item<float>() == 2.5f);
  CHECK(constant(-2.5).item<int>() == -2);
  CHECK(constant(7, uint8).item<std::int64_t>() == 7);
  CHECK(constant(true).item<bool>());
  CHECK(constant(true).item<int>() == 1);
  CHECK(constant(0.5).item<bool>());
  CHECK_FALSE(constant(0, int64).item<bool>());
  CHECK(constant(1.5, bfloat16).item() == 1.5);
  CHECK(std::isnan(constant(std::nan("")).item()));
  // Every bit of an int64 arrives, which a double would not hold.
  const std::int64_t large = (std::int64_t{1} << 62) + 1;
  CHECK(constant(large, int64).item<std::int64_t>() == large);
  CHECK(constant(INT64_MIN, int64).item<std::int64_t>() == INT64_MIN);
  CHECK(constant(INT64_MAX, int64).item<std::uint64_t>() == INT64_MAX);
  CHECK_THROWS_TEXT(ValueError, "[Tensor.item] expected a tensor with one element: shape (2,)", zeros({2}).item());
  CHECK_THROWS_TEXT(ValueError, "shape (2,)", zeros({2}, int64).item<int>());
}

TEST_CASE("tensor: item of an integer type that cannot hold the value is an error") {
  const char* text = "does not fit into the integer type asked for";
  CHECK_THROWS_TEXT(ValueError, "[Tensor.item] 300 does not fit", constant(300).item<std::uint8_t>());
  CHECK_THROWS_TEXT(ValueError, text, constant(-1).item<std::size_t>());
  CHECK_THROWS_TEXT(ValueError, text, constant(std::int64_t{1} << 31, int64).item<int>());
  CHECK_THROWS_TEXT(ValueError, text, constant(1e10).item<int>());
  CHECK_THROWS_TEXT(ValueError, text, constant(1e19).item<std::int64_t>());
  CHECK_THROWS_TEXT(ValueError, text, constant(std::nan("")).item<int>());
  CHECK_THROWS_TEXT(ValueError, text, constant(-INFINITY).item<std::int64_t>());
  CHECK(constant(255).item<std::uint8_t>() == 255);
}

TEST_CASE("tensor: a plain number takes the dtype of what it is combined with") {
  const Tensor f = constant({1.0, 2.0}), d = constant({1.0, 2.0}, float64), i = constant({1, 2}),
               h = constant({1.0, 2.0}, bfloat16), u = constant({1, 2}, uint8), l = constant({1, 2}, int64);
  for (const Tensor& t : {f, d, i, h, u, l}) {
    CAPTURE(name(t.dtype()));
    CHECK((t * 2).dtype() == t.dtype());
    CHECK((2 + t).dtype() == t.dtype());
    CHECK_CLOSE(t * 2 - 1, {1.0, 3.0});
  }
  CHECK((f * 2.5).dtype() == float32);
  // Not rounded to float32 on the way to float64.
  CHECK_CLOSE(d * 0.1, {0.1, 0.2}, 1e-16);
  CHECK_CLOSE(d + 16777217, {16777218.0, 16777219.0}, 0);
  CHECK_THROWS_TEXT(TypeError, "dtypes differ: int32 and float32", i * 0.5);
  CHECK_THROWS_TEXT(TypeError, "dtypes differ: float32 and float64", f + d);
}

TEST_CASE("tensor: a plain number alone") {
  CHECK(Tensor(2).dtype() == int32);
  CHECK(Tensor(2.0).dtype() == float32);
  CHECK(Tensor(2.0f).dtype() == float32);
  CHECK(Tensor(true).dtype() == boolean);
  CHECK(Tensor(std::int64_t{2}).dtype() == int32);
  CHECK(Tensor(std::int64_t{1} << 40).dtype() == int64);
  CHECK(Tensor(3000000000u).dtype() == int64);
  CHECK(Tensor(3000000000u).item<std::int64_t>() == 3000000000);
  CHECK(Tensor(2.5).shape() == Shape{});
  CHECK((Tensor(2) * 0.25).dtype() == float32);
  CHECK((Tensor(2) * 0.25).item() == 0.5);
  CHECK_THROWS_TEXT(ValueError, "[Tensor] the number 18446744073709551615 does not fit into int64",
                    Tensor(std::numeric_limits<std::uint64_t>::max()));
}

TEST_CASE("tensor: a large integer number keeps all its digits beside int64") {
  const std::int64_t large = (std::int64_t{1} << 53) + 1;  // no double
  CHECK_TENSOR_EQ(constant({0, 1}, int64) + large, constant({large, large + 1}, int64));
  CHECK(cast(Tensor(large), int64).item<std::int64_t>() == large);
}

TEST_CASE("tensor: elements begin at a multiple of 64 bytes") {
  for (const std::int64_t n : {2, 3, 17, 1000}) {
    CHECK(reinterpret_cast<std::uintptr_t>(detail::ElementAccess::of(zeros({n, 8}))) % 64 == 0);
  }
  CHECK(reinterpret_cast<std::uintptr_t>(detail::ElementAccess::of(constant(1.0, float64))) % alignof(double) == 0);
}

TEST_CASE("tensor: sizes that are negative or do not fit are errors") {
  const char* text = "[Tensor] sizes must not be negative and their product must fit: ";
  CHECK_THROWS_TEXT(ValueError, text, zeros({2, -1}));
  CHECK_THROWS_TEXT(ValueError, text, zeros({std::int64_t{1} << 32, std::int64_t{1} << 32}));
  CHECK_THROWS_TEXT(ValueError, text, zeros({std::int64_t{1} << 61}, float64));
}

TEST_CASE("tensor: uniqueness, which permits writing in place") {
  const Tensor t = ones({3});
  CHECK(detail::is_unique(t));
  {
    const Tensor copy = t;
    CHECK_FALSE(detail::is_unique(t));
  }
  CHECK(detail::is_unique(t));
  {
    const Tensor view = reshape(t, {3, 1});
    CHECK_FALSE(detail::is_unique(t));
    CHECK_FALSE(detail::is_unique(view));
  }
  CHECK(detail::is_unique(t));
}
