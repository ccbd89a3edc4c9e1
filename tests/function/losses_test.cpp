#include <algorithm>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/listed_names.hpp"
#include "support/warning_capture.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;

namespace {

/// A loss, its gradients for predictions and labels, and the second derivative for predictions.
std::vector<Tensor> all_of(const AnyLoss& loss, const Tensor& y, const Tensor& p) {
  GradientTape outer;
  outer.watch(p);
  Tensor value, first;
  {
    GradientTape tape;
    tape.watch(p);
    value = loss(y, p);
    first = tape.gradient(value, p);
  }
  const Tensor second = outer.gradient(reduce_sum(square(first)), p);
  return {value, first, second.defined() ? second : zeros({1})};
}

}  // namespace

TEST_CASE("function: every loss, its gradient and the second derivative are replayed with the same bits") {
  const auto names = testing::listed_names([] { (void)AnyLoss("no such loss"); });
  REQUIRE(names.size() >= 20);
  random::Generator generator(8);
  for (const std::string& name : names) {
    CAPTURE(name);
    const AnyLoss loss(name);
    const bool of_classes = name == "circle" || name == "triplet_semihard", of_steps = name == "ctc";
    const bool sparse =
        of_classes || name.find("parse") != std::string::npos || name.find("generalized") != std::string::npos;
    auto replayed = function([&](const Tensor& y, const Tensor& p) { return all_of(loss, y, p); });
    for (int call = 0; call < 4; ++call) {
      CAPTURE(call);
      const auto chances = [&] { return nn::softmax(generator.normal({5, 4})) * 1; };  // without their logits
      const Tensor p = of_steps ? generator.normal({5, 7, 4}) : chances();
      const Tensor y = of_steps                 ? generator.uniform({5, 3}, 0, 4, int32)
                       : sparse                 ? generator.uniform({5}, 0, 4, int32)
                       : name == "gaussian_nll" ? generator.normal({5, 2})
                                                : chances();
      const auto expected = all_of(loss, y, p), received = replayed(y, p);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    CHECK(replayed.obstacle() == "");
    CHECK(replayed.trace_count() == 1);
  }
}

TEST_CASE("function: probabilities that remember their logits are no argument for a replay, and it says so") {
  testing::WarningCapture warnings;
  const auto loss = [](const Tensor& y, const Tensor& p) { return losses::categorical_crossentropy(y, p); };
  auto replayed = function(loss);
  random::Generator generator(8);
  for (int call = 0; call < 3; ++call) {
    const Tensor y = nn::softmax(generator.normal({5, 4})) * 1, p = nn::softmax(300 * generator.normal({5, 4}));
    CHECK_SAME_BITS(replayed(y, p), loss(y, p));
  }
  CHECK(replayed.obstacle() ==
        "an argument is the result of a softmax or sigmoid, whose logits the losses use: give the logits");
}

TEST_CASE("losses: the gradient for watched probabilities whose logits the tape does not know") {
  const Tensor y = one_hot(constant({1, 0}), 3, float64);
  for (const bool sigmoid : {false, true}) {
    const Tensor z = cast(constant({{0.5, -1.0, 2.0}, {1.0, 0.0, -0.5}}), float64);
    const Tensor p = sigmoid ? nn::sigmoid(z) : nn::softmax(z);
    GradientTape tape;
    tape.watch(p);
    const Tensor loss = sigmoid ? losses::binary_crossentropy(y, p) : losses::categorical_crossentropy(y, p);
    // The softmax loss divides p by its sum, which is 1.
    CHECK_CLOSE(tape.gradient(loss, p), sigmoid ? ((1 - y) / (1 - p) - y / p) / 3 : 1 - y / p, 1e-6);
  }
}
