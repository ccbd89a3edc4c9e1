// What holds for the masks of every layer of the harness's tables.
#include <algorithm>
#include <thread>

#include "layers/all_rows.hpp"
#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/function/function.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::testing {
namespace {

bool takes_mask(const LayerInput& input) { return input.shape.rank() > 1 && input.dtype != boolean; }

/// Of all axes but the last; another one for each number.
Tensor mask_for(const Shape& shape, int number) {
  const Shape steps(std::vector<std::int64_t>(shape.begin(), shape.end() - 1));
  std::vector<double> values;
  for (std::int64_t i = 0; i < steps.numel(); ++i) values.push_back((i * 5 + number) % 3 != 1);
  return cast(constant(values, steps), boolean);
}

/// Inputs, then a mask for each input that takes one.
std::vector<Tensor> inputs_and_masks(const LayerRow& row, int number) {
  const TensorList inputs = layer_inputs(row, float32);
  std::vector<Tensor> all(inputs.begin(), inputs.end());
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    if (takes_mask(row.inputs[i])) all.push_back(mask_for(all[i].shape(), number));
  }
  return all;
}

TensorList masked_inputs(const LayerRow& row, const std::vector<Tensor>& all) {
  TensorList inputs;
  std::size_t mask = row.inputs.size();
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    inputs.push_back(takes_mask(row.inputs[i]) ? with_mask(all[i], all[mask++]) : all[i]);
  }
  return inputs;
}

/// Outputs, their masks, and gradients.
std::vector<Tensor> results(const LayerRow& row, Layer& layer, const std::vector<Tensor>& all, bool training) {
  std::vector<Tensor> found, sources;
  const TensorList inputs = masked_inputs(row, all);
  GradientTape tape;
  for (const Tensor& input : inputs) {
    if (!is_floating(input.dtype())) continue;
    tape.watch(input);
    sources.push_back(input);
  }
  const TensorList outputs = layer(inputs, {.training = training});
  Tensor loss = zeros({});
  for (const Tensor& output : outputs) {
    found.push_back(output);
    if (is_floating(output.dtype())) loss = loss + reduce_sum(square(output));
    if (get_mask(output).defined()) found.push_back(get_mask(output));
  }
  if (!row.gradients) return found;
  for (const Variable& weight : layer.trainable_variables()) sources.push_back(weight.value());
  for (const Tensor& gradient : tape.gradient(loss, sources)) {
    found.push_back(gradient.defined() ? gradient : zeros({1}));
  }
  return found;
}

void check_same(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CHECK_SAME_BITS(actual[i], expected[i]);
  }
}

