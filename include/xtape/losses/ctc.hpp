#pragma once

#include "xtape/losses/loss_function_wrapper.hpp"

namespace xtape::losses {

/// nn::ctc_loss of integer labels [batch, symbols], of which 0 is the blank that fills up the end, and logits [batch,
/// steps, classes], all steps of which count: the labels' lengths are the numbers of labels that are not 0. Gives
/// [batch]. Where steps have other lengths, call nn::ctc_loss. Throws a ValueError for other shapes, an IndexError for
/// a label outside [0, classes).
Tensor ctc(const Tensor& y_true, const Tensor& y_pred);

/// Keyword arguments of CTC.
struct CTCOptions {
  std::string reduction = "sum_over_batch_size";
  std::string name = "ctc";

  XTAPE_FIELDS(reduction, name)
};

/// ctc as an object (keras.losses.CTC).
class CTC : public LossFunctionWrapper {
 public:
  explicit CTC(const CTCOptions& options = {});
};

}  // namespace xtape::losses
