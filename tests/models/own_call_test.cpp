#include "models/own_call.hpp"

#include <doctest/doctest.h>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {
namespace {

using namespace layers;

struct Stack : Sequential {
  Stack() : Sequential{Input({4}), Dense(3), Dense(2)} {}
};
struct Residual : Sequential {
  Residual() : Sequential{Input({4}), Dense(3), Dense(4)} {}
  Tensor call(const Tensor& x) override { return x + Sequential::call(x); }
};
struct Swapped : Model {
  explicit Swapped(const SymbolicTensor& x) : Model(x, Dense(4)(x)) {}
  TensorList call_list(const TensorList& in) override { return Model::call_list({-in[0]}); }
};
struct Graph : Model {
  explicit Graph(const SymbolicTensor& x) : Model(x, {Dense(4)(x) + x, Dense(1)(x)}) {}
};
struct Known : Residual {
  Known() = default;
};
struct Late : Sequential {
  Late() : Sequential{Dense(4)} {}
  Tensor call(const Tensor& x) override { return Sequential::call(x) * 2; }
};

}  // namespace

TEST_CASE("a derived class computes by its layers, or by a call of its own, which no config says") {
  CHECK_FALSE(xtape::detail::has_own_call(Sequential{Dense(2)}));
  const Stack stack;
  CHECK_FALSE(xtape::detail::has_own_call(stack));
  CHECK(stack.config().class_name() == "Sequential");
  const Graph graph(Input({4}));
  CHECK_FALSE(xtape::detail::has_own_call(graph));
  CHECK(graph.config().class_name() == "Functional");

  const TempDir folder;
  const Residual residual;
  CHECK(xtape::detail::has_own_call(residual));
  const std::string text = "of class Residual computes by a call() of its own";
  CHECK_THROWS_TEXT(ValueError, text, (void)residual.config());
  CHECK_THROWS_TEXT(ValueError, text, (void)residual.to_json());
  CHECK_THROWS_TEXT(ValueError, text, residual.save(folder / "m.keras"));
  residual.save_weights(folder / "m.safetensors");
  const Swapped swapped(Input({4}));
  CHECK(xtape::detail::has_own_call(swapped));
  CHECK_THROWS_TEXT(ValueError, "of class Swapped", (void)swapped.to_json());
  const auto x = Input({4});
  Residual part;
  CHECK_THROWS_TEXT(ValueError, "of class Residual", (void)Model(x, part(x)).to_json());
  Late late;
  CHECK_FALSE(xtape::detail::has_own_call(late));  // not known yet
  (void)late(zeros({2, 3}));
  CHECK(xtape::detail::has_own_call(late));
  CHECK_THROWS_TEXT(ValueError, "of class Late", (void)late.config());
}

TEST_CASE("predict and fit use the call of a derived class") {
  struct Halved : Model {
    explicit Halved(const SymbolicTensor& x) : Model(x, Dense(2)(x)) {}
    Tensor call(const Tensor& x) override { return Model::call(x) * 0.5; }
  };
  const Tensor x = random::normal({3, 4});
  Halved model(Input({4}));
  const Tensor whole = matmul(x, model.variables()[0].value()) + model.variables()[1].value();
  CHECK_SAME_BITS(model.predict(x), whole * 0.5);
  CHECK_SAME_BITS(model(x), whole * 0.5);
  Late late;
  const Tensor y = late(x);
  CHECK_SAME_BITS(late.predict(x), y);
  CHECK_SAME_BITS(y, (matmul(x, late.variables()[0].value()) + late.variables()[1].value()) * 2);
}

TEST_CASE("a registered class derived from a Sequential is written under its name") {
  register_serializable<Known>("tests>Known");
  const Known model;
  CHECK(model.config().class_name() == "tests>Known");
  Model again = models::model_from_json(model.to_json());
  again.set_weights(model.get_weights());
  const Tensor x = random::normal({3, 4});
  Known same = model;
  CHECK_SAME_BITS(again(x), same(x));
}

}  // namespace xtape::testing
