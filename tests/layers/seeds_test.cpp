// Layers with seeds: their generators are parts of them, so that checkpoints hold their states.
#include <set>

#include "layers/all_rows.hpp"
#include "layers/layer_state.hpp"
#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/attention.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/group_query_attention.hpp"
#include "xtape/layers/gru.hpp"
#include "xtape/layers/lstm.hpp"
#include "xtape/layers/multi_head_attention.hpp"
#include "xtape/layers/noise.hpp"
#include "xtape/layers/random_crop.hpp"
#include "xtape/layers/random_images.hpp"
#include "xtape/layers/simple_rnn.hpp"

namespace xtape::testing {
namespace {

struct Seeded {
  AnyLayer layer;
  TensorList inputs;
};

std::vector<Seeded> every_seeded_layer() {
  using namespace layers;
  const Tensor x = ones({2, 3}), steps = ones({2, 3, 4}), images = full({2, 6, 6, 3}, 0.5F), h = ones({2, 2});
  return {{Dropout(0.5, {.seed = 1}), x},
          {SpatialDropout1D(0.5, {.seed = 1}), steps},
          {SpatialDropout2D(0.5, {.seed = 1}), images},
          {GaussianNoise(0.5, {.seed = 1}), x},
          {GaussianDropout(0.5, {.seed = 1}), x},
          {AlphaDropout(0.5, {.seed = 1}), x},
          {Attention({.dropout = 0.5, .seed = 1}), {steps, steps}},
          {GroupQueryAttention(2, 2, 1, {.dropout = 0.5, .seed = 1}), {steps, steps}},
          {AdditiveAttention({.dropout = 0.5, .seed = 1}), {steps, steps}},
          {MultiHeadAttention(1, 2, {.dropout = 0.5, .seed = 1}), {steps, steps}},
          {SimpleRNN(2, {.dropout = 0.5, .seed = 1}), steps},
          {SimpleRNNCell(2, {.dropout = 0.5, .seed = 1}), {x, h}},
          {LSTM(2, {.dropout = 0.5, .seed = 1}), steps},
          {LSTMCell(2, {.dropout = 0.5, .seed = 1}), {x, h, h}},
          {GRU(2, {.dropout = 0.5, .seed = 1}), steps},
          {GRUCell(2, {.dropout = 0.5, .seed = 1}), {x, h}},
          {RandomCrop(2, 2, {.seed = 1}), images},
          {RandomFlip("horizontal", {.seed = 1}), images},
          {RandomRotation(0.2, {.seed = 1}), images},
          {RandomTranslation(0.2, 0.2, {.seed = 1}), images},
          {RandomZoom(0.2, {.seed = 1}), images},
          {RandomBrightness(0.2, {.seed = 1}), images},
          {RandomContrast(0.2, {.seed = 1}), images}};
}

TEST_CASE("layers: every one with a seed draws from a generator that is a part of it") {
  std::set<std::string> checked;
  for (const Seeded& each : every_seeded_layer()) {
    Layer& layer = *each.layer;
    INFO(layer.class_name());
    checked.insert(layer.class_name());
    (void)layer(each.inputs);
    const auto generators = detail::LayerState::of(layer).all_generators();
    REQUIRE(generators.size() == 1);
    const auto before = generators[0]->state(), others = random::default_generator().state();
    (void)layer(each.inputs, {.training = true});
    CHECK_FALSE(generators[0]->state() == before);
    CHECK(random::default_generator().state() == others);
  }
  std::set<std::string> with_seed;
  for (const LayerRow& row : all_layer_rows()) {
    const Config config = row.make(float32)->config();
    if (config.contains("seed")) with_seed.insert(row.layer);
  }
  CHECK(checked == with_seed);
}

}  // namespace
}  // namespace xtape::testing
