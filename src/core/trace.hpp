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

// What ops and optimizers tell of themselves while xtape::function() traces a function, so that it can be run again
// without them. Kernels go through launch(): at once, and once more in every replay.
namespace xtape::detail {

/// The tensors of a launch: what it reads, then what it writes.
class Operands {
 public:
  explicit Operands(const Tensor* const* tensors) : tensors_(tensors) {}
  Operands(const Tensor* const* tensors, const std::uint32_t* places) : tensors_(tensors), places_(places) {}
  const Tensor& operator[](std::size_t i) const { return *tensors_[places_ == nullptr ? i : places_[i]]; }

 private:
  const Tensor* const* tensors_;
  const std::uint32_t* places_ = nullptr;
};

using Kernel = std::function<void(const Operands&)>;

/// How a launch may be treated besides being replayed.
enum class LaunchKind : std::uint8_t {
  pure,    ///< writes all of its outputs, and they depend on nothing but its inputs
  throws,  ///< pure, but refuses some inputs: runs in every replay, even if nobody reads its outputs
  state,   ///< depends on more than its inputs, such as a random generator, or changes more than its outputs
};

/// Follows what the calling thread computes.
class Tracer {
 public:
  explicit Tracer(bool runs_kernels = true) noexcept;
  virtual ~Tracer() = default;
  /// No two traces have the same number, and none has 0.
  const std::uint64_t number;
  /// Where kernels do not run, new tensors have no elements: see core/shapes_only.hpp.
  const bool computes;
  /// A description at an address that may have been another one's; the elements are yet to be written.
  virtual void made(const TensorImpl* impl) = 0;
  virtual void made_view(const TensorImpl* source, const TensorImpl* view, std::int64_t bytes) = 0;
  /// The elements are what they will always be.
  virtual void made_constant(const Tensor& t) = 0;
  virtual void launched(Kernel kernel, std::span<const Tensor* const> operands, std::size_t outputs,
                        LaunchKind kind) = 0;
  /// A launch that fuses with its neighbours; `functor` keeps f.f alive.
  virtual void launched_elementwise(const kernels::Elementwise& f, std::span<const Tensor* const> operands,
                                    std::string functor) = 0;
  /// A variable's value is read, or about to be written by the launch that comes next.
  virtual void variable_read(const Variable& variable) = 0;
  virtual void variable_written(const Variable& variable) = 0;
  virtual void variable_made() = 0;
  /// The thread looks at elements: what it does then cannot be replayed.
  virtual void host_read(const char* op, const TensorImpl* impl) = 0;
  /// The thread writes elements outside of a launch: nobody may read them in a replay.
  virtual void host_written(const char* op, const TensorImpl* impl) = 0;
  /// There is no replaying what follows.
  virtual void give_up(std::string why) = 0;
};

/// Gives elements, not yet written, to a tensor that was made without any.
void give_elements(TensorImpl& impl);

/// Where kernels do not run: whether one does all the same, since it is small and all that it reads is known, such as
/// the elements of a constant. Its outputs get elements then; otherwise they lose what they had.
bool known_and_small(LaunchKind kind, std::span<const Tensor* const> operands, std::size_t outputs);

/// Whether a kernel of one output, the last of the tensors, is to run.
template <class... T>
bool to_be_run(const T&... tensors) {
  if (thread_state.tracer == nullptr || thread_state.tracer->computes) [[likely]]
    return true;
  const Tensor* const operands[] = {&tensors...};
  return known_and_small(LaunchKind::pure, operands, 1);
}

/// Hides what happens from the tracer, for the object's life.
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
  if (untraced.hidden()->computes || known_and_small(kind, operands, outputs)) kernel(Operands(operands.data()));
  untraced.hidden()->launched(std::move(kernel), operands, outputs, kind);
}

/// Runs f(tensors), which may call ops and keep a state of its own, as one launch: all of f runs in every replay.
template <class F>
void launch_as_one(F f, std::span<const Tensor* const> operands) {
  Kernel kernel = [f = std::move(f), count = operands.size()](const Operands& of) {
    Tensors tensors;
    tensors.reserve(count);
    for (std::size_t i = 0; i < count; ++i) tensors.push_back(of[i]);
    f(tensors);
  };
  if (thread_state.tracer == nullptr) return kernel(Operands(operands.data()));
  trace_launch(LaunchKind::state, std::move(kernel), operands, 0);
}

/// For what keeps a state beside tensors, such as a metric: while a tracer follows, runs f(tensors...) as one launch
/// and returns true; otherwise only returns false.
template <class F, class... T>
bool launched_as_one(const F& f, const T&... tensors) {
  if (thread_state.tracer == nullptr) return false;
  const Tensor* const operands[] = {&tensors...};
  Kernel kernel = [f](const Operands& of) {
    [&]<std::size_t... i>(std::index_sequence<i...>) { f(of[i]...); }
    (std::index_sequence_for<T...>());
  };
  trace_launch(LaunchKind::state, std::move(kernel), operands, 0);
  return true;
}

/// Tells of an elementwise kernel that has just run on these tensors, the last of which it wrote. `functor_bytes`: of
/// what f.f points to, 0 if the loop does not look at it.
template <class... T>
void trace_elementwise(const kernels::Elementwise& f, std::size_t functor_bytes, const T&... tensors) {
  const Tensor* const operands[] = {&tensors...};
  thread_state.tracer->launched_elementwise(f, operands, std::string(static_cast<const char*>(f.f), functor_bytes));
}

/// A view of other elements, `bytes` behind the first of those of `source`.
Tensor make_view_as(const Tensor& source, const Shape& shape, DType dtype, std::int64_t bytes);

/// Says that a tensor's elements, written by no launch, are the same in every run.
inline Tensor&& constant_of_trace(Tensor&& t) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->made_constant(t);
  return std::move(t);
}

}  // namespace xtape::detail
