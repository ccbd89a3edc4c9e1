// After a call that throws, the right one gives the right bits: ops keep nothing between calls, and neither does the
// tape that was recording. Of every op: the rows are those by which function_rows_test.cpp knows it.
#include <stdexcept>
#include <string>
#include <vector>

#include "ops/function_rows.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using testing::floating;
using testing::FunctionRow;
using Operands = testing::OpInputs;

namespace {

/// The inputs, each in turn made into something that may be refused.
std::vector<Operands> wrong_inputs(const FunctionRow& row, const Operands& right) {
  std::vector<Operands> all;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const auto with = [&](const Tensor& other) {
      Operands inputs = right;
      inputs[i] = other;
      all.push_back(inputs);
    };
    with(Tensor());
    with(cast(right[i], boolean));
    with(cast(right[i], right[i].dtype() == float32 ? float64 : float32));
    with(testing::tensor({1}, {}));
    with(testing::tensor({}, {0}));
    with(expand_dims(right[i], 0));
    for (int axis = 0; axis < right[i].rank(); ++axis) {
      Shape longer = right[i].shape();
      longer[axis] += 3;
      with(testing::some(longer, right[i].dtype()));
    }
  }
  if (row.bad != nullptr) all.push_back(row.bad());
  return all;
}

/// The value, and the gradients for all floating inputs, of a call that the tape records.
Tensors results(const FunctionRow& row, const Operands& inputs, GradientTape& tape) {
  random::set_seed(3);
  Tensors all{row.f(inputs)};
  const Operands sources = floating(inputs);
  if (sources.empty() || !is_floating(all[0].dtype())) return all;
  const Tensors gradients = tape.gradient(all[0], sources);
  all.insert(all.end(), gradients.begin(), gradients.end());
  return all;
}

Tensors results(const FunctionRow& row, const Operands& inputs) {
  GradientTape tape;
  tape.watch(floating(inputs));
  return results(row, inputs, tape);
}

void check_same(const Tensors& actual, const Tensors& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(actual[i].defined() == expected[i].defined());
    if (expected[i].defined()) CHECK_SAME_BITS(actual[i], expected[i]);
  }
}

TEST_CASE("ops: after a call that throws, the right one gives the right bits, value and gradients") {
  for (const FunctionRow& row : testing::function_rows()) {
    CAPTURE(row.op);
    const Operands right = row.inputs(0);
    const Tensors expected = results(row, right);
    int refused = 0, number = 0;
    for (const Operands& wrong : wrong_inputs(row, right)) {
      CAPTURE(number++);
      // Under the tape that the right call is recorded by, too.
      GradientTape tape;
      tape.watch(floating(right));
      tape.watch(floating(wrong));
      try {
        (void)row.f(wrong);
      } catch (const Error&) {
        ++refused;
        check_same(results(row, right, tape), expected);
        check_same(results(row, right), expected);
      } catch (const std::out_of_range&) {  // the row asks for a part that there is not of such an input
      }
    }
    if (row.op != "nn::linear") CHECK(refused > 0);  // which returns whatever it is given
  }
}

}  // namespace
