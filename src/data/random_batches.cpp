#include "xtape/data/random_batches.hpp"

#include <utility>

#include "data/take_rows.hpp"

namespace xtape::data {

RandomBatches::RandomBatches(TensorDataset data, std::int64_t batch_size, std::uint64_t seed)
    : data_(std::move(data)), batch_size_(batch_size), generator_(seed) {
  check_batches("RandomBatches", data_, batch_size_);
}

// With replacement: an example may come twice, in a batch as well.
Batch RandomBatches::next() {
  const Tensor index = generator_.uniform({batch_size_}, 0, data_.size(), int64);
  return take_rows(data_, index, 0, batch_size_);
}

}  // namespace xtape::data
