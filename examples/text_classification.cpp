// Text: sentences of a small language as numbers, an embedding and an LSTM. "the cat sees the dog" and "the dog sees
// the cat" differ only in their order, so a bag of words could not classify them.
#include <fmt/core.h>

#include <string>
#include <vector>

#include <xtape/xtape.hpp>

#include "support/example.hpp"

namespace xp = xtape;
namespace layers = xtape::layers;

/// Word number 0 is padding.
const std::vector<std::string> words{"",    "cat", "dog",     "sees",  "the",  "a",    "small",
                                     "big", "old", "quietly", "often", "then", "very", "today"};
constexpr std::int64_t length = 14;

/// Sentences with both animals, padded at the beginning; the label is 1 if the cat comes first.
xp::data::TensorDataset make_sentences(std::int64_t count, xp::random::Generator& generator) {
  std::vector<std::int32_t> tokens, labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t used = 4 + generator.below(length - 3);
    const std::int64_t first = generator.below(used - 1), second = first + 1 + generator.below(used - 1 - first);
    const bool cat_first = generator.below(2) == 1;
    for (std::int64_t place = used - length; place < used; ++place) {
      const bool filler = place != first && place != second;
      tokens.push_back(place < 0 ? 0
                       : filler  ? static_cast<std::int32_t>(3 + generator.below(std::ssize(words) - 3))
                       : (place == first) == cat_first ? 1
                                                       : 2);
    }
    labels.push_back(cat_first);
  }
  return {xp::constant(tokens, {count, length}), xp::constant(labels, {count, 1})};
}

int main(int argc, char** argv) {
  const examples::Output output(argc, argv);
  xp::random::set_seed(1);
  xp::random::Generator generator(2);
  auto train = make_sentences(examples::in_test() ? 64 : 4000, generator), test = make_sentences(500, generator);

  xp::Sequential model{
      xp::Input({length}, {.dtype = xp::int32}),
      layers::Embedding(std::ssize(words), 8),
      layers::LSTM(16),
      layers::Dense(1, {.activation = "sigmoid"}),
  };
  model.summary();
  model.compile(xp::optimizers::Adam({.learning_rate = 0.01}), "binary_crossentropy", {"accuracy"});
  auto history = model.fit(train, {.epochs = examples::times(3), .validation_data = test});
  xp::plot::history(history.history, output("text_classification.png"));

  auto some = test.take(5);
  auto predicted = model.predict(some.x).to_vector<float>();
  auto tokens = some.x.to_vector<std::int32_t>();
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    std::string sentence;
    for (std::size_t place = 0; place < length; ++place) {
      const auto& word = words[static_cast<std::size_t>(tokens[i * length + place])];
      if (!word.empty()) sentence += word + " ";
    }
    fmt::print("{:5.1f} % cat first: {}\n", 100 * predicted[i], sentence);
  }
  fmt::print("test accuracy: {:.4f}\n", model.evaluate(test, {.verbose = 0})["accuracy"]);
}
