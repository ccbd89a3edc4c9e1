#pragma once

#include "xtape/data/tensor_dataset.hpp"

namespace xtape::data {

/// Throws the ValueErrors of TensorDataset's constructor under the name of a function.
void check_rows(const char* op, const TensorDataset& data);
/// And for a batch size below 1.
void check_batches(const char* op, const TensorDataset& data, std::int64_t batch_size);

/// Row i along axis 0, without a copy.
Tensor row(const Tensor& t, std::int64_t i);

/// Copies of the rows with n indices, which are in range.
Tensor take(const Tensor& from, const std::int64_t* index, std::int64_t n);

/// Copies of the rows with the int64 indices [first, last) of `order`, which are in range.
Tensor take_rows(const Tensor& t, const Tensor& order, std::int64_t first, std::int64_t last);
Batch take_rows(const TensorDataset& data, const Tensor& order, std::int64_t first, std::int64_t last);

}  // namespace xtape::data
