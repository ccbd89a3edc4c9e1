// After a call that throws, a valid call gives the right bits: neither ops nor the recording tape keep anything from
// the failed call.
#include <functional>
#include <string>
#include <vector>

#include "ops/table.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/clip.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/diagonal.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/image.hpp"
#include "xtape/ops/indexing.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/linalg_decompositions.hpp"
#include "xtape/ops/linalg_solve.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/nn_activations.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/padding.hpp"
#include "xtape/ops/pool.hpp"
#include "xtape/ops/recurrent.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/ops/scan.hpp"
#include "xtape/ops/sort.hpp"
#include "xtape/ops/statistics.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using testing::some;

namespace {

struct Row {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Tensor(const Tensors&)> f;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"add", {{3, 4}, {4}}, [](const Tensors& t) { return t[0] + t[1]; }},
      {"divide", {{3, 4}, {4}}, [](const Tensors& t) { return t[0] / t[1]; }},
      {"maximum", {{3, 4}, {4}}, [](const Tensors& t) { return maximum(t[0], t[1]); }},
      {"pow", {{3, 4}}, [](const Tensors& t) { return pow(t[0], 3); }},
      {"exp", {{3, 4}}, [](const Tensors& t) { return exp(t[0]); }},
      {"tanh", {{3, 4}}, [](const Tensors& t) { return tanh(t[0]); }},
      {"relu", {{3, 4}}, [](const Tensors& t) { return nn::relu(t[0]); }},
      {"gelu", {{3, 4}}, [](const Tensors& t) { return nn::gelu(t[0]); }},
      {"softmax", {{3, 4}}, [](const Tensors& t) { return nn::softmax(t[0], 1); }},
      {"clip_by_value", {{3, 4}}, [](const Tensors& t) { return clip_by_value(t[0], -1, 1); }},
      {"where", {{3, 4}, {3, 4}}, [](const Tensors& t) { return where(t[0] > 0.0, t[0], t[1]); }},
      {"matmul", {{3, 4}, {4, 5}}, [](const Tensors& t) { return matmul(t[0], t[1]); }},
      {"linear", {{3, 4}, {4, 5}, {5}}, [](const Tensors& t) { return linear(t[0], t[1], t[2]); }},
      {"reduce_sum", {{3, 4}}, [](const Tensors& t) { return reduce_sum(t[0], 1); }},
      {"reduce_max", {{3, 4}}, [](const Tensors& t) { return reduce_max(t[0], 1); }},
      {"reduce_prod", {{3, 4}}, [](const Tensors& t) { return reduce_prod(t[0], 1); }},
      {"cumsum", {{3, 4}}, [](const Tensors& t) { return cumsum(t[0], 1); }},
      {"sort", {{3, 4}}, [](const Tensors& t) { return sort(t[0], 1); }},
      {"reshape",
       {{3, 4}},
       [](const Tensors& t) {
         return reshape(t[0], {2, 6});
       }},
      {"transpose",
       {{3, 4}},
       [](const Tensors& t) {
         return transpose(t[0], {1, 0});
       }},
      {"concat",
       {{3, 4}, {2, 4}},
       [](const Tensors& t) {
         return concat({t[0], t[1]}, 0);
       }},
      {"stack",
       {{3, 4}, {3, 4}},
       [](const Tensors& t) {
         return stack({t[0], t[1]}, 0);
       }},
      {"slice",
       {{3, 4}},
       [](const Tensors& t) {
         return slice(t[0], {1, 1}, {2, 3});
       }},
      {"gather",
       {{5, 4}},
       [](const Tensors& t) {
         return gather(t[0], constant({4, 0, 4}));
       }},
      {"pad",
       {{3, 4}},
       [](const Tensors& t) {
         return pad(t[0], {{1, 1}, {0, 2}});
       }},
      {"inv", {{3, 3}}, [](const Tensors& t) { return linalg::inv(t[0]); }},
      {"solve", {{3, 3}, {3, 2}}, [](const Tensors& t) { return linalg::solve(t[0], t[1]); }},
      {"conv2d", {{2, 6, 6, 3}, {3, 3, 3, 4}}, [](const Tensors& t) { return nn::conv2d(t[0], t[1]); }},
      {"max_pool2d", {{2, 6, 6, 3}}, [](const Tensors& t) { return nn::max_pool2d(t[0], 2); }},
      {"avg_pool2d", {{2, 6, 6, 3}}, [](const Tensors& t) { return nn::avg_pool2d(t[0], 2); }},
      {"softmax_cross_entropy_with_logits",
       {{3, 4}, {3, 4}},
       [](const Tensors& t) { return nn::softmax_cross_entropy_with_logits(t[0], t[1]); }},
  };
  return all;
}

/// The inputs, with each in turn replaced by one that may be invalid.
std::vector<Tensors> wrong_inputs(const Tensors& right) {
  std::vector<Tensors> all;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const auto with = [&](const Tensor& other) {
      Tensors inputs = right;
      inputs[i] = other;
      all.push_back(inputs);
    };
    with(Tensor());
    with(cast(right[i], boolean));
    with(cast(right[i], float32));
    with(testing::tensor({1}, {}));
    with(testing::tensor({}, {0}));
    with(expand_dims(right[i], 0));
    for (int axis = 0; axis < right[i].rank(); ++axis) {
      Shape longer = right[i].shape();
      longer[axis] += 3;
      with(some(longer));
    }
  }
  return all;
}

struct Results {
  Tensor value;
  Tensors gradients;
};

Results results(const Row& row, const Tensors& inputs) {
  GradientTape tape;
  tape.watch(std::vector<Tensor>(inputs.begin(), inputs.end()));
  const Tensor y = row.f(inputs);
  return {y, tape.gradient(y, std::vector<Tensor>(inputs.begin(), inputs.end()))};
}

void check_same(const Results& a, const Results& b) {
  CHECK_SAME_BITS(a.value, b.value);
  for (std::size_t i = 0; i < a.gradients.size(); ++i) CHECK_SAME_BITS(a.gradients[i], b.gradients[i]);
}

TEST_CASE("ops: after a call that throws, the right one gives the right bits, value and gradients") {
  for (const Row& row : rows()) {
    INFO("row ", row.name);
    Tensors right;
    for (const Shape& shape : row.shapes) right.push_back(some(shape));
    const Results expected = results(row, right);
    int refused = 0;
    for (const Tensors& wrong : wrong_inputs(right)) {
      // Also while the tape of the valid call records.
      GradientTape tape;
      tape.watch(std::vector<Tensor>(right.begin(), right.end()));
      try {
        (void)row.f(wrong);
      } catch (const Error&) {
        ++refused;
        const Tensor y = row.f(right);
        CHECK_SAME_BITS(y, expected.value);
        const auto gradients = tape.gradient(y, std::vector<Tensor>(right.begin(), right.end()));
        for (std::size_t i = 0; i < gradients.size(); ++i) CHECK_SAME_BITS(gradients[i], expected.gradients[i]);
        check_same(results(row, right), expected);
      }
    }
    CHECK(refused > 0);
  }
}

}  // namespace
