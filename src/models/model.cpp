#include "xtape/models/model.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape {

Tensor Model::predict(const Tensor& x, PredictOptions options) {
  if (options.batch_size < 1) {
    detail::fail<ValueError>("Model.predict", "expected a batch size of at least 1, received {}", options.batch_size);
  }
  if (x.rank() < 1) detail::fail<ValueError>("Model.predict", "expected a batch of inputs, received a scalar");
  const detail::NoRecording off;
  const std::int64_t rows = x.shape()[0];
  if (rows <= options.batch_size) return (*this)(x, {.training = false});
  std::vector<Tensor> outputs;
  for (std::int64_t begin = 0; begin < rows; begin += options.batch_size) {
    const std::int64_t count = std::min(options.batch_size, rows - begin);
    outputs.push_back((*this)(slice_axis(x, 0, begin, count), {.training = false}));
  }
  return concat(outputs, 0);
}

}  // namespace xtape
