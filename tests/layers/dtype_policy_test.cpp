#include "xtape/layers/dtype_policy.hpp"

#include "support/check.hpp"
#include "support/policy.hpp"
#include "xtape/base/error.hpp"
#include "xtape/layers/dense.hpp"

namespace xtape {
namespace {

// The table of keras.DTypePolicy.
TEST_CASE("DTypePolicy: names and their dtypes") {
  const DTypePolicy mixed("mixed_bfloat16");
  CHECK(mixed.name() == "mixed_bfloat16");
  CHECK(mixed.compute_dtype() == bfloat16);
  CHECK(mixed.variable_dtype() == float32);
  for (const DType dtype : {float32, float64, bfloat16, int32}) {
    const DTypePolicy plain(name(dtype));
    CHECK(plain.name() == name(dtype));
    CHECK(plain.compute_dtype() == dtype);
    CHECK(plain.variable_dtype() == dtype);
    CHECK(plain == DTypePolicy(dtype));
    CHECK_FALSE(plain == mixed);
  }
}

TEST_CASE("DTypePolicy: what is no policy") {
  CHECK_THROWS_TEXT(ValueError, "received \"mixed_float16\": xtape has no float16", DTypePolicy("mixed_float16"));
  CHECK_THROWS_TEXT(ValueError, "received \"float16\": xtape has no float16", DTypePolicy("float16"));
  CHECK_THROWS_TEXT(ValueError, "[DTypePolicy] expected \"float32\", \"mixed_bfloat16\"", DTypePolicy("half"));
  CHECK_THROWS_TEXT(ValueError, "[DTypePolicy]", mixed_precision::set_global_policy("mixed"));
  CHECK(mixed_precision::global_policy().name() == "float32");
}

TEST_CASE("DTypePolicy: layers take the global one when they are made, or their own") {
  CHECK(layers::Dense(2).dtype_policy().name() == "float32");
  layers::Dense before(2);
  {
    const testing::Policy global("mixed_bfloat16");
    CHECK(mixed_precision::global_policy().name() == "mixed_bfloat16");
    CHECK(DTypePolicy().name() == "mixed_bfloat16");
    CHECK(layers::Dense(2).dtype_policy().name() == "mixed_bfloat16");
    CHECK(layers::Dense(2, {.dtype = "float32"}).dtype_policy().name() == "float32");
    CHECK(layers::Dense(2, {.dtype = float64}).dtype_policy().name() == "float64");
    CHECK(before.dtype_policy().name() == "float32");
  }
  CHECK(mixed_precision::dtype_policy().name() == "float32");
  CHECK(layers::Dense(2, {.dtype = DTypePolicy("mixed_bfloat16")}).dtype_policy().name() == "mixed_bfloat16");
}

TEST_CASE("DTypePolicy: where bfloat16 is slow, setting it warns once") {
  const testing::WarningCapture warnings;
  for (int i = 0; i < 3; ++i) mixed_precision::set_dtype_policy("mixed_bfloat16");
  mixed_precision::set_dtype_policy("float32");
  // Another test may have set it before.
  CHECK(warnings.count() <= (mixed_precision::has_fast_bfloat16() ? 0 : 1));
}

}  // namespace
}  // namespace xtape
