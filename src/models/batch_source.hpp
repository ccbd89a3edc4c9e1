#pragma once

#include <memory>

#include "xtape/models/training.hpp"

namespace xtape::detail {

/// The source of batches for fit, evaluate and predict. It takes a batch from the data only when it is needed.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  /// The number of all batches, -1 if unknown.
  virtual std::int64_t batches() const = 0;
  /// Goes back to the first batch, and shuffles again if the data are shuffled.
  virtual void begin() = 0;
  /// A batch that shows the shapes of the data; it does not skip a batch of next().
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
/// `steps`: the number of batches per epoch, -1 for all. Throws a ValueError, under the name of a method, for elements
/// that are not batches, and for an infinite dataset without steps.
std::unique_ptr<BatchSource> make_source(const char* method, data::AnyDataset batches, std::int64_t steps,
                                         const std::map<std::int64_t, double>& class_weight);

/// The weights of the samples times the weights of their classes, if given. Labels are sparse, [n] or [n, 1], or
/// one-hot. Throws a ValueError, under the name of a method, for several outputs, for other labels, and unless there is
/// one weight for each sample.
Tensor sample_weights(const char* method, const TensorList& y, const Tensor& sample_weight,
                      const std::map<std::int64_t, double>& class_weight);

}  // namespace xtape::detail
