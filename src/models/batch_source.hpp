#pragma once

#include <memory>

#include "xtape/models/training.hpp"

namespace xtape::detail {

/// Where fit, evaluate and predict get their batches from.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  /// The number of batches of an epoch, -1 where it is not known.
  virtual std::int64_t batches() const = 0;
  virtual void begin_epoch() = 0;
  /// A batch to learn the data's shapes from; it is not taken from the epoch.
  virtual TrainBatch sample() const = 0;
  /// The next batch of the epoch; false at its end.
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
/// `steps`: of an epoch, -1 for all. With it the dataset goes on from epoch to epoch, and starts again when it ends.
std::unique_ptr<BatchSource> make_source(const char* method, data::AnyDataset batches, std::int64_t steps,
                                         const std::map<std::int64_t, double>& class_weight);

/// The weights of samples, multiplied by those of their classes where there are any: by sparse labels [n] or [n, 1], or
/// one-hot ones. Throws a ValueError, under the name of a method, for several outputs, for other labels, and for
/// weights that are not one per sample.
Tensor sample_weights(const char* method, const TensorList& y, const Tensor& sample_weight,
                      const std::map<std::int64_t, double>& class_weight);

}  // namespace xtape::detail
