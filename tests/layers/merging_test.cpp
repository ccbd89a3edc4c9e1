#include "xtape/layers/merging.hpp"

#include <cmath>

#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape {
namespace {

const testing::WrongInputs incompatible = {
    {{2, 3}, {2, 4}, {2, 3}},
    "Inputs have incompatible shapes. Received shapes (2, 3), (2, 4), (2, 3)\n  in layer 'the_layer'"};
const testing::WrongInputs batches = {
    {{2, 3}, {3, 3}, {2, 3}},
    "Cannot merge tensors with different batch sizes. Received tensors with shapes (2, 3), (3, 3), (2, 3)"};

/// A layer of three inputs, one of which is broadcast.
template <class L>
testing::LayerRow merging(const char* name) {
  return {.layer = name,
          .masks = testing::Masks::combines,
          .make = [](DType) { return L(); },
          .inputs = {{.shape = {2, 3}}, {.shape = {2, 1}}, {.shape = {2, 3}}},
          .outputs = {{2, 3}},
          .wrong = {incompatible, batches, {{}, "should be called on a list of at least 1 input"}}};
}

const testing::LayerTable merging_table = {
    merging<layers::Add>("Add"),
    merging<layers::Multiply>("Multiply"),
    merging<layers::Average>("Average"),
    merging<layers::Maximum>("Maximum"),
    merging<layers::Minimum>("Minimum"),
    {.layer = "Subtract",
     .masks = testing::Masks::combines,
     .make = [](DType) { return layers::Subtract(); },
     .inputs = {{.shape = {2, 4, 3}}, {.shape = {2, 3}}},
     .outputs = {{2, 4, 3}},
     .wrong = {{{{2, 3}}, "A `Subtract` layer should be called on exactly 2 inputs. Received 1 inputs."}}},
    {.layer = "Concatenate",
     .masks = testing::Masks::combines,
     .make = [](DType) { return layers::Concatenate(); },
     .inputs = {{.shape = {2, 3, 1}}, {.shape = {2, 3, 4}}},
     .outputs = {{2, 3, 5}},
     .wrong = {{{{2, 3, 1}, {2, 2, 1}},
                "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                "Received: input_shape=[(2, 3, 1), (2, 2, 1)]"},
               {{{2, 3}, {2, 3, 1}}, "requires inputs with matching shapes"},
               {{}, "should be called on a list of at least 1 input"}}},
    {.layer = "Concatenate",
     .masks = testing::Masks::combines,
     .make = [](DType) { return layers::Concatenate(1); },
     .inputs = {{.shape = {2, 3, 2}}, {.shape = {2, 1, 2}}, {.shape = {2, 2, 2}}},
     .outputs = {{2, 6, 2}},
     .wrong = {{{{2}, {2}}, "Axis 1 is out of bounds for layer \"the_layer\""}}},
    {.layer = "Dot",
     .masks = testing::Masks::drops,
     .make =
         [](DType) {
           return layers::Dot({1, 2});
         },
     .inputs = {{.shape = {2, 3, 5}}, {.shape = {2, 4, 3}}},
     .outputs = {{2, 5, 4}},  // as Keras's docs say
     .wrong = {{{{2, 3, 5}, {2, 3, 4}},
                "Incompatible input shapes: axis values 3 (at axis 1) != 4 (at axis 2). Full input shapes: (2, 3, 5), "
                "(2, 3, 4)"},
               {{{2, 3}}, "A `Dot` layer should be called on a list of 2 inputs. Received 1 inputs."},
               {{{2, 3}, {3, 3}}, "Axis 2 is out of bounds"}}},
    {.layer = "Dot",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::Dot(-1, {.normalize = true}); },
     .inputs = {{.shape = {2, 3}}, {.shape = {2, 3}}},
     .outputs = {{2, 1}},
     .wrong = {{{{2, 3}, {3, 3}}, "different batch sizes"}, {{{2}, {2}}, "expected min_ndim=2"}}},
};

TEST_CASE("merging layers: what holds for every layer") { testing::check_layers(merging_table); }

const Tensor a = constant({{1.0, -2.0}, {3.0, 4.0}}), b = constant({{5.0, 6.0}, {-7.0, 8.0}});

TEST_CASE("merging layers: values, as layers and as functions") {
  CHECK_CLOSE(layers::add({a, b}), {6, 4, -4, 12});
  CHECK_CLOSE(layers::add({a, b, a}), {7, 2, -1, 16});
  CHECK_CLOSE(layers::subtract({a, b}), {-4, -8, 10, -4});
  CHECK_CLOSE(layers::multiply({a, b}), {5, -12, -21, 32});
  CHECK_CLOSE(layers::average({a, b}), {3, 2, -2, 6});
  CHECK_CLOSE(layers::maximum({a, b}), {5, 6, 3, 8});
  CHECK_CLOSE(layers::minimum({a, b}), {1, -2, -7, 4});
  CHECK_CLOSE(layers::concatenate({a, b}), {1, -2, 5, 6, 3, 4, -7, 8});
  CHECK_CLOSE(layers::concatenate({a, b}, 0), {1, -2, 3, 4, 5, 6, -7, 8});
  CHECK_CLOSE(layers::dot({a, b}, 1), {-7, 11});
  const Tensor sum = layers::Add()({a, b});
  CHECK_CLOSE(sum, {6, 4, -4, 12});
  const std::vector<Tensor> both{a, b};
  CHECK_CLOSE(layers::add(both), {6, 4, -4, 12});
  CHECK_CLOSE(layers::add({a}), {1, -2, 3, 4});
}

TEST_CASE("Dot: the example of Keras's docs, and cosines") {
  // numpy's batch products of arange(10) and arange(10, 20), printed in the docs.
  const Tensor x = cast(reshape(arange(10), {1, 5, 2}), float32), y = cast(reshape(arange(10, 20), {1, 2, 5}), float32);
  CHECK_CLOSE(layers::dot({x, y}, {1, 2}), {260, 360, 320, 445});
  const Tensor p = constant({{3.0, 4.0}}), q = constant({{-5.0, 12.0}});
  CHECK_CLOSE(layers::dot({p, q}, 1, {.normalize = true}), {33.0 / 65}, 1e-6);
  CHECK_THROWS_TEXT(ValueError, "Cannot perform a dot product over axis 0, the batch. Received axes (0, 0)",
                    layers::dot({p, q}, 0));
}

TEST_CASE("merging layers: an input with fewer axes gets them after the batch") {
  const Tensor rows = constant({{{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}}), row = constant({{10.0, 20.0}});
  CHECK_CLOSE(layers::add({rows, row}), {11, 22, 13, 24, 15, 26});
}

TEST_CASE("merging layers: of symbolic tensors, in a model") {
  auto x = Input({2}), y = Input({2});
  auto sum = layers::add({x, y});
  CHECK(sum.shape() == Shape{-1, 2});
  auto all = layers::concatenate({sum, layers::subtract({x, y}), layers::multiply({x, y}), layers::dot({x, y}, 1),
                                  layers::maximum({x, y}), layers::minimum({x, y}), layers::average({x, y})});
  CHECK(all.shape() == Shape{-1, 13});
  CHECK(all.name() == "concatenate");
  Model model({x, y}, all);
  CHECK_CLOSE(model({constant({{1.0, 2.0}}), constant({{3.0, -4.0}})})[0],
              {4, -2, -2, 6, 3, -8, -5, 3, 2, 1, -4, 2, -1});
  auto z = Input({3});
  CHECK_THROWS_TEXT(ValueError, "Inputs have incompatible shapes", layers::add({x, z}));
  CHECK_THROWS_TEXT(ValueError, "Received: input_shape=[(None, 2), (None, 3)]", layers::concatenate({x, z}, 0));
}

}  // namespace
}  // namespace xtape
