#include "models/progbar.hpp"

#include <cstdio>

#include "support/check.hpp"
#include "support/stdout_capture.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/models/sequential.hpp"

namespace xtape {
namespace {

/// What the bar writes into a file, which is no terminal.
std::string written(std::int64_t steps, int verbose, std::int64_t done, const Logs& logs) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  {
    detail::Progbar bar(steps, verbose, file);
    for (std::int64_t step = 1; step <= done; ++step) bar.update(step, logs);
    bar.end(done, logs);
  }
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }
bool ends(const std::string& text, const std::string& with) {
  return text.size() >= with.size() && text.compare(text.size() - with.size(), with.size(), with) == 0;
}

TEST_CASE("progbar: one line in a file, as Keras's at the end of an epoch") {
  const std::string text = written(1875, 1, 1875, {{"loss", 0.29127}, {"val_loss", 1e-5}});
  CAPTURE(text);
  CHECK(begins(text, "1875/1875 ━━━━━━━━━━━━━━━━━━━━ 0s "));
  CHECK(ends(text, "s/step - loss: 0.2913 - val_loss: 1.0000e-05\n"));
}

TEST_CASE("progbar: verbose 2 has no bar, 0 nothing at all") {
  const std::string text = written(3, 2, 3, {{"loss", 1}});
  CAPTURE(text);
  CHECK(begins(text, "3/3 - 0s - "));
  CHECK(ends(text, "s/step - loss: 1.0000\n"));
  CHECK(written(3, 0, 3, {{"loss", 1}}).empty());
}

TEST_CASE("progbar: an epoch that ends early, and one of a length that is not known") {
  CHECK(begins(written(20, 1, 10, {}), "10/20 ━━━━━━━━━━╸───"));
  CHECK(begins(written(-1, 1, 7, {}), "7/7 ━━━━━━━━━━━━━━━━━━━━ "));
}

TEST_CASE("fit: what it prints") {
  Sequential model(layers::Dense(1));
  model.compile("sgd", "mse", {"mae"});
  testing::StdoutCapture capture;
  model.fit(zeros({8, 2}), zeros({8, 1}),
            {.batch_size = 4, .epochs = 2, .verbose = 2, .validation_data = {zeros({2, 2}), zeros({2, 1})}});
  const std::string text = capture.text();
  CAPTURE(text);
  CHECK(begins(text, "Epoch 1/2\n2/2 - 0s - "));
  CHECK(text.find("\nEpoch 2/2\n2/2 - 0s - ") != std::string::npos);
  CHECK(ends(text, " - loss: 0.0000 - mae: 0.0000 - val_loss: 0.0000 - val_mae: 0.0000\n"));
}

}  // namespace
}  // namespace xtape
