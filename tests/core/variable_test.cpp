#include "xtape/core/variable.hpp"

#include <thread>
#include <utility>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

using namespace xtape;

TEST_CASE("variable: value, name and what it is") {
  const Variable v(constant({{1.0, 2.0, 3.0}}), {.trainable = false, .name = "kernel"});
  CHECK_TENSOR_EQ(v.value(), constant({{1.0, 2.0, 3.0}}));
  CHECK_TENSOR_EQ(v.peek(), v.value());
  CHECK(v.shape() == Shape{1, 3});
  CHECK(v.shape(-1) == 3);
  CHECK(v.rank() == 2);
  CHECK(v.size() == 3);
  CHECK(v.dtype() == float32);
  CHECK(v.name() == "kernel");
  CHECK_FALSE(v.trainable());
  const Variable plain(ones({2}));
  CHECK(plain.trainable());
  CHECK(plain.name() == "variable");
}

TEST_CASE("variable: stands for its value in an op") {
  const Variable v(constant({1.0, 2.0})), w(constant({10.0, 20.0}));
  CHECK_TENSOR_EQ(v + w, constant({11.0, 22.0}));
  CHECK_TENSOR_EQ(v * 2, constant({2.0, 4.0}));
  CHECK_TENSOR_EQ(1 - v, constant({0.0, -1.0}));
}

TEST_CASE("variable: copies share the state") {
  Variable v(constant({1.0, 2.0}));
  const Variable other(constant({1.0, 2.0}));
  Variable copy = v;
  CHECK(copy.is_same(v));
  CHECK_FALSE(copy.is_same(other));
  v.assign(constant({5.0, 6.0}));
  CHECK_TENSOR_EQ(copy.value(), constant({5.0, 6.0}));
  copy.set_name("bias");
  copy.set_trainable(false);
  CHECK(v.name() == "bias");
  CHECK_FALSE(v.trainable());
}

