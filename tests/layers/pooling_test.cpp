#include "layers/harness.hpp"
#include "support/check.hpp"
#include "xtape/layers/max_pooling2d.hpp"

namespace xtape {
namespace {

const testing::LayerTable table = {
    {.layer = "MaxPooling2D",
     .make = [](DType) { return layers::MaxPooling2D(2, {.strides = 1}); },
     .inputs = {{.shape = {2, 4, 5, 2}}},
     .outputs = {{2, 3, 4, 2}},
     .wrong = {{{{2, 10}}, "received shape (2, 10)"}}},
};

TEST_CASE("pooling layers: what holds for every layer") { testing::check_layers(table); }

}  // namespace
}  // namespace xtape
