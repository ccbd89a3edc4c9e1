#include "xtape/layers/einsum_dense.hpp"

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

using layers::EinsumDense;

// The shapes of Keras's einsum_dense_test.py.
const testing::LayerTable table = {
    {.layer = "EinsumDense",
     .masks = testing::Masks::passes,
     .make =
         [](DType d) {
           return EinsumDense("abc,cde->abde", {-1, 2, 3}, {.activation = "tanh", .bias_axes = "de", .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 2, 3}},
     .weights = {{"kernel", {4, 2, 3}}, {"bias", {2, 3}}},
     .wrong = {{{{2, 3}}, "expected ndim=3, found ndim=2. Full shape received: (2, 3)"}}},
    {.layer = "EinsumDense",
     .masks = testing::Masks::passes,
     .make = [](DType d) { return EinsumDense("...x,xy->...y", 5, {.bias_axes = "y", .dtype = d}); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 5}},
     .weights = {{"kernel", {4, 5}}, {"bias", {5}}},
     .wrong = {{{{}}, "expected min_ndim=1"}}},
    // The steps are mixed: the mask does not pass.
    {.layer = "EinsumDense",
     .masks = testing::Masks::drops,
     .make =
         [](DType d) {
           return EinsumDense("abc,bd->adc", {5, 4}, {.bias_axes = "d", .dtype = d});
         },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 5, 4}},
     .weights = {{"kernel", {3, 5}}, {"bias", {5, 1}}}},
    {.layer = "EinsumDense",
     .masks = testing::Masks::drops,
     .make = [](DType d) { return EinsumDense("ab...,bc->ac...", 3, {.bias_axes = "c", .dtype = d}); },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 3, 5, 2}},
     .weights = {{"kernel", {4, 3}}, {"bias", {3, 1, 1}}}},
};

TEST_CASE("EinsumDense: what holds for every layer") { testing::check_layers(table); }

struct Case {
  const char *equation, *bias_axes;
  Shape input;
  layers::EinsumDenseShape output_shape;
  Shape kernel, bias, output;
};

TEST_CASE("EinsumDense: the shapes of Keras's tests") {
  // keras/layers/core/einsum_dense_test.py, test_weight_shapes and others
  const Case cases[] = {
      {"ab,bc->ac", "c", {5, 2}, 4, {2, 4}, {4}, {5, 4}},
      {"ab,bc->ac", nullptr, {5, 2}, 4, {2, 4}, {}, {5, 4}},
      {"abc,cde->abde", "e", {2, 6, 4}, {6, 3, 5}, {4, 3, 5}, {5}, {2, 6, 3, 5}},
      {"abc,cde->abde", "bd", {2, 6, 4}, {-1, 3, 5}, {4, 3, 5}, {6, 3, 1}, {2, 6, 3, 5}},
      {"abc,bcd->ad", "d", {2, 6, 4}, 3, {6, 4, 3}, {3}, {2, 3}},
      {"abde,deh->abh", "h", {2, 3, 4, 5}, {-1, 7}, {4, 5, 7}, {7}, {2, 3, 7}},
      {"aBC,CD->aBD", "D", {2, 3, 4}, {-1, 5}, {4, 5}, {5}, {2, 3, 5}},
      {"...b,bc->...c", "c", {5, 2}, 4, {2, 4}, {4}, {5, 4}},
      {"...b,bc->...c", "c", {5, 7, 6, 2}, 4, {2, 4}, {4}, {5, 7, 6, 4}},
      {"...bc,cde->...bde", "d", {2, 7, 3, 4}, {-1, 5, 6}, {4, 5, 6}, {5, 1}, {2, 7, 3, 5, 6}},
      {"ab...,bc->ac...", "c", {5, 2, 7, 3}, 4, {2, 4}, {4, 1, 1}, {5, 4, 7, 3}},
      {"abc...,bcd->abd...", "bd", {5, 2, 3, 7}, {-1, 4}, {2, 3, 4}, {2, 4, 1}, {5, 2, 4, 7}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.equation);
    CAPTURE(each.input.str());
    layers::EinsumDenseOptions options;
    if (each.bias_axes != nullptr) options.bias_axes = each.bias_axes;
    EinsumDense layer(each.equation, each.output_shape, options);
    CHECK(layer(ones(each.input)).shape() == each.output);
    CHECK(layer.kernel().shape() == each.kernel);
    CHECK(layer.bias().defined() == (each.bias_axes != nullptr));
    if (each.bias_axes != nullptr) CHECK(layer.bias().shape() == each.bias);
  }
}

