#pragma once

#include <memory>

#include "xtape/models/training.hpp"

namespace xtape::detail {

/// Where fit, evaluate and predict get their batches from. None is taken from the data before it is asked for.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  /// The number of batches from the first to the last, -1 where it is not known.
  virtual std::int64_t batches() const = 0;
  /// Goes back to the first batch, and shuffles the data that are shuffled.
  virtual void begin() = 0;
  /// A batch to learn the data's shapes from; the next() one, where there is one, is not skipped.
  virtual TrainBatch sample() = 0;
  /// The next batch; false after the last.
  virtual bool next(TrainBatch& batch) = 0;
};

/// The rows of arrays. y and the weights may be empty.
struct Arrays {
  TensorList x, y;
  Tensor sample_weight;

  std::int64_t rows() const { return x.front().shape()[0]; }
  /// Throws a ValueError, under the name of a method, for scalars and numbers of rows that differ.
  void check(const char* method) const;
  Arrays slice(std::int64_t begin, std::int64_t end) const;
};

std::unique_ptr<BatchSource> make_source(Arrays arrays, std::int64_t batch_size, bool shuffle);
/// `steps`: how many batches are to be taken at a time, -1 for all. Throws a ValueError, under the name of a method,
/// for elements that are no batches, and for all of a dataset that never ends.
std::unique_ptr<BatchSource> make_source(const char* method, data::AnyDataset batches, std::int64_t steps,
                                         const std::map<std::int64_t, double>& class_weight);

/// The weights of samples, multiplied by those of their classes where there are any: by sparse labels [n] or [n, 1], or
/// one-hot ones. Throws a ValueError, under the name of a method, for several outputs, for other labels, and for
/// weights that are not one per sample.
Tensor sample_weights(const char* method, const TensorList& y, const Tensor& sample_weight,
                      const std::map<std::int64_t, double>& class_weight);

}  // namespace xtape::detail
