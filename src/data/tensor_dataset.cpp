#include "xtape/data/tensor_dataset.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "data/take_rows.hpp"

namespace xtape::data {
namespace {

/// Rows [first, last), without a copy.
Tensor rows(const Tensor& t, std::int64_t first, std::int64_t last) {
  Shape shape = t.shape();
  shape[0] = last - first;
  return detail::make_view(t, shape, first * (t.size() / t.shape(0)));
}

}  // namespace

TensorDataset::TensorDataset(Tensor examples, Tensor targets) : x(std::move(examples)), y(std::move(targets)) {
  check_rows("TensorDataset", *this);
}

Batches TensorDataset::batch(std::int64_t batch_size, const BatchOptions& options) const {
  return Batches(*this, batch_size, options);
}

TensorDataset TensorDataset::take(std::int64_t count) const {
  if (count < 1) detail::fail<ValueError>("TensorDataset.take", "expected at least one example, received {}", count);
  count = std::min(count, size());
  return {rows(x, 0, count), rows(y, 0, count)};
}

TensorDataset TensorDataset::skip(std::int64_t count) const {
  if (count < 0 || count >= size()) {
    detail::fail<ValueError>("TensorDataset.skip", "expected 0 <= count < {}, the number of examples, received {}",
                             size(), count);
  }
  return {rows(x, count, size()), rows(y, count, size())};
}

ShuffledDataset TensorDataset::shuffle(std::uint64_t seed) const { return ShuffledDataset(*this, seed); }

ShuffledDataset::ShuffledDataset(TensorDataset data, std::uint64_t seed) : data_(std::move(data)), seed_(seed) {}

Batches ShuffledDataset::batch(std::int64_t batch_size, const BatchOptions& options) const {
  return Batches(data_, batch_size, options, seed_);
}

Batches::Batches(TensorDataset data, std::int64_t batch_size, const BatchOptions& options,
                 std::optional<std::uint64_t> shuffle_seed)
    : data_(std::move(data)), batch_size_(batch_size), end_(0) {
  check_batches("batch", data_, batch_size_);
  end_ = options.drop_remainder ? data_.size() / batch_size_ * batch_size_ : data_.size();
  batch_size_ = std::min(batch_size_, data_.size());  // so that the place after a batch is a number, too
  if (shuffle_seed) generator_.emplace(*shuffle_seed);
}

Batches::Iterator Batches::begin() {
  return Iterator(this, generator_ ? generator_->permutation(data_.size()) : Tensor());
}

Batch Batches::Iterator::operator*() const {
  const TensorDataset& data = batches_->data_;
  const std::int64_t last = std::min(first_ + batches_->batch_size_, batches_->end_);
  if (order_.defined()) return take_rows(data, order_, first_, last);
  return {rows(data.x, first_, last), rows(data.y, first_, last)};
}

}  // namespace xtape::data
