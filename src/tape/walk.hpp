#pragma once

#include <cstdint>
#include <span>

#include "tape/diagnostics.hpp"
#include "tape/tape_record.hpp"
#include "xtape/tape/gradient_tape.hpp"

// The second of a tape's three subjects: a walk backwards over the record, which computes gradients.
//
// A walk has one gradient for each slot of the record, all of them empty but for those of the targets. It goes through
// the ops from the last to the first. An op whose outputs have a gradient is run: its rule gives the gradients of its
// inputs, which are added to what is in their slots. As every op comes after those that made its inputs, the gradient
// of an output is complete when its op is reached; it is given back right after. Only what lies between the sources and
// the targets is computed: a pass forwards marks first which slots depend on a source.
namespace xtape::detail {

class Walk {
 public:
  /// Checks what it is given, and changes nothing: a mistake in the call loses nothing. The arguments must outlive it.
  Walk(const TapeRecord& record, std::span<const Tensor> targets, std::span<const Source> sources,
       const GradientOptions& options);
  Walk(const Walk&) = delete;

  /// Goes through the record. Unless `keep` is set, destroys the rules on its way. Notes times in `diagnostics`, which
  /// may be null.
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
  std::size_t num_ops_;  ///< what a persistent tape records from here on is not part of this walk
  Tensors gradients_;
  Marks wanted_;  ///< a source can be reached from it
  Marks kept_;    ///< it is a source: its gradient is not given back
};

}  // namespace xtape::detail
