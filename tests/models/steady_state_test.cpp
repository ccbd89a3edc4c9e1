#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "support/threads.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/core/build_info.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

using ModelPtr = std::shared_ptr<Model>;

/// A training step as one writes it by hand.
class Step {
 public:
  Step(ModelPtr model, Tensor x, std::int64_t classes) : model_(std::move(model)), x_(std::move(x)) {
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < x_.shape()[0]; ++i) labels.push_back(i % classes);
    y_ = constant(labels);
  }
  void operator()() {
    GradientTape tape;
    const Tensor output = (*model_)(x_, {.training = true});
    const Tensor loss = reduce_mean(losses::sparse_categorical_crossentropy(y_, output));
    const auto gradients = tape.gradient(loss, model_->trainable_variables());
    adam_.apply_gradients(zip(gradients, model_->trainable_variables()));
  }

 private:
  ModelPtr model_;
  Tensor x_, y_;
  optimizers::Adam adam_;
};

template <class... Layers>
ModelPtr sequential(Layers... layers) {
  auto model = std::make_shared<Sequential>();
  (model->add(std::move(layers)), ...);
  return model;
}

layers::Dense classifier(DType dtype = float32) { return layers::Dense(5, {.activation = "softmax", .dtype = dtype}); }

struct AttentionBlock : Model {
  explicit AttentionBlock(double dropout) : attention(track(layers::MultiHeadAttention(2, 4, {.dropout = dropout}))) {}
  Tensor call(const Tensor& x) override {
    const Tensor y = norm1(x + attention({x, x}));
    return out(reduce_mean(norm2(y + down(up(y))), 1));
  }
  layers::MultiHeadAttention attention;
  layers::LayerNormalization norm1 = track(layers::LayerNormalization()), norm2 = track(layers::LayerNormalization());
  layers::Dense up = track(layers::Dense(16, {.activation = "gelu"})), down = track(layers::Dense(8));
  layers::Dense out = track(classifier());
};

struct PlainAttention : Model {
  Tensor call(const Tensor& x) override { return out(reduce_mean(attention({x, x}), 1)); }
  layers::Attention attention = track(layers::Attention({.use_scale = true, .use_causal_mask = true}));
  layers::Dense out = track(classifier());
};

struct Network {
  std::string name;
  std::function<ModelPtr()> make;
  Tensor x;
};

std::vector<Network> networks() {
  random::Generator generator(1);
  const auto some = [&](const Shape& shape) { return generator.normal(shape); };
  const Tensor vectors = some({8, 12}), sequences = some({8, 6, 8}), images = some({4, 10, 10, 2});
  const Tensor doubles = cast(images, float64);
  Tensor ids = cast(cast(generator.uniform({8, 6}, 0, 20), int32), int64);
  constexpr DType wide = float64;  // its convolutions are ours: those of oneDNN have a test of their own
  return {
      {"dense", [] { return sequential(layers::Dense(7, {.activation = "relu"}), classifier()); }, vectors},
      {"dense sigmoid", [] { return sequential(layers::Dense(2, {.activation = "sigmoid"}), classifier()); }, vectors},
      {"dropout",
       [] { return sequential(layers::Dense(7, {.activation = "relu"}), layers::Dropout(0.4), classifier()); },
       vectors},
      {"batch normalization",
       [] { return sequential(layers::Dense(7), layers::BatchNormalization(), layers::ReLU(), classifier()); },
       vectors},
      {"layer normalization", [] { return sequential(layers::Dense(8), layers::LayerNormalization(), classifier()); },
       vectors},
      {"group normalization",
       [] { return sequential(layers::Dense(8), layers::GroupNormalization({.groups = 2}), classifier()); }, vectors},
      {"convolutions",
       [] {
         return sequential(layers::Conv2D(4, 3, {.padding = "same", .activation = "relu", .dtype = wide}),
                           layers::MaxPooling2D(), layers::Conv2D(3, 3, {.strides = 2, .dtype = wide}),
                           layers::Flatten(), classifier(wide));
       },
       doubles},
      {"other convolutions",
       [] {
         return sequential(layers::DepthwiseConv2D(3, {.dtype = wide}), layers::AveragePooling2D(2, {.dtype = wide}),
                           layers::Conv2DTranspose(3, 2, {.dtype = wide}),
                           layers::SeparableConv2D(3, 2, {.dtype = wide}),
                           layers::GlobalAveragePooling2D({.dtype = wide}), classifier(wide));
       },
       doubles},
      {"simple recurrent", [] { return sequential(layers::SimpleRNN(5), classifier()); }, sequences},
      {"lstm", [] { return sequential(layers::LSTM(5, {.return_sequences = true}), layers::LSTM(4), classifier()); },
       sequences},
      {"lstm step by step", [] { return sequential(layers::LSTM(5, {.activation = "relu"}), classifier()); },
       sequences},
      {"gru", [] { return sequential(layers::GRU(5), classifier()); }, sequences},
      {"bidirectional", [] { return sequential(layers::Bidirectional(layers::LSTM(5)), classifier()); }, sequences},
      {"embedding", [] { return sequential(layers::Embedding(20, 4), layers::GlobalAveragePooling1D(), classifier()); },
       ids},
      {"embedding and lstm", [] { return sequential(layers::Embedding(20, 4), layers::LSTM(3), classifier()); }, ids},
      {"attention of several heads", [] { return std::make_shared<AttentionBlock>(0.0); }, sequences},
      {"attention with dropout", [] { return std::make_shared<AttentionBlock>(0.3); }, sequences},
      {"attention of one head", [] { return std::make_shared<PlainAttention>(); }, sequences}};
}

