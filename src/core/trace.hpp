#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "kernels/elementwise.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/thread_state.hpp"
#include "xtape/core/variable.hpp"

// The interface through which ops and optimizers report to xtape::function() while it traces, so that it can replay
// their kernels without them. Kernels run through launch(): at once, and again in every replay.
namespace xtape::detail {

/// The tensors of a launch: those that it reads, then those that it writes.
class Operands {
 public:
  explicit Operands(const Tensor* const* tensors) : tensors_(tensors) {}
  Operands(const Tensor* const* tensors, const std::uint32_t* places) : tensors_(tensors), places_(places) {}
  const Tensor& operator[](std::size_t i) const { return *tensors_[places_ == nullptr ? i : places_[i]]; }

 private:
  const Tensor* const* tensors_;
  const std::uint32_t* places_ = nullptr;
};

class CallNotes;

using Kernel = std::function<void(const Operands&)>;

/// Which optimisations of a launch are allowed.
enum class LaunchKind : std::uint8_t {
  pure,    ///< writes all of its outputs, which depend only on its inputs
  throws,  ///< pure, but throws for some inputs: runs in every replay, even if its outputs are not used
  state,   ///< depends on more than its inputs, such as a random generator, or changes more than its outputs
};

/// Is told what the calling thread computes.
class Tracer {
 public:
  explicit Tracer(bool runs_kernels = true) noexcept;
  virtual ~Tracer() = default;
  /// Unique for each trace, and not 0.
  const std::uint64_t number;
  /// Whether kernels run. If not, new tensors have no elements: see core/shapes_only.hpp.
  const bool computes;
  /// Where ops and layers note what they are called with; null: nobody asks. See core/call_notes.hpp.
  CallNotes* notes = nullptr;
  /// A new tensor, whose address may be that of an earlier one. Its elements are not written yet.
  virtual void made(const TensorImpl* impl) = 0;
  virtual void made_view(const TensorImpl* source, const TensorImpl* view, std::int64_t bytes) = 0;
  /// The elements are the same in every replay.
  virtual void made_constant(const Tensor& t) = 0;
  virtual void launched(Kernel kernel, std::span<const Tensor* const> operands, std::size_t outputs,
                        LaunchKind kind) = 0;
  /// A launch that can be fused with its neighbours; `functor` is a copy of what f.f points to.
  virtual void launched_elementwise(const kernels::Elementwise& f, std::span<const Tensor* const> operands,
                                    std::string functor) = 0;
  /// The value of a variable is read, or will be written by the next launch.
  virtual void variable_read(const Variable& variable) = 0;
  virtual void variable_written(const Variable& variable) = 0;
  virtual void variable_made() = 0;
  /// The thread reads elements outside a launch: what depends on them cannot be replayed.
  virtual void host_read(const char* op, const TensorImpl* impl) = 0;
  /// The thread writes elements outside a launch: a replay must not read them.
  virtual void host_written(const char* op, const TensorImpl* impl) = 0;
  /// The computation cannot be replayed, for this reason.
  virtual void give_up(std::string why) = 0;
};

/// Gives uninitialized elements to a tensor that was made without elements.
void give_elements(TensorImpl& impl);

/// When kernels do not run: whether this one runs all the same, because it is small and all its inputs have elements,
/// such as constants. If so, its outputs get elements; otherwise they lose them. For a tracer with notes see
/// ShapesOnly.
bool known_and_small(const Tracer& tracer, LaunchKind kind, std::span<const Tensor* const> operands,
                     std::size_t outputs);

/// Whether a kernel with one output, the last of the tensors, has to run.
template <class... T>
bool to_be_run(const T&... tensors) {
  if (thread_state.tracer == nullptr || thread_state.tracer->computes) [[likely]]
    return true;
  const Tensor* const operands[] = {&tensors...};
  return known_and_small(*thread_state.tracer, LaunchKind::pure, operands, 1);
}

/// While it lives, no tracer is active on the calling thread.
class Untraced {
 public:
  Untraced() noexcept : tracer_(nullptr) {}
  Tracer* hidden() const noexcept { return tracer_.outer(); }

 private:
  ThreadStateScope<&ThreadState::tracer> tracer_;
};

[[gnu::noinline]] inline void trace_launch(LaunchKind kind, Kernel kernel, std::span<const Tensor* const> operands,
                                           std::size_t outputs) {
  Untraced untraced;
  if (untraced.hidden()->computes || known_and_small(*untraced.hidden(), kind, operands, outputs))
    kernel(Operands(operands.data()));
  untraced.hidden()->launched(std::move(kernel), operands, outputs, kind);
}

/// Runs f(tensors), which may call ops and keep a state of its own, as one launch: all of f runs in every replay.
template <class F>
void launch_as_one(F f, std::span<const Tensor* const> operands) {
  Kernel kernel = [f = std::move(f), count = operands.size()](const Operands& current) {
    Tensors tensors;
    tensors.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tensors.push_back(current[i]);
    f(tensors);
  };
  if (thread_state.tracer == nullptr) return kernel(Operands(operands.data()));
  trace_launch(LaunchKind::state, std::move(kernel), operands, 0);
}

/// For objects with state outside tensors, such as metrics: if a tracer is active, runs f(tensors...) as one launch and
/// returns true; otherwise returns false.
template <class F, class... T>
bool launched_as_one(const F& f, const T&... tensors) {
  if (thread_state.tracer == nullptr) return false;
  const Tensor* const operands[] = {&tensors...};
  Kernel kernel = [f](const Operands& current) {
    [&]<std::size_t... i>(std::index_sequence<i...>) { f(current[i]...); }
    (std::index_sequence_for<T...>());
  };
  trace_launch(LaunchKind::state, std::move(kernel), operands, 0);
  return true;
}

/// Reports an elementwise kernel that has just run on these tensors and has written the last. `functor_bytes` is the
/// size of what f.f points to, 0 if the loop does not use it.
template <class... T>
void trace_elementwise(const kernels::Elementwise& f, std::size_t functor_bytes, const T&... tensors) {
  const Tensor* const operands[] = {&tensors...};
  thread_state.tracer->launched_elementwise(f, operands, std::string(static_cast<const char*>(f.f), functor_bytes));
}

/// A view of the elements of `source` as another shape and dtype, beginning `bytes` after the first element.
Tensor make_view_as(const Tensor& source, const Shape& shape, DType dtype, std::int64_t bytes);

/// Reports that the elements of a tensor, which no launch has written, are the same in every replay.
inline Tensor&& constant_of_trace(Tensor&& t) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->made_constant(t);
  return std::move(t);
}

}  // namespace xtape::detail
