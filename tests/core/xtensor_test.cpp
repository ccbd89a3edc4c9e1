#include "xtape/core/xtensor.hpp"

#include <cmath>
#include <concepts>
#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/generators/xrandom.hpp>
#include <xtensor/io/xio.hpp>
#include <xtensor/misc/xmanipulation.hpp>
#include <xtensor/views/xindex_view.hpp>
#include <xtensor/views/xstrided_view.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xfixed.hpp>
#include <xtensor/xindex_view.hpp>
#include <xtensor/xio.hpp>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xrandom.hpp>
#include <xtensor/xstrided_view.hpp>
#include <xtensor/xview.hpp>
#endif

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;

namespace {

template <class T, class U = Tensor>
concept HasArray = requires(U u) {
  std::forward<U>(u).template array<T>();
};

}  // namespace

TEST_CASE("xtensor: containers convert with shape and value type") {
  CHECK_TENSOR_EQ(Tensor(xt::xarray<float>{{1, 2, 3}, {4, 5, 6}}), constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}));
  CHECK_TENSOR_EQ(Tensor(xt::xtensor<double, 1>{1, 2}), constant({1.0, 2.0}, float64));
  CHECK_TENSOR_EQ(Tensor(xt::xtensor_fixed<int, xt::xshape<2, 2>>{{1, 2}, {3, 4}}), constant({{1, 2}, {3, 4}}));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<std::int64_t>{7}), constant({7}, int64));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<long long>{-7}), constant({-7}, int64));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<std::uint8_t>{255}), constant({255}, uint8));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<bool>{true, false}), constant({true, false}));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<float>(3.5f)), constant(3.5));
  CHECK_TENSOR_EQ(Tensor(xt::xarray<float>::from_shape({3, 0})), zeros({3, 0}));
}

TEST_CASE("xtensor: expressions are evaluated") {
  const xt::xarray<double> a{{1, 2}, {3, 4}}, row{10, 20};
  const Tensor sum = a + 2 * row;
  CHECK_TENSOR_EQ(sum, constant({{21.0, 42.0}, {23.0, 44.0}}, float64));
  CHECK_CLOSE(Tensor(xt::sin(a)), {std::sin(1.0), std::sin(2.0), std::sin(3.0), std::sin(4.0)}, 1e-15);
  CHECK_TENSOR_EQ(Tensor(xt::sum(a, {1})), constant({3.0, 7.0}, float64));
  CHECK_TENSOR_EQ(Tensor(xt::sum(a)), constant(10.0, float64));
  CHECK_TENSOR_EQ(Tensor(a > 2), constant({{false, false}, {true, true}}));
  CHECK_TENSOR_EQ(Tensor(xt::arange<int>(2, 8, 2)), constant({2, 4, 6}));
  CHECK_TENSOR_EQ(Tensor(xt::zeros<float>({2, 3})), zeros({2, 3}));
  CHECK_TENSOR_EQ(Tensor(xt::cast<std::int64_t>(xt::arange<std::size_t>(2))), constant({0, 1}, int64));
  CHECK_TENSOR_EQ(Tensor(xt::broadcast(row, {2, 2})), constant({{10.0, 20.0}, {10.0, 20.0}}, float64));
}

TEST_CASE("xtensor: views, transposes and column-major containers arrive in row-major order") {
  const xt::xarray<float> a = xt::reshape_view(xt::arange<float>(24), {2, 3, 4});
  const Tensor t = reshape(arange(24.0), {2, 3, 4});
  CHECK_TENSOR_EQ(Tensor(xt::view(a, 1, xt::all(), 2)), constant({14.0, 18.0, 22.0}));
  CHECK_TENSOR_EQ(Tensor(xt::view(a, 0, xt::range(0, 3, 2), xt::range(xt::placeholders::_, xt::placeholders::_, -3))),
                  constant({{3.0, 0.0}, {11.0, 8.0}}));
  CHECK_TENSOR_EQ(Tensor(xt::transpose(a)), transpose(t));
  CHECK_TENSOR_EQ(Tensor(xt::transpose(a, {1, 0, 2})), transpose(t, {1, 0, 2}));
  CHECK_TENSOR_EQ(
      Tensor(xt::strided_view(a, {1, xt::ellipsis()})),
      slice_axis(reshape(t, {2, 12}), 0, 1, 1).size() == 12 ? reshape(slice_axis(t, 0, 1, 1), {3, 4}) : Tensor());
  CHECK_TENSOR_EQ(Tensor(xt::filter(a, a > 21.5f)), constant({22.0, 23.0}));
  const xt::xarray<float, xt::layout_type::column_major> columns = a;
  CHECK_TENSOR_EQ(Tensor(columns), t);
  CHECK_TENSOR_EQ(Tensor(columns + a), t + t);
  CHECK_TENSOR_EQ(Tensor(xt::view(columns, xt::all(), 1)), reshape(slice_axis(t, 1, 1, 1), {2, 4}));
}