/// What OpenBLAS asks for in a step: its kernel for small float64 products calls malloc on processors with AVX-512
/// (dgemm_small_kernel of COOPERLAKE), and builds for any processor leave such products to it.
std::int64_t allocations_of_blas(const std::string& network) {
#ifdef __AVX512F__
  (void)network;
  return 0;
#else
  return network == "convolutions" ? 1 : 0;
#endif
}

}  // namespace

TEST_CASE("steady state: a training step makes no call to malloc, and its memory does not grow") {
  for (const Network& network : networks()) {
    CAPTURE(network.name);
    for (const int threads : {1, 2}) {
      CAPTURE(threads);
      const Threads set(threads);
      Step step(network.make(), network.x, 4);
      for (int i = 0; i < 6; ++i) step();
      const MemoryStats before = memory_stats();
      const AllocationCount count;
      for (int i = 0; i < 20; ++i) step();
      const std::int64_t allocations = count.value();
      if (AllocationCount::available()) CHECK(allocations <= 20 * allocations_of_blas(network.name));
      CHECK(memory_stats().system_bytes == before.system_bytes);
      if (testing::pooled()) CHECK(memory_stats().system_allocations == before.system_allocations);
    }
  }
}

TEST_CASE(
    "steady state: oneDNN's own calls to malloc are all that a float32 convolution makes, as many in every step") {
  if (!AllocationCount::available()) return;
  random::Generator generator(1);
  Step step(sequential(layers::Conv2D(8, 3, {.padding = "same", .activation = "relu"}), layers::MaxPooling2D(),
                       layers::Flatten(), classifier()),
            generator.normal({4, 10, 10, 2}), 4);
  for (int i = 0; i < 6; ++i) step();
  const auto allocations_of = [&](int steps) {
    const AllocationCount count;
    for (int i = 0; i < steps; ++i) step();
    return count.value();
  };
  const std::int64_t ten = allocations_of(10), twenty = allocations_of(20);
  CHECK(twenty == 2 * ten);
  if (build_info().find("oneDNN           not used") != std::string::npos) CHECK(ten == 0);
}

TEST_CASE("steady state: thousands of steps grow nothing") {
  const Tensor x = constant({{0.f, 0.f}, {0.f, 1.f}, {1.f, 0.f}, {1.f, 1.f}}),
               y = constant({{0.f}, {1.f}, {1.f}, {0.f}});
  const ModelPtr model =
      sequential(layers::Dense(2, {.activation = "sigmoid"}), layers::Dense(1, {.activation = "sigmoid"}));
  optimizers::Adam adam;
  const auto step = [&] {
    GradientTape tape;
    const Tensor loss = reduce_mean(losses::mean_squared_error(y, (*model)(x, {.training = true})));
    const auto gradients = tape.gradient(loss, model->trainable_variables());
    adam.apply_gradients(zip(gradients, model->trainable_variables()));
  };
  for (int i = 0; i < 10; ++i) step();
  const MemoryStats before = memory_stats();
  const AllocationCount count;
  for (int i = 0; i < 3000; ++i) step();
  const std::int64_t allocations = count.value();
  if (AllocationCount::available()) CHECK(allocations == 0);
  CHECK(memory_stats().system_bytes == before.system_bytes);
  if (testing::pooled()) CHECK(memory_stats().system_allocations == before.system_allocations);
}

TEST_CASE("steady state: fit calls malloc for an epoch, not for a step") {
  if (!AllocationCount::available()) return;
  random::Generator generator(1);
  const auto allocations_of = [&](std::int64_t samples) {
    const Tensor x = generator.normal({samples, 6}), y = zeros({samples}, int64);
    const ModelPtr model = sequential(layers::Dense(4, {.activation = "relu"}), classifier());
    model->compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
    (void)model->fit(x, y, {.batch_size = 4, .epochs = 2, .verbose = 0, .shuffle = false});
    const AllocationCount count;
    (void)model->fit(x, y, {.batch_size = 4, .epochs = 2, .verbose = 0, .shuffle = false});
    return count.value();
  };
  const std::int64_t few = allocations_of(40), many = allocations_of(400);
  CHECK(many == few);
}
