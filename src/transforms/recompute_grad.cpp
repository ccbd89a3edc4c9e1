#include "xtape/transforms/recompute_grad.hpp"

#include <memory>
#include <optional>

#include "base/check.hpp"
#include "core/random_log.hpp"
#include "layers/autocast.hpp"
#include "layers/layer_state.hpp"
#include "tape/gradients_of.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/read_variables.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {
namespace {

/// The context of the first run of f, which its second run must find again.
struct Context {
  random::RandomLog draws;
  bool training = false;
  std::optional<DType> autocast_to;

  /// Notes the context of the calling thread. Draws are noted while f runs.
  void note() {
    const CallScope* call = CallScope::current();
    training = call != nullptr && call->training();
    if (thread_state.autocast != nullptr) autocast_to = thread_state.autocast->dtype;
  }
};

/// Restores the context while it lives.
class RestoredContext {
 public:
  explicit RestoredContext(const Context& first) : recomputing_(true), draws_(first.draws), phase_(first.training) {
    if (first.autocast_to) autocast_.emplace(*first.autocast_to);
  }
  void succeed() { phase_.succeed(); }

 private:
  ThreadStateScope<&ThreadState::recomputing> recomputing_;
  random::ReplayDraws draws_;
  CallScope phase_;
  std::optional<AutocastScope> autocast_;
};

struct Rerun {
  TensorsToTensor f;
  std::vector<Tensor> inputs;
  std::vector<Variable> variables;
  Context context;

  Grads gradients(const Tensor& dy) const {
    RestoredContext restored(context);
    GradientTape tape;
    tape.watch(inputs);
    const Tensor y = f(inputs);
    restored.succeed();
    PoolVector<Source> sources(inputs.begin(), inputs.end());
    sources.insert(sources.end(), variables.begin(), variables.end());
    return gradients_of_each(tape, {y}, sources, {dy});
  }
};

}  // namespace

Tensor recompute(const TensorsToTensor& f, std::span<const Tensor> inputs) {
  if (!is_recording()) return f(inputs);
  auto rerun = std::make_shared<Rerun>();
  Tensor y;
  {
    const NoRecording unseen;
    const ReadVariables read;
    const random::RecordDraws noted(rerun->context.draws);
    y = f(inputs);
    rerun->variables.assign(read.list().begin(), read.list().end());
  }
  if (!y.defined()) fail<ValueError>("recompute_grad", "the function returned an empty tensor");
  std::vector<Tensor> all(inputs.begin(), inputs.end());
  for (const auto& variable : rerun->variables) all.push_back(variable.stored_value());
  rerun->f = f;
  rerun->inputs.assign(inputs.begin(), inputs.end());
  rerun->context.note();
  return masked_like(y, record("recompute_grad", all, make_alias(y),
                               [&] { return [rerun](const Tensor& dy) { return rerun->gradients(dy); }; }));
}

Tensor pass_through(const Tensor& x, const Tensor& y) {
  constexpr const char* op = "grad_pass_through";
  if (!y.defined()) fail<ValueError>(op, "the function returned an empty tensor");
  if (y.dtype() != x.dtype()) fail<TypeError>(op, "the function turned {} into {}", x.dtype(), y.dtype());
  if (y.shape() != x.shape()) fail<ValueError>(op, "the function turned shape {} into {}", x.shape(), y.shape());
  return record_elementwise(op, {x}, make_alias(y), [](const Tensor& dy) { return Grads{dy}; });
}

}  // namespace xtape::detail
