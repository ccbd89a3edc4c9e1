#include "xtape/initializers/initializer.hpp"

#include <functional>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/initializers/ones.hpp"
#include "xtape/initializers/zeros.hpp"

using namespace xtape;

TEST_CASE("initializers: Keras's names and class names make the same thing") {
  for (const char* name : {"zeros", "Zeros"}) CHECK_TENSOR_EQ(Initializer(name)({2, 3}), zeros({2, 3}));
  for (const char* name : {"ones", "Ones"}) {
    CHECK_TENSOR_EQ(Initializer(std::string(name))({4}, float64), ones({4}, float64));
  }
  for (const char* name : {"constant", "Constant", "zero"}) CHECK_TENSOR_EQ(Initializer(name)({2}), zeros({2}));
  for (const char* name : {"identity", "Identity"}) CHECK_TENSOR_EQ(Initializer(name)({2, 3}), eye(2, 3));
  CHECK_TENSOR_EQ(Initializer("one")({2}), ones({2}));
  for (const char* name : {"glorot_uniform",   "GlorotUniform",   "he_normal",        "HeNormal",       "glorot_normal",
                           "GlorotNormal",     "he_uniform",      "HeUniform",        "lecun_normal",   "LecunNormal",
                           "lecun_uniform",    "LecunUniform",    "orthogonal",       "Orthogonal",     "random_normal",
                           "RandomNormal",     "normal",          "random_uniform",   "RandomUniform",  "uniform",
                           "truncated_normal", "TruncatedNormal", "variance_scaling", "VarianceScaling"}) {
    CAPTURE(name);
    const Tensor values = Initializer(name)({5, 7}, float64);
    CHECK(values.shape() == Shape{5, 7});
    CHECK(values.dtype() == float64);
  }
}

TEST_CASE("initializers: an unknown name lists those that are known") {
  CHECK_THROWS_TEXT(ValueError,
                    "[Initializer] unknown initializer 'glorot', expected one of: constant, glorot_normal, "
                    "glorot_uniform, he_normal, he_uniform, identity, lecun_normal, lecun_uniform, ones, orthogonal, "
                    "random_normal, random_uniform, truncated_normal, variance_scaling, zeros",
                    Initializer("glorot"));
}

TEST_CASE("initializers: objects and callables convert") {
  struct Options {
    Initializer kernel = "ones";
    Initializer bias = initializers::Constant(0.5);
  };
  Options options{.kernel = [](const Shape& shape, DType dtype) { return full(shape, 7, dtype); }};
  CHECK_TENSOR_EQ(options.kernel({2}), full({2}, 7));
  CHECK_TENSOR_EQ(options.bias({2, 2}, float64), full({2, 2}, 0.5, float64));
  options.kernel = initializers::Zeros();
  CHECK_TENSOR_EQ(options.kernel({3}), zeros({3}));
  const Initializer copy = options.bias;
  CHECK_TENSOR_EQ(copy({1}), full({1}, 0.5));
  CHECK_TENSOR_EQ(Initializer(initializers::Ones())({}), constant(1.0));
}

TEST_CASE("initializers: a callable that is empty or returns something else is refused") {
  CHECK_THROWS_TEXT(ValueError, "[Initializer] the callable is empty",
                    Initializer(std::function<Tensor(const Shape&, DType)>()));
  const Initializer wrong_shape = [](const Shape&, DType dtype) { return ones({3}, dtype); };
  CHECK_THROWS_TEXT(ValueError, "[Initializer] expected the callable to return float32 (2, 3), received float32 (3,)",
                    wrong_shape({2, 3}));
  const Initializer wrong_dtype = [](const Shape& shape, DType) { return ones(shape); };
  CHECK_THROWS_TEXT(ValueError, "expected the callable to return float64 (2,), received float32 (2,)",
                    wrong_dtype({2}, float64));
  const Initializer nothing = [](const Shape&, DType) { return Tensor(); };
  CHECK_THROWS_TEXT(ValueError, "received an empty tensor", nothing({2}));
}
