#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "function/trace_builder.hpp"
#include "xtape/core/tensor_list.hpp"

namespace xtape::detail {

/// A function of tensors that is run as one step, once or many times: the body of a loop, the branch of a condition. It
/// was traced on shapes alone, and becomes part of the traced function around it, if there is one.
class SubProgram {
 public:
  using Body = std::function<TensorList(const TensorList&)>;
  struct Result {
    DType dtype;
    Shape shape;
  };

  /// The body for arguments of these dtypes and shapes. Null if that is not possible, with the reason in `obstacle`;
  /// the caller then runs the body itself.
  static std::shared_ptr<SubProgram> trace(const Body& body, std::span<const Tensor> like, std::string& obstacle);

  const std::vector<Result>& results() const noexcept { return results_; }
  /// What the body reads besides its arguments.
  const std::vector<Captured>& captured() const noexcept { return captured_; }
  /// Their present values, as the function around it sees them.
  Tensors captured_values() const;
  /// Whether each run draws random numbers, or changes something.
  bool has_state() const noexcept { return has_state_; }

  /// For arguments and the values of what is captured.
  Tensors run(std::span<const Tensor> arguments, std::span<const Tensor> captured);

 private:
  explicit SubProgram(Trace trace) : program_(std::move(trace)) {}
  Program program_;
  std::vector<Result> results_;
  std::vector<Captured> captured_;
  bool has_state_ = false;
};

/// A tensor of this dtype and shape for a trace on shapes alone.
Tensor without_elements(const SubProgram::Result& like);

}  // namespace xtape::detail
