#pragma once

#include <cstdint>
#include <span>

#include "tape/diagnostics.hpp"
#include "tape/tape_record.hpp"
#include "xtape/tape/gradient_tape.hpp"

// The second of a tape's three parts: a backward walk over the record, which computes gradients.
//
// A walk has one gradient for each slot of the record; at first only those of the targets are set. It visits the ops
// from the last to the first. If an output of an op has a gradient, the rule of the op computes the gradients of its
// inputs, which are added to the gradients in their slots. Every op comes after the ops that made its inputs. So the
// gradient of an output is complete when its op is visited, and it is released right after. Only ops between the
// sources and the targets are computed: a forward pass first marks the slots that depend on a source.
namespace xtape::detail {

class Walk {
 public:
  /// Checks its arguments and changes nothing, so that an invalid call does not use up the tape. The arguments must
  /// outlive it.
  Walk(const TapeRecord& record, std::span<const Tensor> targets, std::span<const Source> sources,
       const GradientOptions& options);
  Walk(const Walk&) = delete;

  /// Visits the ops. Destroys each visited rule unless `keep` is set. Notes times in `diagnostics`, which may be null.
  void run(bool keep, Diagnostics* diagnostics);

  /// The gradients of the sources.
  Tensors results() const;

 private:
  using Marks = PoolVector<std::uint8_t>;  ///< for each slot

  void seed();
  void mark_sources();
  void mark_wanted();
  void run_rule_of(const RecordedOp& op, const std::uint8_t* wanted, Tensor* gradients, bool* needs) const;
  void run_rule_of_many_inputs(const RecordedOp& op, const std::uint8_t* wanted, Tensor* gradients) const;
  void add_gradient(const char* name, std::size_t input, Tensor gradient, Slot slot, Tensor& sum) const;
  Tensor fit(const char* name, std::size_t input, Tensor gradient, TapeRecord::SlotInfo info) const;
  Tensor result(const Source& source) const;

  const TapeRecord& record_;
  std::span<const Tensor> targets_;
  std::span<const Source> sources_;
  const GradientOptions& options_;
  std::size_t num_ops_;  ///< later ops, which a persistent tape records during the walk, are not visited
  Tensors gradients_;
  Marks wanted_;  ///< the slot depends on a source
  Marks kept_;    ///< the slot is a source: its gradient is not released
};

}  // namespace xtape::detail
