#include "xtape/layers/rnn.hpp"

#include <cstring>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "core/undo.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {
namespace detail {

KeptStates::KeptStates(const KeptStates& other) : states_(other.states_) {
  if (CloneScope::current() != nullptr) states_ = std::make_shared<TensorList>();
}

}  // namespace detail

namespace layers {

RNN RNN::from_config(const Config& config) {
  if (!config.contains("cell")) xtape::detail::fail_missing(config, "cell");
  AnyLayer cell = AnyLayer::from_config(config["cell"]);
  if (dynamic_cast<RecurrentCell*>(&*cell) == nullptr) {
    xtape::detail::fail<ValueError>("from_config", "RNN.cell: expected a RecurrentCell, received a {}",
                                    cell->class_name());
  }
  RNNOptions options;
  xtape::detail::read_fields(config, options);
  return RNN(std::move(cell), std::move(options), 0);
}

RNN::RNN(AnyLayer cell, RNNOptions options, int)
    : LayerBase(options.name), cell_(std::move(cell)), options_(std::move(options)) {
  describe(options_, {{"cell", cell_}});
  adopt(*cell_);
  set_dtype_policy(cell_->dtype_policy());  // call() reads the cell's weights
  set_supports_masking(true);
}

void RNN::build(const Shape& input_shape) {
  if (input_shape.rank() != 3) {
    detail::fail<ValueError>(class_name().c_str(),
                             "expected ndim=3 ([batch, time, features]), found ndim={}: received an input of shape {}",
                             input_shape.rank(), input_shape);
  }
  features_ = input_shape[2];
  const xtape::detail::NoRecording off;
  TensorList one(zeros({1, features_}, cell().dtype()));
  state_sizes_ = cell().state_size();
  for (const std::int64_t size : state_sizes_) one.push_back(zeros({1, size}, cell().dtype()));
  const xtape::detail::Trial trial;  // builds any cell without lasting effects
  (void)cell()(one, {.training = false});
}

namespace {

/// State `i` of the `count` kept states, or zeros if they do not have this shape. Read again in every replay.
Tensor kept_in_replays(const std::shared_ptr<TensorList>& kept, std::size_t i, std::size_t count, const Shape& shape,
                       DType dtype) {
  const Tensor state = xtape::detail::make_tensor(shape, dtype);
  xtape::detail::launch(
      xtape::detail::LaunchKind::state,
      [kept, i, count](xtape::detail::Write to) {
        const auto bytes = static_cast<std::size_t>(to.size_in_bytes());
        const bool goes_on = kept->size() == count && (*kept)[i].shape() == to.shape();
        if (goes_on) {
          std::memcpy(to.bytes(), xtape::detail::host_read("RNN", (*kept)[i]).bytes(), bytes);
        } else {
          std::memset(to.bytes(), 0, bytes);
        }
      },
      state);
  return state;
}

}  // namespace

void RNN::reset_states() {
  if (xtape::detail::thread_state.tracer != nullptr)
    xtape::detail::thread_state.tracer->give_up("it calls RNN.reset_states");
  (*kept_).clear();
}

RNN::Start RNN::first_states(const TensorList& given, const Tensor& x) const {
  const auto& sizes = state_sizes_;
  const auto shape = [&](std::size_t i) { return Shape{x.shape()[0], sizes[i]}; };
  if (options_.stateful && given.empty() && being_recomputed()) {
    detail::fail<RuntimeError>(
        class_name().c_str(),
        "expected initial states to be given to a stateful layer in recompute_grad: those that it kept "
        "have gone on when it is computed for the second time");
  }
  TensorList states;
  const TensorList& kept = *kept_;
  const bool in_replays = options_.stateful && given.empty() && xtape::detail::thread_state.tracer != nullptr;
  const bool goes_on = options_.stateful && kept.size() == sizes.size() && kept[0].shape()[0] == x.shape()[0];
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!given.empty() && given[i].shape() != shape(i)) {
      detail::fail<ValueError>(class_name().c_str(), "expected state {} of shape {}, received {}", i, shape(i),
                               given[i].shape());
    }
    if (in_replays) {
      states.push_back(kept_in_replays(kept_.shared(), i, sizes.size(), shape(i), x.dtype()));
    } else {
      states.push_back(!given.empty() ? given[i] : goes_on ? kept[i] : zeros(shape(i), x.dtype()));
    }
  }
  return {std::move(states), given.empty() && !goes_on && !in_replays};
}

