#pragma once

#include <memory>
#include <span>
#include <vector>

#include "function/sub_program.hpp"
#include "xtape/tape/gradient_tape.hpp"

// What branches and loops share.
namespace xtape::detail {

/// Whether they have to become steps of a traced function; otherwise they run as plain C++.
bool becomes_step() noexcept;
/// Whether the thread computes shapes alone, and nobody asks for the ops.
bool only_shapes() noexcept;

/// Up to which order the recording tapes can ask for derivatives of what the thread computes now; at most 4.
int recordable_order() noexcept;
/// Throws a RuntimeError "[op] ..." for a derivative of a higher order.
[[noreturn]] void fail_order(const char* op);

/// Runs `kernel`, which reads the inputs and makes results of these dtypes and shapes, as one step.
Tensors launch_program(Kernel kernel, const Tensors& inputs, const std::vector<SubProgram::Result>& results,
                       bool has_state);

/// Copies the elements of t to those of `to`, from its row `row` of t's shape on.
void copy_to_row(const Tensor& t, const Tensor& to, std::int64_t row);

/// A bool of one element; throws a TypeError or ValueError "[op] ..." for another.
const Tensor& check_condition(const char* op, const Tensor& condition);

/// Throws a ValueError "[op] ..." unless the tensors have the dtypes and shapes of those before.
void check_same(const char* op, std::span<const Tensor> before, std::span<const SubProgram::Result> after);
std::vector<SubProgram::Result> results_of(std::span<const Tensor> tensors);

/// What is captured, floating and has a gradient.
class CapturedSources {
 public:
  CapturedSources() = default;
  CapturedSources(const std::vector<Captured>& captured, Tensors values);
  std::size_t size() const noexcept { return places_.size(); }
  /// The place among everything that is captured.
  std::size_t place(std::size_t i) const { return places_[i]; }
  const Tensor& value(std::size_t i) const { return values_[places_[i]]; }
  void watch(GradientTape& tape) const;
  void add_to(PoolVector<Source>& sources) const;
  /// Throws a RuntimeError "[op] ..." if a variable was assigned since.
  void check_unchanged(const char* op) const;

 private:
  std::vector<Captured> captured_;
  Tensors values_;
  std::vector<std::size_t> places_;
};

/// The gradient of an output, zeros if it was not used.
Tensor or_zeros(const Tensor& gradient, const Tensor& output);
/// What a rule returns.
Grads grads_of(std::vector<Tensor> gradients);

/// The places of the floating tensors.
std::vector<std::size_t> floating_places(std::span<const Tensor> tensors);

/// The gradients of f's results, those that are floating and have an output gradient, for the floating ones of its
/// arguments and what it captures, with zeros for what is not connected.
Tensors vector_jacobian_products(const SubProgram::Body& f, const TensorList& arguments,
                                 const CapturedSources& captured, std::span<const std::size_t> targets,
                                 const Tensors& output_gradients);

}  // namespace xtape::detail
