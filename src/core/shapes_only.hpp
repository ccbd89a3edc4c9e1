#pragma once

#include "core/trace.hpp"
#include "xtape/base/error.hpp"

namespace xtape::detail {

/// Thrown when code reads elements of a tensor that was made without elements, inside a ShapesOnly.
struct LooksAtElements : RuntimeError {
  using RuntimeError::RuntimeError;
};
[[noreturn]] void fail_without_elements(const char* op, const TensorImpl& impl);

/// Whether a tensor has elements; not if it was made where only shapes are computed and depends on what has none.
bool has_elements(const Tensor& t) noexcept;

/// While it lives, the calling thread computes only shapes and dtypes: no kernel runs, and new tensors have no
/// elements. Exceptions are plain numbers, tensors that the host writes, and small results that depend only on these.
/// Reading missing elements throws a LooksAtElements. Existing variables and tensors keep their elements.
///
/// With `notes`, ops and layers note their calls there. All results that depend only on constants have elements then,
/// but none that depend on a variable.
class ShapesOnly final : public Tracer {
 public:
  explicit ShapesOnly(CallNotes* its_notes = nullptr) noexcept : Tracer(/*runs_kernels=*/false), current_(this) {
    notes = its_notes;
  }

  void made(const TensorImpl*) override {}
  void made_view(const TensorImpl*, const TensorImpl*, std::int64_t) override {}
  void made_constant(const Tensor&) override {}
  void launched(Kernel, std::span<const Tensor* const>, std::size_t, LaunchKind) override {}
  void launched_elementwise(const kernels::Elementwise&, std::span<const Tensor* const>, std::string) override {}
  void variable_read(const Variable& variable) override;
  void variable_written(const Variable&) override {}
  void variable_made() override {}
  void host_read(const char* op, const TensorImpl* impl) override;
  void host_written(const char* op, const TensorImpl* impl) override;
  void give_up(std::string) override {}

 private:
  ThreadStateScope<&ThreadState::tracer> current_;
};

}  // namespace xtape::detail
