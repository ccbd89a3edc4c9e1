#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/flatten.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/models/model.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/plot/plot_model.hpp"

namespace xtape {
namespace {

using layers::Dense;

Sequential beginner() {
  return Sequential(Input({28, 28}), layers::Flatten(), Dense(128, {.activation = "relu"}), layers::Dropout(0.2),
                    Dense(10, {.activation = "softmax"}));
}

/// The numbers are those of TensorFlow's beginner tutorial.
TEST_CASE("summary: Keras's table") {
  CHECK(beginner().summary_text() == R"(Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ flatten (Flatten)               │ (None, 784)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 128)            │       100,480 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)               │ (None, 128)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,290 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 101,770 (397.54 KB)
 Trainable params: 101,770 (397.54 KB)
 Non-trainable params: 0 (0.00 B)
)");
}

TEST_CASE("summary: before the first call, after it, frozen, and with an optimizer") {
  struct MLP : Model {
    Dense dense1 = track(Dense(4));
    Dense dense2 = track(Dense(2));
    Tensor call(const Tensor& x) override { return dense2(dense1(x)); }
  };
  MLP model;
  CHECK(model.summary_text().find("│ dense_1 (Dense)                 │ ?                      │   ? (unbuilt) │") !=
        std::string::npos);
  (void)model(zeros({5, 3}));
  model.dense1.set_trainable(false);
  model.compile("adam", "mse");
  (void)model.train_on_batch(zeros({5, 3}), zeros({5, 2}));
  const std::string text = model.summary_text();
  CAPTURE(text);
  CHECK(text.find("│ dense (Dense)                   │ (None, 4)              │            16 │") != std::string::npos);
  CHECK(text.find(" Trainable params: 10 (40.00 B)\n Non-trainable params: 16 (64.00 B)\n") != std::string::npos);
  // Iteration (int64), learning rate (float64), and two slots for each of the 10 numbers.
  CHECK(text.find(" Total params: 48 (200.00 B)\n") != std::string::npos);
  CHECK(text.find(" Optimizer params: 22 (96.00 B)\n") != std::string::npos);
}

Model branches() {
  auto a = Input({2}, {.name = "a"});
  Dense shared(2, {.name = "shared"});
  return Model(a, shared(a) + shared(shared(a)), "branches");
}

TEST_CASE("summary: a functional model with branches says what is connected to what") {
  const std::string text = branches().summary_text();
  CAPTURE(text);
  CHECK(text.find("┃ Connected to") != std::string::npos);
  CHECK(text.find("│ a (InputLayer)                  │ (None, 2)              │             0 │ -") !=
        std::string::npos);
  CHECK(text.find("│ add (Add)                       │ (None, 2)              │             0 │ shared, shared") !=
        std::string::npos);
}

TEST_CASE("plot_model: Graphviz's language") {
  const auto model = branches();
  const std::string text = model_to_dot(model, {.show_shapes = true, .rankdir = "LR"});
  CAPTURE(text);
  CHECK(text.find("digraph \"branches\" {\n  rankdir=LR;") == 0);
  CHECK(text.find("n0 [label=\"{a: InputLayer|output shape: (None, 2)}\"];") != std::string::npos);
  CHECK(text.find("n0 -> n1;") != std::string::npos);
  CHECK(text.find("n1 -> n2;") != std::string::npos);
  CHECK(model_to_dot(beginner(), {.show_layer_names = false}).find("n2 [label=\"Dropout\"];") != std::string::npos);
  CHECK_THROWS_TEXT(ValueError, "expected a rankdir of \"TB\" or \"LR\"", model_to_dot(model, {.rankdir = "up"}));
  CHECK_THROWS_TEXT(ValueError, "ends in .png, .svg, .pdf or .dot, received \"model.gif\"",
                    plot_model(model, "model.gif"));
  const auto path = std::filesystem::temp_directory_path() / "xtape_plot_model_test.dot";
  CHECK(plot_model(model, path.string()));
  std::ifstream file(path);
  std::stringstream read;
  read << file.rdbuf();
  CHECK(read.str() == model_to_dot(model));
  std::filesystem::remove(path);
  CHECK_THROWS_TEXT(DataError, "cannot be written", plot_model(model, "/no/such/folder/model.dot"));
}

}  // namespace
}  // namespace xtape
