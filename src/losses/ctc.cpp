#include "xtape/losses/ctc.hpp"

#include "base/check.hpp"
#include "ops/whole_numbers.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/ctc_loss.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::losses {

Tensor ctc(const Tensor& y_true, const Tensor& y_pred) {
  if (y_true.rank() != 2 || y_pred.rank() != 3 || y_true.shape()[0] != y_pred.shape()[0]) {
    detail::fail<ValueError>("ctc",
                             "expected y_true [batch, symbols] and y_pred [batch, steps, classes], received {} and {}",
                             y_true.shape(), y_pred.shape());
  }
  const Tensor labels = detail::whole_numbers("ctc", "label", y_true);
  const Tensor logits = is_floating(y_pred.dtype()) ? y_pred : cast(y_pred, float32);
  const Tensor lengths = reduce_sum(cast(labels != 0, int64), 1);
  const Tensor steps = full({y_pred.shape()[0]}, static_cast<double>(y_pred.shape()[1]), int64);
  return nn::ctc_loss(labels, logits.dtype() == bfloat16 ? cast(logits, float32) : logits, lengths, steps);
}

CTC::CTC(const CTCOptions& options) : LossFunctionWrapper(ctc, options) {}

}  // namespace xtape::losses
