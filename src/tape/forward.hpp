#pragma once

#include <cstdint>
#include <span>

#include "tape/leaf_table.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/tape/record_forward.hpp"

// Forward mode. An accumulator is a member of the thread's list of tapes, like a tape, but instead of a record it has
// the tangents of tensors: right after an op it computes the tangents of the outputs from those of the inputs. These
// computations are seen by what is further out in the list. So a tape around an accumulator differentiates the
// tangents, an accumulator around a tape differentiates the tape's walk, and accumulators nest.
namespace xtape::detail {

/// An op that has run, as record() was called for it. Its outputs have their ids.
struct ForwardCall {
  const char* name;
  const Inputs& inputs;
  std::span<const Tensor> outputs;
  void* rule;
  const RuleTable& table;
  const ForwardRule* forward;  ///< null: only the gradient rule is known
};

/// The tangents that one accumulator knows: those of its primals, and of results that somebody still holds.
class Forward {
 public:
  Forward();
  Forward(const Forward&) = delete;

  /// Makes a tensor a primal. Both have the same shape and dtype.
  void watch(const Tensor& primal, const Tensor& tangent);
  /// Empty for a tensor that does not move.
  Tensor tangent_of(const TensorImpl* tensor) const noexcept;
  bool moves(const TensorImpl* tensor) const noexcept;
  bool any_moves(const Inputs& inputs) const noexcept;
  /// Computes and keeps the tangents of the outputs.
  void differentiate(const ForwardCall& call);
  /// The names of the ops without a forward rule that were differentiated, each once.
  const PoolVector<const char*>& without_rule() const noexcept { return without_rule_; }

 private:
  Tensors tangents_by_gradients(const ForwardCall& call, Tangents tangents);
  void keep(const Tensor& result, Tensor tangent);
  void forget_unused();
  bool forget_if_unused(std::size_t place);

  struct Moving {
    Tensor primal;  ///< held, so that it can be asked whether anybody else holds it
    Tensor tangent;
  };
  std::uint64_t first_id_;
  PoolVector<Moving> results_;      ///< the result whose id is first_id_ + i; mostly empty
  PoolVector<std::uint32_t> used_;  ///< the places in results_ that are not empty
  std::size_t check_all_from_ = 0;  ///< from so many on, all of used_ are checked
  LeafTable leaves_;                ///< the primals
  Tensors primals_, tangents_;
  PoolVector<const char*> without_rule_;
};

}  // namespace xtape::detail