TEST_CASE("variable: an assignment does not reach tensors read before") {
  Variable v(constant({1.0, 2.0}));
  const Tensor before = v.value(), view = reshape(v.value(), {2, 1});
  v.assign(constant({3.0, 4.0}));
  CHECK_TENSOR_EQ(before, constant({1.0, 2.0}));
  const Tensor assigned = v.value();
  v.assign_add(constant({10.0, 10.0}));
  CHECK_TENSOR_EQ(assigned, constant({3.0, 4.0}));
  v.assign_sub(constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(v.value(), constant({12.0, 12.0}));
  CHECK_TENSOR_EQ(before, constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(view, constant({{1.0}, {2.0}}));
}

TEST_CASE("variable: has elements of its own") {
  Tensor initial = constant({1.0, 2.0});
  Variable v(initial), w(initial);
  v.assign_add(ones({2}));
  CHECK_TENSOR_EQ(initial, constant({1.0, 2.0}));
  CHECK_TENSOR_EQ(w.value(), constant({1.0, 2.0}));
  const Tensor source = constant({7.0, 8.0});
  v.assign(source);
  w.assign(source);
  v.assign_add(ones({2}));
  CHECK_TENSOR_EQ(source, constant({7.0, 8.0}));
  CHECK_TENSOR_EQ(w.value(), source);
}

TEST_CASE("variable: assigned to itself") {
  Variable v(constant({1.0, 2.0}));
  v.assign(v);
  CHECK_TENSOR_EQ(v.value(), constant({1.0, 2.0}));
  v.assign(v.value());
  v.assign(reshape(v.value(), {2}));
  CHECK_TENSOR_EQ(v.value(), constant({1.0, 2.0}));
  v.assign_add(v);
  CHECK_TENSOR_EQ(v.value(), constant({2.0, 4.0}));
  v.assign_add(v.value());
  CHECK_TENSOR_EQ(v.value(), constant({4.0, 8.0}));
  v.assign_add(reshape(v.value(), {2}));
  CHECK_TENSOR_EQ(v.value(), constant({8.0, 16.0}));
  v.assign_sub(v.value());
  CHECK_TENSOR_EQ(v.value(), zeros({2}));
}

TEST_CASE("variable: every dtype is assigned, added and subtracted") {
  for (const DType dtype : {float32, float64, int32, int64, uint8, bfloat16}) {
    CAPTURE(name(dtype));
    Variable v(constant({1, 2, 3}, dtype));
    v.assign(constant({10, 20, 30}, dtype));
    v.assign_add(constant({1, 2, 3}, dtype));
    CHECK_CLOSE(v, {11.0, 22.0, 33.0}, 0);
    v.assign_sub(constant({10, 20, 30}, dtype));
    CHECK_CLOSE(v, {1.0, 2.0, 3.0}, 0);
    CHECK(v.dtype() == dtype);
  }
  // Longer than a vector and not a multiple of one.
  Variable v(arange(1003.0));
  v.assign_sub(arange(1003.0) * 3);
  CHECK_TENSOR_EQ(v.value(), arange(1003.0) * -2);
  Variable wrapping(constant({INT32_MAX, INT32_MIN}));
  wrapping.assign_add(constant({1, -1}));
  CHECK_TENSOR_EQ(wrapping.value(), constant({INT32_MIN, INT32_MAX}));
}

TEST_CASE("variable: a plain number is given its dtype") {
  Variable v(constant(1.0, float64));
  v.assign(0.1);
  CHECK(v.value().item() == 0.1);
  v.assign_add(1);
  CHECK_CLOSE(v, 1.1, 1e-15);
  v.assign_sub(0.1);
  CHECK(v.dtype() == float64);
  Variable from_number(2.5);
  CHECK(from_number.dtype() == float32);
  CHECK_FALSE(from_number.value().impl()->weak);
}

TEST_CASE("variable: a wrong shape or dtype is an error and leaves the value") {
  Variable v(constant({1.0, 2.0}), {.name = "w"});
  const Tensor long_one = ones({3}), row = ones({1, 2}), wide = ones({2}, float64), whole = ones({2}, int32);
  CHECK_THROWS_TEXT(ValueError, "[Variable.assign] variable 'w' has shape (2,), received (3,)", v.assign(long_one));
  CHECK_THROWS_TEXT(ValueError, "[Variable.assign_add] variable 'w' has shape (2,), received (1, 2)",
                    v.assign_add(row));
  CHECK_THROWS_TEXT(ValueError, "[Variable.assign_sub] variable 'w' has shape (2,), received ()", v.assign_sub(1.0));
  CHECK_THROWS_TEXT(TypeError, "[Variable.assign] variable 'w' is float32, received float64", v.assign(wide));
  CHECK_THROWS_TEXT(TypeError, "[Variable.assign_sub] variable 'w' is float32, received int32", v.assign_sub(whole));
  CHECK_THROWS_TEXT(ValueError, "the tensor is empty", v.assign(Tensor()));
  CHECK_TENSOR_EQ(v.value(), constant({1.0, 2.0}));
}

TEST_CASE("variable: an empty handle says so") {
  Variable none;
  CHECK_FALSE(none.defined());
  const char* text = "[Variable] the variable is empty";
  CHECK_THROWS_TEXT(ValueError, text, none.value());
  CHECK_THROWS_TEXT(ValueError, text, none.shape());
  CHECK_THROWS_TEXT(ValueError, text, none.name());
  CHECK_THROWS_TEXT(ValueError, text, none.trainable());
  CHECK_THROWS_TEXT(ValueError, text, none.set_trainable(false));
  CHECK_THROWS_TEXT(ValueError, text, none.set_name("a"));
  CHECK_THROWS_TEXT(ValueError, text, none.assign(1.0));
  CHECK_THROWS_TEXT(ValueError, text, none.assign_add(1.0));
  CHECK_THROWS_TEXT(ValueError, "[Variable] the initial value of 'w' is an empty tensor",
                    Variable(Tensor(), {.name = "w"}));
  none = Variable(ones({1}));
  CHECK(none.defined());
}

TEST_CASE("variable: assignments write in place when nobody else holds the value") {
  Variable v(ones({1000}));
  const Tensor delta = ones({1000});
  const float* elements = v.peek().data<float>().data();
  const testing::AllocationCount count;
  for (int i = 0; i < 10; ++i) {
    v.assign_add(delta);
    v.assign_sub(delta);
    v.assign(delta);
  }
  const auto allocations = count.value();
  CHECK(v.peek().data<float>().data() == elements);
  CHECK(allocations == 0);
  const Tensor held = v.value();
  v.assign_add(delta);
  CHECK_FALSE(v.peek().data<float>().data() == elements);
  CHECK_TENSOR_EQ(held, ones({1000}));
}

TEST_CASE("variable: many threads may read at once") {
  const Variable v(arange(1000.0));
  std::vector<std::thread> readers;
  std::vector<double> sums(4);
  for (std::size_t k = 0; k < sums.size(); ++k) {
    readers.emplace_back([&v, &sum = sums[k]] {
      for (int i = 0; i < 100; ++i) {
        const Tensor value = v.value();
        sum += static_cast<double>(value.data<float>()[999]);
      }
    });
  }
  for (auto& reader : readers) reader.join();
  for (const double sum : sums) CHECK(sum == 99900);
}

TEST_CASE("variable: the structure's version counts changes of what is trainable") {
  Variable v(ones({1}));
  const auto before = detail::structure_version();
  v.assign(constant({2.0}));
  CHECK(detail::structure_version() == before);
  v.set_trainable(false);
  CHECK(detail::structure_version() > before);
}
