#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/layers/activation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/flatten.hpp"

namespace xtape {
namespace {

const testing::LayerTable core_layers_table = {
    {.layer = "Dense",
     .masks = testing::Masks::passes,
     .make = [](DType dtype) { return layers::Dense(4, {.activation = "tanh", .dtype = dtype}); },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 4}},
     .weights = {{"kernel", {3, 4}}, {"bias", {4}}},
     .wrong =
         {{{{}},
           "Input 0 of layer \"the_layer\" is incompatible with the layer: expected min_ndim=1, found ndim=0. Full "
           "shape received: ()"}}},
    {.layer = "Dense",
     .masks = testing::Masks::passes,
     .make = [](DType dtype) { return layers::Dense(2, {.use_bias = false, .dtype = dtype}); },
     .inputs = {{.shape = {2, 5, 3}}},
     .outputs = {{2, 5, 2}},
     .weights = {{"kernel", {3, 2}}}},
    {.layer = "Activation",
     .masks = testing::Masks::passes,
     .make = [](DType) { return layers::Activation("softplus"); },
     .inputs = {{.shape = {2, 3}}},
     .outputs = {{2, 3}}},
    {.layer = "Dropout",
     .masks = testing::Masks::passes,
     .make = [](DType) { return layers::Dropout(0.5); },
     .inputs = {{.shape = {4, 3}}},
     .outputs = {{4, 3}},
     .random = true},
    {.layer = "Flatten",
     .masks = testing::Masks::drops,
     .make = [](DType) { return layers::Flatten(); },
     .inputs = {{.shape = {2, 3, 4}}},
     .outputs = {{2, 12}},
     .wrong = {{{{}}, "received a scalar"}}},
};

TEST_CASE("core layers: what holds for every layer") { testing::check_layers(core_layers_table); }

}  // namespace
}  // namespace xtape
