#include <memory>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"

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

/// A handwritten loop that does what fit does, with shuffling, running loss and metric.
std::function<void()> epoch_by_hand(const xp::data::TensorDataset& data) {
  struct State {
    xp::Sequential model = make_model();
    xp::optimizers::Adam optimizer;
    xp::metrics::Mean loss_mean;
    xp::metrics::SparseCategoricalAccuracy accuracy;
  };
  return [state = std::make_shared<State>(), shuffled = data.shuffle(7).batch(batch_size)]() mutable {
    auto& [model, optimizer, loss_mean, accuracy] = *state;
    loss_mean.reset_state();
    accuracy.reset_state();
    for (auto [x, y] : shuffled) {
      xp::GradientTape tape;
      auto y_pred = model(x, {.training = true});
      auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, y_pred));
      auto grads = tape.gradient(loss, model.trainable_variables());
      optimizer.apply_gradients(xp::zip(grads, model.trainable_variables()));
      loss_mean.update_state(loss);
      accuracy.update_state(y, y_pred);
    }
  };
}

std::function<void()> epoch_by_fit(const xp::data::TensorDataset& data) {
  auto model = std::make_shared<xp::Sequential>(make_model());
  model->compile("adam", "sparse_categorical_crossentropy", {"accuracy"});
  return [model, data] { model->fit(data, {.batch_size = batch_size, .verbose = 0}); };
}

}  // namespace

Group fit_group() {
  const std::string name = "fit 784-32-10 b32";
  return {
      "fit",
      "Model::fit, a batch, of epochs of 200 with running loss and accuracy",
      {"by hand"},
      {{name, [name](const Effort& effort) {
          const auto data = make_data();
          return compare(name, {"us", batches}, {}, effort, [&](int) {
            return std::vector<Contender>{{epoch_by_fit(data), "fit"}, {epoch_by_hand(data), "by hand", Role::limit}};
          });
        }}}};
}

}  // namespace bench
