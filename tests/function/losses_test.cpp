#include <algorithm>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;

namespace {

/// The names of all losses, which stand in the error of an unknown one.
std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  try {
    (void)LossFunction("no such loss");
  } catch (const ValueError& error) {
    std::string list = error.what();
    list = list.substr(list.find("one of: ") + 8);
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = std::min(list.find(", ", begin), list.size());
      names.push_back(list.substr(begin, end - begin));
      begin = end + 2;
    }
  }
  return names;
}

/// A loss, its gradients for predictions and labels, and the second derivative for predictions.
std::vector<Tensor> all_of(const LossFunction& loss, const Tensor& y, const Tensor& p) {
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
  const auto names = loss_names();
  REQUIRE(names.size() >= 20);
  random::Generator generator(8);
  for (const std::string& name : names) {
    CAPTURE(name);
    const LossFunction loss(name);
    auto replayed = function([&](const Tensor& y, const Tensor& p) { return all_of(loss, y, p); });
    for (int call = 0; call < 4; ++call) {
      CAPTURE(call);
      const Tensor p = nn::softmax(generator.normal({5, 4}));
      const Tensor y = sparse ? generator.uniform({5}, 0, 4, int32) : nn::softmax(generator.normal({5, 4}));
      const auto expected = all_of(loss, y, p), received = replayed(y, p);
      REQUIRE(received.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) CHECK_SAME_BITS(received[i], expected[i]);
    }
    CHECK(replayed.obstacle() == "");
    CHECK(replayed.trace_count() == 1);
  }
}