TEST_CASE("EinsumDense: as Dense, and as a product over two axes") {
  const Tensor x = random::Generator(1).normal({2, 3, 4});
  EinsumDense layer("abc,cd->abd", {-1, 5}, {.activation = "relu", .bias_axes = "d"});
  layers::Dense dense(5, "relu");
  (void)layer(x);
  (void)dense(x);
  const std::vector<Tensor> weights{random::Generator(2).normal({4, 5}), random::Generator(3).normal({5})};
  layer.set_weights(weights);
  dense.set_weights(weights);
  CHECK_CLOSE(layer(x), dense(x), 1e-6, 1e-6);
  // 1 2 3 4 times 1 10 100 1000, plus 5.
  EinsumDense both("abc,bcd->ad", 1, {.bias_axes = "d", .bias_initializer = "ones"});
  const Tensor square = constant({{{1.0, 2.0}, {3.0, 4.0}}});
  (void)both(square);
  both.set_weights({reshape(constant({1.0F, 10.0F, 100.0F, 1000.0F}), {2, 2, 1}), constant({5.0F})});
  CHECK_CLOSE(both(square), {1 + 20 + 300 + 4000 + 5});
}

TEST_CASE("EinsumDense: sequences of any length, and its config") {
  const auto x = Input({-1, 4});
  Model model(x, EinsumDense("abc,cde->abde", {-1, 2, 3}, {.bias_axes = "e", .name = "heads"})(x));
  CHECK(model.outputs()[0].shape() == Shape{-1, -1, 2, 3});
  CHECK(model.predict(ones({2, 7, 4})).shape() == Shape{2, 7, 2, 3});
  const std::string text = model.to_json();
  CHECK(text.find("\"output_shape\":[null,2,3]") != std::string::npos);
  CHECK(text.find("\"equation\":\"abc,cde->abde\"") != std::string::npos);
  CHECK(text.find("\"bias_axes\":\"e\"") != std::string::npos);
  Model again = models::model_from_json(text);
  again.set_weights(model.get_weights());
  CHECK_SAME_BITS(again.predict(ones({2, 7, 4})), model.predict(ones({2, 7, 4})));
}

TEST_CASE("EinsumDense: what cannot be is refused") {
  for (const char* equation : {"ab,bc", "ab->ac", "...ab,bc->ac", "ab,bc->...ac", "...ab...,bc->...ac...", "aa,ab->ab",
                               "ab,bc->ac->", "a1,1c->ac", "", "ab,->ab"}) {
    CAPTURE(equation);
    CHECK_THROWS_TEXT(ValueError, "Invalid einsum equation", EinsumDense(equation, 4));
  }
  CHECK_THROWS_TEXT(
      ValueError,
      "Dimension 'd' was specified in the output 'ad' but has no corresponding dim in the input spec 'ab' "
      "or weight spec 'bc'",
      EinsumDense("ab,bc->ad", 4));
  CHECK_THROWS_TEXT(ValueError, "Weight dimension 'd' did not have a match", EinsumDense("ab,bcd->ac", 4));
  CHECK_THROWS_TEXT(ValueError, "Bias dimension 'b' was requested, but is not part of the output spec 'ac'",
                    EinsumDense("ab,bc->ac", 4, {.bias_axes = "b"}));
  CHECK_THROWS_TEXT(ValueError, "expected bias_axes to have a letter", EinsumDense("ab,bc->ac", 4, {.bias_axes = ""}));
  CHECK_THROWS_TEXT(ValueError, "expected positive sizes or -1 as output_shape, received (0,)",
                    EinsumDense("ab,bc->ac", 0));
  CHECK_THROWS_TEXT(ValueError, "expected output_shape to have a size for each axis of the result 'abd'",
                    EinsumDense("abc,cd->abd", 4)(ones({2, 3, 4})));
  CHECK_THROWS_TEXT(ValueError, "expected output_shape to have a size for 'd', which the input 'abc' does not have",
                    EinsumDense("abc,cd->abd", {3, -1})(ones({2, 3, 4})));
  CHECK_THROWS_TEXT(ValueError, "do not match at shared dimension 'b'. Input shape is 3, and output shape is 5",
                    EinsumDense("abc,cd->abd", {5, 4})(ones({2, 3, 4})));
  CHECK_THROWS_TEXT(ValueError, "expected the batch, the first axis 'a' of the input",
                    EinsumDense("ab,bc->ca", 4)(ones({2, 3})));
  EinsumDense layer("abc,cd->abd", {-1, 4});
  (void)layer(ones({2, 3, 5}));
  CHECK_THROWS_TEXT(ValueError, "expected axis 2 of input shape to have value 5", layer(ones({2, 3, 4})));
}

}  // namespace
}  // namespace xtape
