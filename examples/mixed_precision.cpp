// Mixed precision: a network trained in float32 and in mixed_bfloat16, its time per step and its accuracy in both.
#include <chrono>

#include <fmt/core.h>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

struct Result {
  double seconds, accuracy;
};

/// All layers that are made after the policy was set use it, except the last one, which computes probabilities in
/// float32.
Result train(const std::string& policy, const xp::datasets::TrainTest& data) {
  xp::mixed_precision::set_global_policy(policy);
  xp::random::set_seed(1);
  xp::Sequential model{
      layers::Flatten(),
      layers::Dense(512, {.activation = "relu"}),
      layers::Dense(128, {.activation = "relu"}),
      layers::Dense(32, {.activation = "relu"}),
      layers::Dense(10, {.activation = "softmax", .dtype = "float32"}),
  };
  model.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  const auto start = std::chrono::steady_clock::now();
  model.fit(data.train.x, data.train.y, {.batch_size = 1024, .epochs = examples::times(5), .verbose = 0});
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  return {elapsed.count(), model.evaluate(data.test, {.verbose = 0})["accuracy"]};
}

int main() {
  const auto data = examples::load_fashion_mnist();
  fmt::print("fast bfloat16 products: {}\n\n", xp::mixed_precision::has_fast_bfloat16() ? "yes" : "no");
  fmt::print("{:15} {:>8} {:>14}\n", "policy", "seconds", "test accuracy");
  for (const std::string policy : {"float32", "mixed_bfloat16"}) {
    const Result result = train(policy, data);
    fmt::print("{:15} {:8.2f} {:14.4f}\n", policy, result.seconds, result.accuracy);
  }
}
