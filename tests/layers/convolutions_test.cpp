#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/layers/conv2d.hpp"

namespace xtape {
namespace {

const testing::LayerTable table = {
    {.layer = "Conv2D",
     .make =
         [](DType dtype) {
           return layers::Conv2D(3, {2, 3}, {.strides = {1, 2}, .padding = "same", .dtype = dtype});
         },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 4, 3, 3}},
     .weights = {{"kernel", {2, 3, 2, 3}}, {"bias", {3}}},
     .wrong = {{{{2, 10}}, "received shape (2, 10)"}}},
};

TEST_CASE("convolution layers: what holds for every layer") { testing::check_layers(table); }

}  // namespace
}  // namespace xtape