TensorList RNN::compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) {
  if (!options_.return_sequences) return {};
  const bool given = inputs.size() > 1 && inputs[1].dtype() == boolean;
  const Tensor mask = given ? inputs[1] : previous_masks.front();
  return mask.defined() && options_.go_backwards ? reverse(mask, {1}) : mask;
}

TensorList RNN::call_list(const TensorList& inputs) {
  Tensor x = inputs.front(), mask = get_mask(x);
  if (x.rank() != 3 || x.shape()[2] != features_) {
    detail::fail<ValueError>(class_name().c_str(),
                             "expected sequences [batch, time, {}], received an input of shape {}", features_,
                             x.shape());
  }
  if (x.shape()[1] == 0) {
    detail::fail<ValueError>(class_name().c_str(), "expected sequences of one step or more, received shape {}",
                             x.shape());
  }
  std::size_t used = 1;
  if (inputs.size() > 1 && inputs[1].dtype() == boolean) mask = inputs[used++];
  const std::size_t number_of_states = state_sizes_.size();
  if (inputs.size() != used && inputs.size() != used + number_of_states) {
    detail::fail<ValueError>(
        class_name().c_str(),
        "expected a sequence, a bool mask or none, and {} initial state(s) or none: received {} tensors",
        number_of_states, inputs.size());
  }
  if (mask.defined() && mask.shape() != Shape{x.shape()[0], x.shape()[1]}) {
    detail::fail<ValueError>(class_name().c_str(), "expected a mask of shape {}, received {}",
                             Shape{x.shape()[0], x.shape()[1]}, mask.shape());
  }
  TensorList given;
  given.insert(given.end(), inputs.begin() + static_cast<std::ptrdiff_t>(used), inputs.end());
  Start start = first_states(given, x);
  if (options_.go_backwards) {
    x = reverse(x, {1});
    if (mask.defined()) mask = reverse(mask, {1});
  }
  const struct Ending {
    RecurrentCell& cell;
    ~Ending() { cell.end_sequence(); }
  } ending{cell()};
  cell().begin_sequence(x);
  Sequence sequence = run(x, mask, std::move(start));
  if (mask.defined() && options_.zero_output_for_mask) {
    if (options_.return_sequences) sequence.outputs = where(expand_dims(mask, -1), sequence.outputs, 0);
    sequence.last = where(slice_axis(mask, 1, x.shape()[1] - 1, 1), sequence.last, 0);
  }
  if (options_.stateful && !symbolic_call() && !being_recomputed()) {
    xtape::detail::PoolVector<const Tensor*> ends;
    for (const Tensor& state : sequence.states) ends.push_back(&state);
    xtape::detail::launch_as_one(
        [kept = kept_.shared(), traced = xtape::detail::thread_state.tracer != nullptr](const Tensors& now) {
          kept->clear();
          // Copied in a traced function, since the next replay overwrites its results.
          for (const Tensor& state : now) kept->push_back(traced ? xtape::detail::copy(state) : stop_gradient(state));
        },
        ends);
  }
  TensorList outputs(options_.return_sequences ? sequence.outputs : sequence.last);
  if (options_.return_state) outputs.insert(outputs.end(), sequence.states.begin(), sequence.states.end());
  return outputs;
}

RNN::Sequence RNN::run(const Tensor& x, const Tensor& mask, Start start) {
  TensorList states = std::move(start.states);
  const Tensors steps = unstack(cell().prepare(x), 1);
  const Tensors kept = mask.defined() ? unstack(expand_dims(mask, -1), 1) : Tensors();
  Tensors outputs;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    const TensorList now = cell().step(steps[t], states);
    if (now.size() != 1 + states.size()) {
      detail::fail<ValueError>(class_name().c_str(),
                               "expected the cell to return an output and {} state(s), received {}", states.size(),
                               now.size());
    }
    Tensor output = now[0];
    if (mask.defined()) output = where(kept[t], output, t == 0 ? zeros_like(output) : outputs.back());
    for (std::size_t i = 0; i < states.size(); ++i) {
      states[i] = mask.defined() ? where(kept[t], now[i + 1], cast(states[i], now[i + 1].dtype())) : now[i + 1];
    }
    outputs.push_back(std::move(output));
  }
  Tensor last = outputs.back();
  return {options_.return_sequences ? stack(outputs, 1) : Tensor(), last, std::move(states)};
}

}  // namespace layers
}  // namespace xtape
