#pragma once

#include "xtape/data/tensor_dataset.hpp"

namespace xtape::data {

/// Throws the ValueErrors of TensorDataset's constructor, with the name `op`.
void check_rows(const char* op, const TensorDataset& data);
/// The same, and a ValueError for a batch size below 1.
void check_batches(const char* op, const TensorDataset& data, std::int64_t batch_size);

/// Row i along axis 0, without a copy.
Tensor row(const Tensor& t, std::int64_t i);

/// Copies of the rows with these n indices, which must be in range.
Tensor take(const Tensor& from, const std::int64_t* index, std::int64_t n);

/// Copies of the rows whose indices are the elements [first, last) of `order`, int64 and in range.
Tensor take_rows(const Tensor& t, const Tensor& order, std::int64_t first, std::int64_t last);
Batch take_rows(const TensorDataset& data, const Tensor& order, std::int64_t first, std::int64_t last);

}  // namespace xtape::data
