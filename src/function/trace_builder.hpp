#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "function/program.hpp"

namespace xtape::detail {

/// Writes down what the calling thread computes between start() and stop(), from the arguments of a function on.
class TraceBuilder final : public Tracer {
 public:
  explicit TraceBuilder(std::span<const Tensor> arguments);
  TraceBuilder(const TraceBuilder&) = delete;
  ~TraceBuilder() override { stop(); }

  void start() noexcept;
  void stop() noexcept;

  /// Why the function cannot be replayed; empty if it can.
  const std::string& obstacle() const noexcept { return obstacle_; }
  /// Whether variables came into being: a first call, which is not to be repeated.
  bool made_variables() const noexcept { return made_variables_; }
  /// The trace of a function that returned these.
  Trace finish(std::span<const Tensor> results);

  void made(const TensorImpl* impl) override;
  void made_view(const TensorImpl* source, const TensorImpl* view, std::int64_t bytes) override;
  void made_constant(const Tensor& t) override;
  void launched(Kernel kernel, std::span<const Tensor* const> operands, std::size_t outputs, LaunchKind kind) override;
  void launched_elementwise(const kernels::Elementwise& f, std::span<const Tensor* const> operands,
                            std::string functor) override;
  void variable_read(const Variable& variable) override;
  void variable_written(const Variable& variable) override;
  void variable_made() override { made_variables_ = true; }
  void host_read(const char* op, const TensorImpl* impl) override;
  void host_written(const char* op, const TensorImpl* impl) override;
  void give_up(std::string why) override;

 private:
  static constexpr Place unknown = ~Place{0};  ///< of a tensor whose elements no launch has written
  Place add(TracedTensor::Kind kind, const TensorImpl* impl);
  /// The place of what a launch reads; `unknown` where there is none, and the trace is given up.
  Place place_of(const Tensor& t);
  bool is_constant(Place place) const;
  void append(TracedStep step, std::span<const Tensor* const> operands);

  Trace trace_;
  std::unordered_map<const TensorImpl*, Place> places_;
  std::unordered_map<const TensorImpl*, std::string> host_ops_;  ///< what wrote tensors outside of launches
  std::unordered_map<const VariableImpl*, std::uint32_t> writes_;
  std::vector<Variable> about_to_write_;
  std::string obstacle_;
  bool made_variables_ = false;
  bool started_ = false;
};

}  // namespace xtape::detail
