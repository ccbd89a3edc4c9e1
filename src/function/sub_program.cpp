#include "function/sub_program.hpp"

#include <utility>

#include "base/check.hpp"
#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "xtape/core/provenance.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {
namespace {

/// What a tensor carries besides its elements, which a SubProgram does not pass on.
const char* carried(const Tensor& t) {
  if (!t.defined()) return "an empty tensor";
  if (t.impl()->weak) return "a plain number, whose dtype depends on what it meets";
  if (has_mask(t)) return "a tensor with a mask";
  if (is_sparse(*t.impl())) return "a sparse gradient (IndexedSlices)";
  if (has_logits(*t.impl())) return "the result of a softmax or sigmoid, whose logits the losses use";
  return nullptr;
}

Tensors without_elements(std::span<const Tensor> like) {
  Tensors made;
  for (const Tensor& t : like) made.push_back(detail::without_elements({t.dtype(), t.shape()}));
  return made;
}

/// Layers are built, and nothing else lasts.
void try_on_shapes(const SubProgram::Body& body, std::span<const Tensor> like) {
  const Trial trial;
  const ShapesOnly shapes;
  (void)body(TensorList(without_elements(like)));
}

}  // namespace

Tensor without_elements(const SubProgram::Result& like) {
  const ShapesOnly shapes;
  return make_tensor(like.shape, like.dtype);
}

std::shared_ptr<SubProgram> SubProgram::trace(const Body& body, std::span<const Tensor> like, std::string& obstacle) {
  for (const Tensor& t : like) {
    if (const char* what = carried(t)) {
      obstacle = fmt::format("{} goes in", what);
      return nullptr;
    }
  }
  const auto* outer = dynamic_cast<const TraceBuilder*>(thread_state.tracer);
  const NoRecording unseen;
  Undo changes;
  try {
    try_on_shapes(body, like);
    const Tensors arguments = without_elements(like);
    TraceBuilder builder(arguments, outer);
    builder.start();
    const TensorList results = body(TensorList(arguments));
    builder.stop();
    changes.take_back();
    for (const Tensor& result : results) {
      if (const char* what = carried(result)) builder.give_up(fmt::format("{} comes out", what));
    }
    if (builder.made_variables()) builder.give_up("it makes variables");
    if (builder.obstacle().empty()) {
      Trace trace = builder.finish(results);
      if (builder.obstacle().empty()) {
        const std::shared_ptr<SubProgram> made(new SubProgram(std::move(trace)));
        for (const Tensor& result : results) made->results_.push_back({result.dtype(), result.shape()});
        made->captured_ = builder.captured();
        made->has_state_ = builder.has_state();
        return made;
      }
    }
    obstacle = builder.obstacle();
  } catch (const Error& error) {
    changes.take_back();
    obstacle = error.message();
  }
  return nullptr;
}

Tensors SubProgram::captured_values() const {
  Tensors values;
  for (const Captured& each : captured_) values.push_back(each.tensor.defined() ? each.tensor : each.variable.value());
  return values;
}

Tensors SubProgram::run(std::span<const Tensor> arguments, std::span<const Tensor> captured) {
  PoolVector<const Tensor*> all;
  for (const Tensor& t : arguments) all.push_back(&t);
  for (const Tensor& t : captured) all.push_back(&t);
  return program_.run(all);
}

}  // namespace xtape::detail
