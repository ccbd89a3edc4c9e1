#pragma once

#include "core/trace.hpp"
#include "xtape/base/error.hpp"

namespace xtape::detail {

/// The error where the elements of a tensor decide that was made without any, by a ShapesOnly.
struct LooksAtElements : RuntimeError {
  using RuntimeError::RuntimeError;
};
[[noreturn]] void fail_without_elements(const char* op, const TensorImpl& impl);

/// While it lives, the calling thread computes shapes and dtypes only: no kernel runs, and new tensors have no memory
/// for elements, but for plain numbers, what the host writes, and small results of nothing else. Whoever looks at
/// elements that are not there gets a LooksAtElements. Variables and tensors from before keep theirs.
class ShapesOnly final : public Tracer {
 public:
  ShapesOnly() noexcept : Tracer(/*runs_kernels=*/false), current_(this) {}

  void made(const TensorImpl*) override {}
  void made_view(const TensorImpl*, const TensorImpl*, std::int64_t) override {}
  void made_constant(const Tensor&) override {}
  void launched(Kernel, std::span<const Tensor* const>, std::size_t, LaunchKind) override {}
  void launched_elementwise(const kernels::Elementwise&, std::span<const Tensor* const>, std::string) override {}
  void variable_read(const Variable&) override {}
  void variable_written(const Variable&) override {}
  void variable_made() override {}
  void host_read(const char* op, const TensorImpl* impl) override;
  void host_written(const char* op, const TensorImpl* impl) override;
  void give_up(std::string) override {}

 private:
  ThreadStateScope<&ThreadState::tracer> current_;
};

}  // namespace xtape::detail
