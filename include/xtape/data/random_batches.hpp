#pragma once

#include <cstdint>

#include "xtape/core/random.hpp"
#include "xtape/data/tensor_dataset.hpp"

namespace xtape::data {

/// Batches without an end. Each example of a batch is drawn with replacement from the whole dataset, uniformly and
/// independently of all others (as with numpy.random.randint). So an example may come twice in a batch, and n /
/// batch_size batches need not contain every example; see TensorDataset::shuffle for epochs that do.
///
/// The draws depend on the seed only. next() makes no call to malloc once earlier batches are destroyed.
class RandomBatches {
 public:
  /// Throws a ValueError for a batch size below 1.
  RandomBatches(TensorDataset data, std::int64_t batch_size, std::uint64_t seed);

  Batch next();

 private:
  TensorDataset data_;
  std::int64_t batch_size_;
  random::Generator generator_;
};

}  // namespace xtape::data
