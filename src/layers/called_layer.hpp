#pragma once

#include <memory>
#include <utility>

#include "core/call_notes.hpp"
#include "layers/graph_node.hpp"

namespace xtape::detail {

/// The layer of a CallNote.
struct CalledLayer : Called {
  CalledLayer(Layer& called, CallOptions its_options) : layer(called), options(its_options) {}
  GraphLayer layer;
  CallOptions options;
};

/// Calls `again`, which calls the layer, and notes it.
template <class F>
[[gnu::noinline]] auto note_call(Layer& layer, const TensorList& inputs, CallOptions options, const F& again) {
  CallNote note;
  note.called = std::make_shared<const CalledLayer>(layer, options);
  note.operands.assign(inputs.begin(), inputs.end());
  return thread_state.tracer->notes->run(std::move(note), again);
}

}  // namespace xtape::detail
