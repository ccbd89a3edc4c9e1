#include "fit_benchmark.hpp"

#include <fmt/format.h>

#include <xtape/xtape.hpp>

namespace bench {
namespace {

namespace xp = xtape;

constexpr std::int64_t batch_size = 32, batches = 200;

xp::data::TensorDataset make_data() {
  xp::random::Generator generator(3);
  const std::int64_t rows = batch_size * batches;
  return {generator.uniform({rows, 784}), generator.uniform({rows}, 0, 10, xp::int32)};
}

xp::Sequential make_model() {
  xp::random::set_seed(1);
  return xp::Sequential(xp::Input({784}), xp::layers::Dense(32, {.activation = "relu"}),
                        xp::layers::Dense(10, {.activation = "softmax"}));
}

}  // namespace

std::vector<FitResult> run_fit_benchmarks(const std::string& filter, const Effort& effort) {
  const std::string name = "fit 784-32-10 b32";
  std::vector<FitResult> results;
  if (name.find(filter) == name.npos) return results;
  const auto data = make_data();
  auto fitted = make_model(), looped = make_model();
  fitted.compile("adam", "sparse_categorical_crossentropy", {"accuracy"});

  // What fit does, shuffling, the running loss and the metric included, as one would write it.
  xp::optimizers::Adam optimizer;
  auto shuffled = data.shuffle(7).batch(batch_size);
  xp::metrics::Mean loss_mean;
  xp::metrics::SparseCategoricalAccuracy accuracy;
  const auto epoch_by_hand = [&] {
    loss_mean.reset_state();
    accuracy.reset_state();
    for (auto [x, y] : shuffled) {
      xp::GradientTape tape;
      auto y_pred = looped(x, {.training = true});
      auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, y_pred));
      auto grads = tape.gradient(loss, looped.trainable_variables());
      optimizer.apply_gradients(xp::zip(grads, looped.trainable_variables()));
      loss_mean.update_state(loss);
      accuracy.update_state(y, y_pred);
    }
  };
  fmt::print("\nus per batch, an epoch of {} batches, with running loss and accuracy\n\n{:<26}{:>8}{:>11}{:>11}{:>9}\n",
             batches, "", "threads", "fit", "by hand", "ratio");
  for (const int threads : {1, 2}) {
    xp::set_num_threads(threads);
    Contender fit, hand;
    fit.step = [&] { fitted.fit(data, {.batch_size = batch_size, .verbose = 0}); };
    hand.step = epoch_by_hand;
    measure({&fit, &hand}, effort);
    results.push_back({name, threads, fit.us / batches, hand.us / batches});
    const auto& r = results.back();
    fmt::print("{:<26}{:>8}{:>11.2f}{:>11.2f}{:>9.3f}\n", r.name, r.threads, r.fit_us, r.hand_us, r.fit_us / r.hand_us);
  }
  return results;
}

}  // namespace bench
