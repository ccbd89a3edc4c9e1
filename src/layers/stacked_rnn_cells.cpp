#include "xtape/layers/stacked_rnn_cells.hpp"

#include "base/check.hpp"
#include "core/undo.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::layers {

using xtape::detail::fail;

namespace {

constexpr const char* op = "StackedRNNCells";

DTypePolicy policy_of(const std::vector<AnyLayer>& cells) {
  if (cells.empty()) fail<ValueError>(op, "expected at least one cell, received none");
  for (const AnyLayer& cell : cells) {
    if (dynamic_cast<RecurrentCell*>(&*cell) == nullptr) {
      fail<ValueError>(op, "expected cells, such as LSTMCell, received a {}", cell->class_name());
    }
    const DTypePolicy first = cells.front()->dtype_policy(), own = cell->dtype_policy();
    if (own.name() != first.name()) {
      fail<ValueError>(op, "expected cells of one dtype policy, received {} and {}", first.name(), own.name());
    }
  }
  return cells.front()->dtype_policy();
}

}  // namespace

StackedRNNCells::StackedRNNCells(std::vector<AnyLayer> cells, std::string name)
    : LayerBase(std::move(name), policy_of(cells)), cells_(std::move(cells)) {
  for (const AnyLayer& each : cells_) adopt(*each);
  describe({{"cells", cells_}});  // with the names that are unique in here
}

RecurrentCell& StackedRNNCells::cell(std::size_t i) const& {
  if (i >= cells_.size()) fail<IndexError>(op, "expected an index below {}, received {}", cells_.size(), i);
  return static_cast<RecurrentCell&>(*cells_[i]);
}

std::vector<std::int64_t> StackedRNNCells::state_size() const {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto sizes = cell(i).state_size();
    all.insert(all.end(), sizes.begin(), sizes.end());
  }
  return all;
}

void StackedRNNCells::check_inputs(const std::vector<Shape>& shapes) const {
  const auto sizes = state_size();
  if (shapes.size() != 1 + sizes.size()) {
    fail<ValueError>(op, "expected an input and {} state(s), received {} tensors", sizes.size(), shapes.size());
  }
  const Shape& x = shapes[0];
  if (x.rank() != 2 || (features_ != 0 && x[1] != features_)) {
    fail<ValueError>(op, "expected an input of shape (None, {}), received {}",
                     features_ != 0 ? fmt::format("{}", features_) : "features", x);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Shape wanted{x[0], sizes[i]};
    if (shapes[i + 1] != wanted) {
      fail<ValueError>(op, "expected state {} of shape {}, received {}", i, wanted, shapes[i + 1]);
    }
  }
}

void StackedRNNCells::build_list(const std::vector<Shape>& input_shapes) {
  features_ = 0;
  check_inputs(input_shapes);
  features_ = input_shapes.front()[1];
  const xtape::detail::NoRecording off;
  const xtape::detail::Trial trial;  // builds any cells without lasting effects
  std::int64_t features = features_;
  for (std::size_t i = 0; i < size(); ++i) {
    TensorList one(zeros({1, features}, cell(i).dtype()));
    const auto sizes = cell(i).state_size();
    for (const std::int64_t size : sizes) one.push_back(zeros({1, size}, cell(i).dtype()));
    (void)cell(i)(one, {.training = false});
    features = sizes.at(0);
  }
}

TensorList StackedRNNCells::call_list(const TensorList& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  check_inputs(shapes);
  const struct Sequence {
    StackedRNNCells* cells;
    ~Sequence() { cells->end_sequence(); }
  } sequence{this};
  const Tensor x = expand_dims(inputs[0], 1);
  begin_sequence(x);
  TensorList states;
  states.insert(states.end(), inputs.begin() + 1, inputs.end());
  return step(squeeze(prepare(x), 1), states);
}

void StackedRNNCells::begin_sequence(const Tensor& x) {
  cell(0).begin_sequence(x);
  for (std::size_t i = 1; i < size(); ++i) {
    cell(i).begin_sequence(zeros({x.shape()[0], 1, cell(i - 1).state_size().at(0)}, x.dtype()));
  }
}

void StackedRNNCells::end_sequence() noexcept {
  for (const AnyLayer& each : cells_) static_cast<RecurrentCell&>(*each).end_sequence();
}

Tensor StackedRNNCells::prepare(const Tensor& x) { return cell(0).prepare(x); }

TensorList StackedRNNCells::step(const Tensor& x, const TensorList& states) {
  TensorList results{Tensor()};
  Tensor input = x;
  auto next = states.begin();
  for (std::size_t i = 0; i < size(); ++i) {
    if (i > 0) input = squeeze(cell(i).prepare(expand_dims(results[0], 1)), 1);
    const auto count = static_cast<std::ptrdiff_t>(cell(i).state_size().size());
    TensorList own;
    own.insert(own.end(), next, next + count);
    next += count;
    const TensorList now = cell(i).step(input, own);
    if (static_cast<std::ptrdiff_t>(now.size()) != 1 + count) {
      fail<ValueError>(op, "expected cell {} to return an output and {} state(s), received {}", i, count, now.size());
    }
    results[0] = now[0];
    results.insert(results.end(), now.begin() + 1, now.end());
  }
  return results;
}

}  // namespace xtape::layers
