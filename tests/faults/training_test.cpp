#include "faults/faults.hpp"
#include "support/check.hpp"
#include "xtape/xtape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// The values and gradients of a layer that is made anew each time.
template <class Make>
Workload of_layer(std::string name, Make make, Tensor x) {
  return {std::move(name), [make, x] {
            random::set_seed(1);
            auto layer = make();
            GradientTape tape;
            tape.watch(x);
            const Tensor y = layer(x, {.training = true});
            std::vector<Tensor> results = {y};
            auto sources = layer.trainable_variables();
            for (const Tensor& gradient : tape.gradient(reduce_sum(y * y), sources)) results.push_back(gradient);
            return results;
          }};
}

}  // namespace

TEST_CASE("faults: any allocation of a layer, from its making to its gradient, may fail") {
  random::Generator generator(1);
  const Tensor vectors = generator.normal({4, 6}), sequences = generator.normal({2, 3, 4}),
               images = generator.normal({2, 6, 6, 2});
  const auto check = [](const auto&... workload) { (check_each_allocation_may_fail(workload), ...); };
  check(of_layer(
            "Dense", [] { return layers::Dense(5, {.activation = "relu"}); }, vectors),
        of_layer(
            "BatchNormalization", [] { return layers::BatchNormalization(); }, vectors),
        of_layer(
            "LayerNormalization", [] { return layers::LayerNormalization(); }, vectors),
        of_layer(
            "Dropout", [] { return layers::Dropout(0.5); }, vectors),
        of_layer(
            "Conv1D", [] { return layers::Conv1D(3, 2); }, sequences),
        of_layer(
            "Conv2D", [] { return layers::Conv2D(3, 3); }, images),
        of_layer(
            "MaxPooling2D", [] { return layers::MaxPooling2D(); }, images));
}

TEST_CASE("faults: any allocation of a recurrent or attention layer may fail") {
  random::Generator generator(1);
  const Tensor x = generator.normal({2, 3, 4});
  const auto check = [](const auto&... workload) { (check_each_allocation_may_fail(workload), ...); };
  // Of one tensor as query and as value.
  const auto attending = [&](std::string name, auto make) {
    return Workload{std::move(name), [make, x] {
                      random::set_seed(1);
                      auto layer = make();
                      GradientTape tape;
                      tape.watch(x);
                      const Tensor y = layer(TensorList{x, x}, {.training = true}).only();
                      std::vector<Tensor> results = {y};
                      std::vector<Tensor> sources = {x};
                      for (const Variable& v : layer.trainable_variables()) sources.push_back(v.value());
                      for (const Tensor& gradient : tape.gradient(reduce_sum(y * y), sources)) {
                        results.push_back(gradient);
                      }
                      return results;
                    }};
  };
  check(of_layer(
            "LSTM", [] { return layers::LSTM(5); }, x),
        of_layer(
            "LSTM with dropout",
            [] { return layers::LSTM(5, {.dropout = 0.2, .recurrent_dropout = 0.2, .return_sequences = true}); }, x),
        of_layer(
            "GRU", [] { return layers::GRU(5, {.return_sequences = true}); }, x),
        of_layer(
            "GRU, reset first", [] { return layers::GRU(5, {.reset_after = false}); }, x),
        of_layer(
            "SimpleRNN", [] { return layers::SimpleRNN(5); }, x),
        of_layer(
            "Bidirectional", [] { return layers::Bidirectional(layers::LSTM(3, {.return_sequences = true})); }, x),
        attending("Attention", [] { return layers::Attention({.use_scale = true}); }),
        attending("AdditiveAttention", [] { return layers::AdditiveAttention(); }),
        attending("MultiHeadAttention", [] { return layers::MultiHeadAttention(2, 3); }));
}

TEST_CASE("faults: any allocation of fit may fail, and the next fit is a good one") {
  random::Generator generator(1);
  const Tensor x = generator.normal({12, 4}), y = cast(cast(generator.uniform({12}, 0, 3), int32), int64);
  check_each_allocation_may_fail(
      {"fit", [&] {
         random::set_seed(1);
         Sequential model;
         model.add(layers::Dense(5, {.activation = "relu"}));
         model.add(layers::Dense(3, {.activation = "softmax"}));
         model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
         model.fit(x, y, {.batch_size = 4, .epochs = 2, .verbose = 0});
         return std::vector<Tensor>{model.predict(x)};
       }});
}

TEST_CASE("faults: a model lives through failing steps") {
  random::Generator generator(1);
  const Tensor x = generator.normal({12, 4}), y = cast(cast(generator.uniform({12}, 0, 3), int32), int64);
  Sequential model;
  model.add(layers::Dense(5, {.activation = "relu"}));
  model.add(layers::Dense(3, {.activation = "softmax"}));
  check_each_allocation_may_fail({"call", [&] { return std::vector<Tensor>{model(x)}; }});
}

TEST_CASE("faults: any allocation of a pipeline of data may fail") {
  const Tensor x = linspace(0, 1, 64);
  check_each_allocation_may_fail(
      {"pipeline", [&] {
         auto data =
             data::from_tensor_slices(x).map([](const Tensor& t) { return t * 2; }).shuffle(16, {.seed = 1}).batch(8);
         std::vector<Tensor> results;
         for (const Tensor batch : data) results.push_back(batch);
         return results;
       }});
  check_each_allocation_may_fail({"pipeline with threads", [&] {
                                    auto data =
                                        data::from_tensor_slices(x)
                                            .map([](const Tensor& t) { return t * 2; }, {.num_parallel_calls = 2})
                                            .batch(8)
                                            .prefetch(2);
                                    std::vector<Tensor> results;
                                    for (const Tensor batch : data) results.push_back(batch);
                                    return results;
                                  }});
}
