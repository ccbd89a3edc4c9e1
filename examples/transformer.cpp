// A transformer reads digits and writes them backwards; its attention shows where it looks.
#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

constexpr std::int64_t length = 12, digits = 10, width = 32;

/// Attention and a small network, each with a residual connection and normalization (Vaswani et al., 2017).
struct Block : xp::LayerBase<Block> {
  layers::MultiHeadAttention attention = track(layers::MultiHeadAttention(2, 16, {.return_attention_scores = true}));
  layers::LayerNormalization norm1 = track(layers::LayerNormalization());
  layers::Dense hidden = track(layers::Dense(2 * width, {.activation = "gelu"}));
  layers::Dense back = track(layers::Dense(width));
  layers::LayerNormalization norm2 = track(layers::LayerNormalization());

  xp::TensorList call_list(const xp::TensorList& inputs) override {  // {x} -> {y, weights [batch, 2, time, time]}
    const xp::Tensor x = inputs.only();
    auto attended = attention.outputs({x, x});
    auto y = norm1(x + attended[0]);
    return {norm2(y + back(hidden(y))), attended[1]};
  }
};

struct Reverser : xp::Model {
  layers::Embedding tokens = track(layers::Embedding(digits, width), "tokens");
  layers::Embedding places = track(layers::Embedding(length, width), "places");
  Block block = track(Block());
  layers::Dense logits = track(layers::Dense(digits), "logits");

  xp::Tensor call(const xp::Tensor& x) override { return logits(block.outputs(embedded(x))[0]); }
  /// Which places each place looks at, by either head.
  xp::Tensor weights(const xp::Tensor& x) { return block.outputs(embedded(x))[1]; }

 private:
  xp::Tensor embedded(const xp::Tensor& x) { return tokens(x) + places(xp::arange(x.shape(1))); }
};

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  auto x = xp::random::uniform({4000, length}, 0, digits, xp::int32);
  auto y = xp::reverse(x, {1});

  Reverser model;
  model.compile(xp::optimizers::Adam({.learning_rate = 0.003}),
                xp::losses::SparseCategoricalCrossentropy({.from_logits = true}), {"accuracy"});
  model.fit(x, y, {.batch_size = 50, .epochs = examples::times(6), .verbose = 2, .validation_split = 0.1});

  auto some = xp::random::uniform({1, length}, 0, digits, xp::int32);
  fmt::print("{}\n{}\n", some, xp::argmax(model.predict(some), -1));
  auto weights = model.weights(some)[0];  // [2, time, time]
  xp::plot::image_grid(weights / xp::reduce_max(weights), {"head 1", "head 2"}, output("transformer.png"),
                       {.title = "from each place (rows) to each place (columns)", .columns = 2, .size = 240});
}
