#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "tape/tape_record.hpp"
#include "xtape/tape/explanation.hpp"
#include "xtape/tape/gradient_tape.hpp"

// The third of a tape's three parts: information about its record for people. diagnostics_explain.cpp says why
// a gradient is missing, diagnostics_graph.cpp draws the record and its times, check_numerics.cpp sees every op through
// an Observer.
namespace xtape::detail {

/// Sees the results of every op of a thread: see TapeImpl::observer.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Called after an op; its outputs have result ids.
  virtual void check(const char* name, const Inputs& inputs, std::span<const Tensor> outputs) = 0;
};

/// What a tape notes only for people, and the answers that use it and the record. They also work after gradient(), when
/// the rules are destroyed.
class Diagnostics {
 public:
  explicit Diagnostics(const TapeRecord& record) : record_(record) {}
  Diagnostics(const Diagnostics&) = delete;

  /// Notes that a tensor was assigned to a variable.
  void note_assignment(const Variable& variable, const TensorImpl* value);

  // For a tape that profiles: the times of its ops.

  void note_start() noexcept { last_time_ = now(); }
  /// Called after an op has run.
  void note_forward(std::span<const Tensor> outputs);
  /// Called after the rule of an op has run, which started at `begin`.
  void note_backward(std::size_t op, double begin);
  /// Microseconds since a fixed time.
  static double now() noexcept {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  /// Why a target has no gradient for a source, or through which ops it flows. `watches_variables`: whether the tape
  /// watches variables when they are read.
  Explanation explain(const Tensor& target, const Source& source, bool watches_variables) const;
  std::string dot() const;
  std::string chrome_trace() const;

  void clear() noexcept {
    assignments_.clear();
    times_.clear();
  }

 private:
  struct Assignment {
    const VariableImpl* variable;
    Slot value;  ///< the assigned tensor
  };
  struct Times {
    double begin = 0, forward = 0;  ///< microseconds
    double backward_begin = 0, backward = 0;
    std::int64_t bytes = 0;
  };
  struct Step;
  PoolVector<Slot> slots_of(const Source& source) const;
  PoolVector<Step> path_between(const PoolVector<Slot>& from, Slot to, bool through_cuts) const;
  std::string describe(std::size_t op) const;
  std::string why_unknown(const Source& source, bool watches_variables) const;
  std::string why_unrecorded(const Tensor& target) const;

  const TapeRecord& record_;
  PoolVector<Assignment> assignments_;
  PoolVector<Times> times_;  ///< one for each op
  double last_time_ = 0;     ///< when the latest op was recorded
};

}  // namespace xtape::detail
