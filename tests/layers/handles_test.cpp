#include <array>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "layers/layer_state.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/layers/dense.hpp"
#include "xtape/layers/dropout.hpp"
#include "xtape/layers/layer.hpp"
#include "xtape/models/sequential.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/regularizers/l1_l2.hpp"
#include "xtape/tape/gradient_tape.hpp"

namespace xtape {
namespace {

struct Scale : LayerBase<Scale> {
  Variable factor;

 protected:
  void build(const Shape& input) override { factor = add_weight("factor", {input.back()}); }
  Tensor call(const Tensor& x) override { return x * factor; }
};

/// Makes a layer in build(), as authors of layers may.
struct Late : LayerBase<Late> {
  layers::Dense inner{1};

 protected:
  void build(const Shape&) override { inner = track(layers::Dense(2)); }
  Tensor call(const Tensor& x) override { return inner(x); }
};

TEST_CASE("layer: copies made before and after building share the weights") {
  Scale scale;
  Scale before = scale;
  const Tensor x = ones({2, 3});
  const Tensor y = scale(x);
  CHECK(before.factor.is_same(scale.factor));  // without being called
  Scale after = scale;
  CHECK_TENSOR_EQ(before(x), y);
  CHECK_TENSOR_EQ(after(x), y);
  CHECK(after.variables().size() == 1);
}

TEST_CASE("layer: a copy shares the layers that build() makes") {
  Late late;
  Late copy = late;
  const Tensor x = ones({2, 3});
  CHECK_TENSOR_EQ(late(x), copy(x));
  CHECK(copy.variables().size() == 2);
  CHECK(late.inner.kernel().is_same(copy.inner.kernel()));
}

/// Makes a part of each kind, in a constructor and in build(), and counts the runs of build().
template <class Base>
struct Maker : Base {
  std::shared_ptr<int> builds = std::make_shared<int>(0);
  layers::Dense before = this->track(layers::Dense(1));
  layers::Dense first{1}, second{1};
  Variable weight, counter;
  std::shared_ptr<random::Generator> generator;

