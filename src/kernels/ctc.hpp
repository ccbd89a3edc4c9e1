#pragma once

#include <cstdint>

// The loss of connectionist temporal classification and its gradient (Graves et al., "Connectionist Temporal
// Classification", 2006, sections 4.1 and 4.2), in logarithms and double. A target of n symbols becomes 2 n + 1 states,
// its symbols with blanks around them. alpha[t][s] is the log of the probability of all ways to state s at step t, beta
// that of all ways from there to the end, so that e^(alpha + beta + loss) is the probability of being there.
namespace xtape::kernels {

struct CtcBatch {
  std::int64_t size, steps, classes, symbols;
  std::int64_t blank;
  const std::int64_t* targets;         ///< [size, symbols], within their lengths in [0, classes)
  const std::int64_t* target_lengths;  ///< [size]
  const std::int64_t* output_lengths;  ///< [size]
};

/// Of logits [size, steps, classes]; +inf for a target that does not fit.
template <class T>
void ctc_loss(const CtcBatch& batch, const T* logits, T* losses);
/// d_losses (softmax(logits) - the expected number of each symbol), 0 behind the lengths and for infinite losses.
template <class T>
void ctc_loss_grad(const CtcBatch& batch, const T* d_losses, const T* logits, T* d_logits);

}  // namespace xtape::kernels