TEST_CASE("xtensor: random expressions") {
  xt::random::seed(3);
  const xt::xarray<double> kept = xt::random::rand<double>({100}, 0.0, 1.0);
  xt::random::seed(3);
  const Tensor t = xt::random::rand<double>({100}, 0.0, 1.0);
  CHECK_CLOSE(t, Tensor(kept), 0);
}

TEST_CASE("xtensor: array is the tensor's own memory") {
  const Tensor t = constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
  const auto a = t.array<float>();
  CHECK(a.data() == t.data<float>().data());
  CHECK(&a(1, 2) == t.data<float>().data() + 5);
  CHECK(a.dimension() == 2);
  CHECK(a.shape(1) == 3);
  const auto fixed = t.array<float, 2>();
  CHECK(&fixed(1, 0) == t.data<float>().data() + 3);
  CHECK(xt::get_rank<std::decay_t<decltype(fixed)>>::value == 2);
  // Scalars, slices and empty tensors, whose elements begin anywhere.
  const Tensor tail = slice_axis(t, 0, 1, 1), scalar = constant(4.0), empty = zeros({0, 3});
  CHECK(tail.array<float>().data() == t.data<float>().data() + 3);
  CHECK(xt::sum(tail.array<float>())() == 15);
  CHECK(scalar.array<float>()() == 4);
  CHECK(scalar.array<float, 0>()() == 4);
  CHECK(empty.array<float>().size() == 0);
  // One copy, two handles, one memory.
  const Tensor copy = t;
  CHECK(copy.array<float>().data() == a.data());
}

TEST_CASE("xtensor: there and back") {
  const Tensor t = constant({{1.5, -2.0, 3.0}, {4.0, 5.0, -6.25}}, float64);
  CHECK_TENSOR_EQ(Tensor(t.array<double>()), t);
  CHECK_TENSOR_EQ(Tensor(t.array<double, 2>()), t);
  CHECK_TENSOR_EQ(Tensor(xt::transpose(t.array<double>())), transpose(t));
  CHECK_TENSOR_EQ(Tensor(xt::maximum(t.array<double>(), 0.0) * 2), maximum(t, 0) * 2);
  const xt::xarray<double> kept = t.array<double>();
  CHECK(kept == t.array<double>());
  const Tensor flags = constant({true, false}), bytes = constant({1, 2}, uint8), half = constant({1.5, 2.0}, bfloat16);
  CHECK_TENSOR_EQ(Tensor(!flags.array<bool>()), constant({false, true}));
  CHECK_TENSOR_EQ(Tensor(bytes.array<std::uint8_t>()), bytes);
  CHECK_TENSOR_EQ(Tensor(half.array<BFloat16>()), half);
}

TEST_CASE("xtensor: an argument of an op may be an expression") {
  const xt::xarray<float> a{1, 2, 3};
  const Tensor t = constant({10.0, 20.0, 30.0});
  CHECK_TENSOR_EQ(xtape::add(t, a * a), constant({11.0, 24.0, 39.0}));
}

TEST_CASE("xtensor: a temporary tensor gives no view") {
  static_assert(HasArray<float, const Tensor&>);
  static_assert(!HasArray<float, Tensor>);
  CHECK(true);
}

TEST_CASE("xtensor: errors") {
  const Tensor t = ones({2, 3});
  const xt::xarray<float> a = xt::ones<float>({2, 3}), b = xt::ones<float>({4});
  CHECK_THROWS_TEXT(TypeError, "[Tensor.array] the tensor is float32, not float64", t.array<double>());
  CHECK_THROWS_TEXT(ValueError, "[Tensor.array] expected a tensor of rank 1: shape (2, 3)", t.array<float, 1>());
  const Tensor none;
  CHECK_THROWS_TEXT(ValueError, "[Tensor] the tensor is empty", none.array<float>());
  CHECK_THROWS_TEXT(ValueError, "[Tensor] the shapes in an xtensor expression do not broadcast", Tensor(a + b));
}
