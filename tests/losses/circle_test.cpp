#include "xtape/losses/circle.hpp"

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/losses/any_loss.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/normalization.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/check_gradients.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {

// losses_test.py, CircleTest
const Tensor labels = constant({1, 1, 2, 2, 3}), ref_labels = constant({1, 1, 2, 2, 3, 4});
const Tensor embeddings = constant({{0.70014004, -0.42008403, 0.14002801, 0.56011203},
                                    {0.17609018, 0.70436073, -0.52827054, 0.44022545},
                                    {-0.34050261, 0.25537696, -0.68100522, 0.59587957},
                                    {0.32163376, -0.75047877, 0.53605627, -0.21442251},
                                    {0.51261459, -0.34174306, 0.17087153, 0.76892189}});
const Tensor references = constant({{0.40824829, -0.54433105, 0.27216553, 0.68041382},
                                    {0.76376261, 0.10910895, -0.54554473, 0.32732684},
                                    {-0.74420841, 0.24806947, 0.49613894, -0.3721042},
                                    {0.52981294, -0.13245324, 0.79471941, -0.26490647},
                                    {0.54554473, -0.32732684, 0.10910895, 0.76376261},
                                    {-0.27216553, 0.68041382, 0.40824829, -0.54433105}});

}  // namespace

TEST_CASE("circle: Keras's numbers") {
  CHECK_CLOSE(losses::Circle({.gamma = 80, .margin = 0.4})(labels, embeddings), 188.3883, 1e-6);
  CHECK_CLOSE(losses::Circle(256, {.margin = 0.25})(labels, embeddings), 652.7617, 1e-6);
  CHECK_CLOSE(losses::circle(labels, embeddings,
                             {.ref_labels = ref_labels, .ref_embeddings = references, .remove_diagonal = false}),
              {61.5844, 94.3465, 276.9344, 90.9873, 48.8963}, 2e-6);
  CHECK_CLOSE(losses::Circle()(labels, embeddings, constant({2.0, 2.0, 1.0, 1.0, 0.5})), 244.91918, 1e-6);
  CHECK_CLOSE(losses::Circle({.reduction = "none"})(ref_labels, references),
              {82.9116, 36.7942, 92.4590, 52.6798, 0.0, 0.0}, 2e-6);
  CHECK_CLOSE(losses::Circle({.reduction = "sum"})(ref_labels, references), 264.845, 2e-6);
  CHECK_CLOSE(
      losses::Circle({.reduction = "mean_with_sample_weight"})(labels, embeddings, constant({2.0, 2.0, 1.0, 1.0, 0.5})),
      163.27948, 1e-6);
  CHECK_CLOSE(AnyLoss("circle")(reshape(labels, {5, 1}), embeddings), 188.3883, 1e-6);
}

TEST_CASE("circle: gradients agree with finite differences, and are 0 for a sample that no other is like") {
  const Tensor x = nn::l2_normalize(sin(reshape(arange(0.0, 18.0, 1.0, float64) * 1.3, {6, 3})), 1);
  const Tensor y = constant({0, 1, 0, 1, 2, 2}),
               z = nn::l2_normalize(cos(reshape(arange(0.0, 9.0, 1.0, float64), {3, 3})), 1);
  const GradientCheck own =
      check_gradients([&](const Tensor& t) { return losses::circle(y, t, {.gamma = 3, .margin = 0.3}); }, x);
  CHECK_MESSAGE(own, own.message);
  const GradientCheck both = check_gradients(
      [&](const Tensor& t, const Tensor& r) {
        return losses::circle(y, t, {.ref_labels = constant({0, 1, 2}), .ref_embeddings = r, .gamma = 3});
      },
      x, z);
  CHECK_MESSAGE(both, both.message);
  GradientTape tape;
  tape.watch(x);
  const Tensor value = losses::circle(arange(6), x);
  CHECK_TENSOR_EQ(value, zeros({6}, float64));
  CHECK_TENSOR_EQ(tape.gradient(value, x), zeros({6, 3}, float64));
  CHECK_CLOSE(losses::Circle()(constant({0, 1}), constant({{1.0, 0.0}, {0.0, 1.0}})), 0.0);
}

TEST_CASE("circle: errors") {
  CHECK_THROWS_TEXT(ValueError, "[circle] expected labels [batch] and embeddings [batch, n], received (4,) and (5, 4)",
                    losses::circle(constant({1, 2, 3, 4}), embeddings));
  CHECK_THROWS_TEXT(
      ValueError, "[circle] expected references [references, 4] with as many labels, received (2, 3) and 2 labels",
      losses::circle(labels, embeddings, {.ref_labels = constant({1, 2}), .ref_embeddings = ones({2, 3})}));
}