  void build(const Shape&) override {
    ++*builds;
    first = this->track(layers::Dense(2));
    weight = this->add_weight("weight", {3});
    counter = this->track(Variable(zeros({}), {.name = "counter"}));
    second = this->track(layers::Dense(4));
    generator = this->track(std::make_shared<random::Generator>(1));
  }
  Tensor call(const Tensor& x) override { return second(first(before(x))) + reduce_sum(weight) + counter; }
};
struct Assigned : Maker<LayerBase<Assigned>> {};
struct Direct : Maker<Layer> {};
struct DirectModel : Maker<Model> {};
struct Constant : Maker<LayerBase<Constant>> {  // cannot be assigned
  const int number = 1;
};

template <class L>
void check_members(L& copy, const L& layer) {
  CHECK(copy.weight.is_same(layer.weight));
  CHECK(copy.counter.is_same(layer.counter));
  CHECK(copy.generator == layer.generator);
  CHECK(copy.first.kernel().is_same(layer.first.kernel()));
  CHECK(copy.second.kernel().is_same(layer.second.kernel()));
}

/// `builds`: how often build() runs, where there are two copies of this thread and two of others.
template <class L>
void check_copies_of(int builds_of_thread, int builds_of_others) {
  const Tensor x = ones({2, 3});
  L layer;
  L untouched = layer;
  L copy = layer;
  Tensor y;
  std::array<std::unique_ptr<L>, 2> others;  // made in another thread, and called there
  std::thread([&] {
    for (auto& other : others) other = std::make_unique<L>(layer);
  }).join();
  y = layer(x);
  CHECK(*layer.builds == builds_of_thread);
  check_members(copy, layer);
  check_members(untouched, layer);
  CHECK_SAME_BITS(copy(x), y);
  for (auto& other : others) {
    CHECK_FALSE(other->weight.defined());
    std::thread([&] { CHECK_SAME_BITS((*other)(x), y); }).join();
    check_members(*other, layer);
  }
  CHECK(*layer.builds == builds_of_thread + builds_of_others);
  L after = layer;
  CHECK_SAME_BITS(after(x), y);
  CHECK(layer.variables().size() == 8);
  CHECK(*layer.builds == builds_of_thread + builds_of_others);
}

TEST_CASE("layer: build() runs once, and copies are given what it has made") {
  check_copies_of<Assigned>(1, 0);
  // For classes that cannot be assigned, once for each copy; each run gets the same parts.
  check_copies_of<Direct>(3, 2);
  check_copies_of<DirectModel>(3, 2);
  check_copies_of<Constant>(3, 2);
}

TEST_CASE("layer: copies are given the members of the build that succeeded") {
  struct Sometimes : LayerBase<Sometimes> {
    Variable w;
    void build(const Shape& input) override { w = add_weight("w", {input.back()}); }
    Tensor call(const Tensor& x) override {
      if (x.shape()[0] == 1) throw ValueError("a single row");
      return x * w;
    }
  };
  Sometimes layer;
  Sometimes copy = layer;
  std::unique_ptr<Sometimes> other;
  std::thread([&] { other = std::make_unique<Sometimes>(layer); }).join();
  CHECK_THROWS_TEXT(ValueError, "a single row", layer(ones({1, 3})));
  CHECK_FALSE(layer.built());
  const Tensor y = copy(ones({2, 5}));
  CHECK(layer.w.is_same(copy.w));
  CHECK_SAME_BITS(layer(ones({2, 5})), y);
  CHECK_SAME_BITS((*other)(ones({2, 5})), y);
  CHECK(layer.variables().size() == 1);
}

TEST_CASE("layer: what a layer keeps for copies in other threads does not keep it alive") {
  std::weak_ptr<int> alive;
  {
    Assigned layer;
    std::unique_ptr<Assigned> other;
    std::thread([&] { other = std::make_unique<Assigned>(layer); }).join();
    (void)layer(ones({2, 3}));
    alive = layer.builds;
    other.reset();
    CHECK_FALSE(alive.expired());
  }
  CHECK(alive.expired());
}

TEST_CASE("layer: a weight of a layer that is built is found by its name") {
  struct Asking : LayerBase<Asking> {
    void build(const Shape& input) override { (void)add_weight("w", {input.back()}); }
    Tensor call(const Tensor& x) override { return x * add_weight("w", {x.shape().back()}); }
  };
  Asking layer;
  const Tensor y = layer(ones({2, 3}));
  CHECK_SAME_BITS(layer(ones({2, 3})), y);
  CHECK(layer.variables().size() == 1);
  CHECK_THROWS_TEXT(ValueError, "has built its weight 'w' with shape (3,), now (4,) is asked", layer(ones({2, 4})));
}

TEST_CASE("layer: track() with a name") {
  struct Named : Model {
    layers::Dense body = track(layers::Dense(2));
    layers::Dense head = track(layers::Dense(1), "head");
    Variable scale = track(Variable(2.0F, {.name = "some_variable"}), "scale");
    Tensor call(const Tensor& x) override { return head(body(x)) * scale; }
  };
  Named model;
  (void)model(ones({1, 3}));
  CHECK(model.head.name() == "head");
  CHECK(model.head.kernel().name() == "named/head/kernel");
  CHECK(model.get_layer("head").variables()[0].is_same(model.head.kernel()));
  const testing::TempDir dir;
  model.save_weights(dir / "named.safetensors");
  std::set<std::string> names;
  for (const auto& [name, tensor] : io::load_safetensors(dir / "named.safetensors").tensors) names.insert(name);
  CHECK(names == std::set<std::string>{"dense/kernel", "dense/bias", "head/kernel", "head/bias", "scale"});

  struct Taken : Model {
    layers::Dense a = track(layers::Dense(1), "head");
    layers::Dense b = track(layers::Dense(1), "head");
    Tensor call(const Tensor& x) override { return b(a(x)); }
  };
  CHECK_THROWS_TEXT(ValueError, "there is a layer 'head' already", Taken());
}

TEST_CASE("clone: a layer of the same options with weights of its own") {
  layers::Dense dense(4, {.activation = "relu", .name = "hidden"});
  (void)dense(ones({2, 3}));
  layers::Dense copy = clone(dense);
  CHECK_FALSE(copy.built());
  CHECK(copy.name() == "hidden");
  (void)copy(ones({2, 5}));
  CHECK(copy.kernel().shape() == Shape{5, 4});
  CHECK_FALSE(copy.kernel().is_same(dense.kernel()));

  Late late;
  (void)late(ones({1, 3}));
  Late late_copy = clone(late);
  CHECK(late_copy(ones({1, 5})).shape() == Shape{1, 2});
  CHECK(late_copy.variables().size() == 2);
}

TEST_CASE("clone: layers within layers are copied, and a layer that is there twice stays one") {
  layers::Dense shared(3);
  Sequential model{shared, layers::Dropout(0.5), shared, layers::Dense(1)};
  (void)model(ones({2, 3}));
  CHECK(model.variables().size() == 4);
  Sequential copy = clone(model);
  CHECK(copy.variables().empty());
  (void)copy(ones({2, 3}));
  CHECK(copy.variables().size() == 4);
  CHECK_FALSE(copy.variables()[0].is_same(model.variables()[0]));
  copy.set_weights(model.get_weights());
  const Tensor x = constant({{1.0, -2.0, 3.0}});
  CHECK_TENSOR_EQ(copy(x), model(x));
}

TEST_CASE("clone: what build() has made is made again, generators too") {
  Assigned layer;
  (void)layer(ones({2, 3}));
  Assigned copy = clone(layer);
  (void)copy(ones({2, 3}));
  CHECK(copy.variables().size() == 8);
  CHECK_FALSE(copy.generator == layer.generator);
  CHECK(detail::LayerState::of(copy).all_generators() == std::vector{copy.generator});
}

TEST_CASE("clone: a variable made outside of build() cannot be copied") {
  struct Holder : LayerBase<Holder> {
    Variable v = track(Variable(1.0F, {.name = "v"}));
    Tensor call(const Tensor& x) override { return x * v; }
  };
  Holder holder;
  CHECK_THROWS_TEXT(ValueError, "layer 'holder' holds the variable 'v', made outside of build()", clone(holder));
}

TEST_CASE("layer: an error for a class that overrides neither form of call") {
  struct Nothing : Layer {};
  Nothing nothing;
  CHECK_THROWS_TEXT(RuntimeError, "overrides neither call() nor call_list()", nothing(ones({1})));
  CHECK_THROWS_TEXT(RuntimeError, "overrides neither call() nor call_list()", nothing(TensorList{ones({1})}));
}

TEST_CASE("layer: several inputs for a layer of one") {
  Scale scale;
  CHECK_THROWS_TEXT(ValueError, "layer \"scale\" expects 1 input(s), but it received 2 input tensors",
                    scale({ones({1, 2}), ones({1, 2})}));
}

TEST_CASE("layer: losses of regularizers, activities and add_loss") {
  struct Penalised : LayerBase<Penalised> {
    Variable w;
    void build(const Shape&) override {
      w = add_weight("w", {2}, {.initializer = "ones", .regularizer = regularizers::L2{.l2 = 0.5}});
    }
    Tensor call(const Tensor& x) override {
      add_loss(reduce_sum(x) * 10);
      return x * w;
    }
  };
  struct Outer : Model {
    Penalised inner = track(Penalised());
    Tensor call(const Tensor& x) override { return inner(x); }
  };
  Outer outer;
  outer.set_activity_regularizer(regularizers::L1{.l1 = 0.25});
  const Tensor x = constant({{1.0, -3.0}});
  GradientTape tape;
  for (int call = 0; call < 2; ++call) (void)outer(x);  // the second call's alone
  auto losses = outer.losses();
  REQUIRE(losses.size() == 3);
  CHECK(losses[0].item() == doctest::Approx(0.25 * 4));
  CHECK(losses[1].item() == doctest::Approx(-20));
  CHECK(losses[2].item() == doctest::Approx(0.5 * 2));
  CHECK_CLOSE(tape.gradient(losses, outer.inner.w), {0.25 + 1.0, 0.25 * 3 + 1.0});
  outer.inner.set_trainable(false);
  CHECK(outer.losses().size() == 2);  // a frozen weight has no penalty
}

TEST_CASE("layer: the losses of a layer that is gone are freed, in every thread") {
  struct Adds : LayerBase<Adds> {
    Tensor call(const Tensor& x) override {
      add_loss(reduce_sum(x));
      return x;
    }
  };
  const Tensor x = ones({3});
  (void)Adds()(x);
  const auto in_use = [] { return memory_stats().bytes_in_use; };
  const std::int64_t before = in_use();
  std::promise<void> called, may_end;
  std::thread other;
  {
    Adds layer;
    (void)layer(x);
    other = std::thread([&, copy = layer]() mutable {
      (void)copy(x);
      { const Adds gone = std::move(copy); }
      called.set_value();
      may_end.get_future().wait();
    });
    called.get_future().wait();
    CHECK(layer.losses().size() == 1);
    CHECK(in_use() > before);
  }
  CHECK(in_use() == before);  // the other thread lives
  may_end.set_value();
  other.join();
}

TEST_CASE("layer: set_weights changes nothing when one of them does not fit") {
  layers::Dense dense(2);
  (void)dense(ones({1, 3}));
  const auto before = dense.get_weights();
  CHECK_THROWS_TEXT(ValueError, "weight list of length 1, but it expects 2 weights", dense.set_weights({ones({3, 2})}));
  CHECK_THROWS_TEXT(ValueError, "weight 1 'dense/bias' has shape (2,), received (3,)",
                    dense.set_weights({ones({3, 2}), ones({3})}));
  CHECK_TENSOR_EQ(dense.kernel(), before[0]);
  dense.set_weights({ones({3, 2}, float64), ones({2})});
  CHECK_TENSOR_EQ(dense.kernel(), ones({3, 2}));
}

}  // namespace
}  // namespace xtape