/// Calls f for each row that takes a mask.
template <class F>
void for_each_row(const F& f) {
  const WarningCapture of_layers_that_drop_masks;
  int number = 0;
  for (const LayerRow& row : all_layer_rows()) {
    ++number;
    INFO("row ", number, ", of the layer ", row.layer);
    if (std::none_of(row.inputs.begin(), row.inputs.end(), takes_mask)) continue;
    try {
      f(row);
    } catch (const std::exception& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

TEST_CASE("masks: replays use the masks of their call, and give their results masks") {
  for_each_row([](const LayerRow& row) {
    for (const bool training : {false, true}) {
      CAPTURE(training);
      random::set_seed(3);
      AnyLayer eager = row.make(float32), traced = row.make(float32);
      (void)(*eager)(layer_inputs(row, float32));
      (void)(*traced)(layer_inputs(row, float32));
      traced->set_weights(eager->get_weights());
      random::set_seed(4);
      std::vector<std::vector<Tensor>> expected;
      for (int call = 0; call < 3; ++call) {
        expected.push_back(results(row, *eager, inputs_and_masks(row, call), training));
      }
      random::set_seed(4);
      auto replayed =
          function([&](const std::vector<Tensor>& given) { return results(row, *traced, given, training); });
      for (int call = 0; call < 3; ++call) {
        CAPTURE(call);
        check_same(replayed(inputs_and_masks(row, call)), expected[static_cast<std::size_t>(call)]);
      }
      CHECK(replayed.obstacle() == "");
      CHECK(replayed.trace_count() == 1);
      // Masks that the arguments carry.
      random::set_seed(4);
      AnyLayer carrying = row.make(float32);
      (void)(*carrying)(layer_inputs(row, float32));
      carrying->set_weights(eager->get_weights());
      AnyLayer reference = row.make(float32);
      (void)(*reference)(layer_inputs(row, float32));
      reference->set_weights(eager->get_weights());
      auto call_it = function([&](const std::vector<Tensor>& given) {
        TensorList inputs;
        for (const Tensor& t : given) inputs.push_back(t);
        const TensorList outputs = (*carrying)(inputs);
        return std::vector<Tensor>(outputs.begin(), outputs.end());
      });
      for (int call = 0; call < 3; ++call) {
        const TensorList inputs = masked_inputs(row, inputs_and_masks(row, call));
        const TensorList wanted = (*reference)(inputs);
        const std::vector<Tensor> received = call_it(std::vector<Tensor>(inputs.begin(), inputs.end()));
        REQUIRE(received.size() == wanted.size());
        for (std::size_t i = 0; i < received.size(); ++i) {
          CHECK_SAME_BITS(received[i], wanted[i]);
          REQUIRE(get_mask(received[i]).defined() == get_mask(wanted[i]).defined());
          if (get_mask(wanted[i]).defined()) CHECK_SAME_BITS(get_mask(received[i]), get_mask(wanted[i]));
        }
      }
    }
  });
}

TEST_CASE("masks: copies and clones use them as the layer does; threads, each its own") {
  for_each_row([](const LayerRow& row) {
    AnyLayer layer = row.make(float32);
    (void)(*layer)(layer_inputs(row, float32));
    const std::vector<Tensor> first = inputs_and_masks(row, 0), second = inputs_and_masks(row, 1);
    const auto expected_first = results(row, *layer, first, false);
    const auto expected_second = results(row, *layer, second, false);
    AnyLayer copy = layer, clone = layer.clone();
    check_same(results(row, *copy, second, false), expected_second);
    (void)(*clone)(layer_inputs(row, float32));
    clone->set_weights(layer->get_weights());
    check_same(results(row, *clone, second, false), expected_second);
    std::vector<Tensor> a, b;
    std::thread other([&] {
      for (int i = 0; i < 3; ++i) b = results(row, *layer, second, false);
    });
    for (int i = 0; i < 3; ++i) a = results(row, *layer, first, false);
    other.join();
    check_same(a, expected_first);
    check_same(b, expected_second);
  });
}

/// `y` with 0 where its mask, or if it has none `other`, leaves it out.
Tensor kept_of(const Tensor& y, const Tensor& other) {
  Tensor mask = get_mask(y).defined() ? get_mask(y) : y.rank() > 2 ? other : Tensor();
  if (!mask.defined() || !detail::mask_fits(mask.shape(), y.shape())) return y;
  while (mask.rank() < y.rank()) mask = expand_dims(mask, -1);
  return where(mask, y, 0);
}

TEST_CASE("masks: what they leave out does not matter, for any layer that passes or uses them without a warning") {
  int checked = 0;
  for_each_row([&](const LayerRow& row) {
    if (row.masks != Masks::passes && row.masks != Masks::uses && row.masks != Masks::uses_and_passes) return;
    ++checked;
    for (const bool training : {false, true}) {
      if (row.random && training) continue;
      for (const char* policy : {"float32", "mixed_bfloat16"}) {
        INFO(policy, training ? " in training" : "");
        AnyLayer layer = row.make(float32);
        layer->set_dtype_policy(policy);
        (void)(*layer)(layer_inputs(row, float32));
        std::vector<Tensor> weights;
        for (const Tensor& weight : layer->get_weights()) weights.push_back(weight * 1);
        const std::vector<Tensor> all = inputs_and_masks(row, 0);
        std::vector<Tensor> other = all;
        std::size_t mask = row.inputs.size();
        for (std::size_t i = 0; i < row.inputs.size(); ++i) {
          if (!takes_mask(row.inputs[i])) continue;
          const Tensor kept = expand_dims(all[mask++], -1);
          if (is_floating(all[i].dtype())) other[i] = where(kept, all[i], all[i] * -3 + 5);
        }
        const TensorList y = (*layer)(masked_inputs(row, all), {.training = training});
        layer->set_weights(weights);
        const TensorList z = (*layer)(masked_inputs(row, other), {.training = training});
        for (std::size_t i = 0; i < y.size(); ++i) {
          CHECK_SAME_BITS(kept_of(z[i], get_mask(z[0])), kept_of(y[i], get_mask(y[0])));
        }
      }
    }
  });
  CHECK(checked > 35);
}

}  // namespace
}  // namespace xtape::testing
