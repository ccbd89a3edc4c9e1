#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/partial_tracer.hpp"
#include "function/program.hpp"

namespace xtape::detail {

/// A tensor that a part of a traced function reads from outside, or the value of a variable.
struct Captured {
  Tensor tensor;  ///< empty: the variable's value
  Variable variable;
};

/// Notes what the calling thread computes from the arguments of a function, between start() and stop().
///
/// A part, such as the body of a loop, is traced by a builder of its own, without kernels. What it reads of the traced
/// function around it, and of variables, becomes further arguments: captured().
class TraceBuilder final : public PartialTracer {
 public:
  explicit TraceBuilder(std::span<const Tensor> arguments) : TraceBuilder(arguments, nullptr, true) {}
  /// For a part of what `outer` traces, which may be null.
  TraceBuilder(std::span<const Tensor> arguments, const TraceBuilder* outer) : TraceBuilder(arguments, outer, false) {}
  TraceBuilder(const TraceBuilder&) = delete;
  ~TraceBuilder() override { stop(); }

  void start() noexcept;
  void stop() noexcept;

  /// Why the function cannot be replayed; empty if it can.
  const std::string& obstacle() const noexcept { return obstacle_; }
  /// Whether variables were made: then this was a first call, whose trace cannot be repeated.
  bool made_variables() const noexcept { return made_variables_; }
  /// The trace of a function that returned these results.
  Trace finish(std::span<const Tensor> results);
  /// In the order of the arguments that they are, after those that were given.
  const std::vector<Captured>& captured() const noexcept { return captured_; }
  /// Whether a step depends on more than its inputs, such as a random generator, or changes more than its outputs.
  bool has_state() const noexcept { return has_state_; }
  bool is_known(const TensorImpl& impl) const override;

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
  TraceBuilder(std::span<const Tensor> arguments, const TraceBuilder* outer, bool runs_kernels);
  bool is_part() const noexcept { return !computes; }
  /// Whether it, or what is around it, has seen the tensor.
  bool knows(const TensorImpl* impl) const;
  Place capture(const TensorImpl* impl, Captured captured);
  static constexpr Place unknown = ~Place{0};  ///< the place of a tensor whose elements no launch has written
  Place add(TracedTensor::Kind kind, const TensorImpl* impl);
  /// The place of a tensor that a launch reads; `unknown` if it has none, which ends the trace.
  Place place_of(const Tensor& t);
  bool is_constant(Place place) const;
  void append(TracedStep step, std::span<const Tensor* const> operands);

  Trace trace_;
  std::unordered_map<const TensorImpl*, Place> places_;
  std::unordered_map<const TensorImpl*, std::string> host_ops_;  ///< by tensor: the name of the host code that wrote it
  std::unordered_map<const VariableImpl*, std::uint32_t> writes_;
  std::vector<Variable> about_to_write_;
  std::vector<Captured> captured_;
  std::uint32_t arguments_ = 0;
  const TraceBuilder* outer_;
  Tracer* around_ = nullptr;  ///< of the thread, before start()
  std::string obstacle_;
  bool has_state_ = false;
  bool made_variables_ = false;
  bool started_ = false;
};

}  // namespace xtape::detail
