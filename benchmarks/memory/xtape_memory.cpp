#include <xtape/xtape.hpp>

#include <string_view>

#include "memory/report.hpp"

// Trains 784-512-128-32-10 with batches of 1024, in a process without libtorch.
// usage: xtape_bench_memory batches|epoch|fashion_mnist [STEPS]
namespace xp = xtape;

namespace {

constexpr std::int64_t batch_size = 1024;

/// Returns the bytes that training holds beyond the data.
std::int64_t train(const std::function<xp::data::Batch()>& next, int steps) {
  const auto before = xp::memory_stats().system_bytes;
  xp::Sequential model(xp::Input({784}), xp::layers::Dense(512, {.activation = "relu"}),
                       xp::layers::Dense(128, {.activation = "relu"}), xp::layers::Dense(32, {.activation = "relu"}),
                       xp::layers::Dense(10, {.activation = "softmax"}));
  xp::optimizers::Adam optimizer;
  for (int step = 0; step < steps; ++step) {
    auto [x, y] = next();
    xp::GradientTape tape;
    auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, model(x, {.training = true})));
    auto grads = tape.gradient(loss, model.trainable_variables());
    optimizer.apply_gradients(xp::zip(grads, model.trainable_variables()));
  }
  return xp::memory_stats().system_bytes - before;
}

xp::data::TensorDataset examples(std::int64_t n) {
  return {xp::random::uniform({n, 784}), xp::random::uniform({n}, 0, 10, xp::int32)};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "batches";
  const int steps = argc > 2 ? std::atoi(argv[2]) : 60;
  xp::set_num_threads(1);
  return bench::report_memory([&] {
    if (mode == "batches") {
      std::vector<xp::data::Batch> batches;
      for (int i = 0; i < 4; ++i) {
        const auto data = examples(batch_size);
        batches.push_back({data.x, data.y});
      }
      return train([&, i = std::size_t{0}]() mutable { return batches[i++ % batches.size()]; }, steps);
    }
    if (mode == "epoch") {
      xp::data::RandomBatches batches(examples(60000), batch_size, 1);
      return train([&] { return batches.next(); }, steps);
    }
    const auto [train_data, test] = xp::datasets::fashion_mnist::load_data();
    xp::data::RandomBatches batches({reshape(train_data.x, {-1, 784}), train_data.y}, batch_size, 1);
    return train([&] { return batches.next(); }, steps);
  });
}
