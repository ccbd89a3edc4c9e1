#include "data/take_rows.hpp"

#include "base/check.hpp"
#include "core/launch.hpp"
#include "kernels/gather_rows.hpp"

namespace xtape::data {

using detail::fail;

Tensor take(const Tensor& from, const std::int64_t* index, std::int64_t n) {
  Shape shape = from.shape();
  shape[0] = n;
  Tensor to = detail::make_tensor(shape, from.dtype());
  const std::int64_t row = from.size() / from.shape(0) * static_cast<std::int64_t>(itemsize(from.dtype()));
  kernels::gather_rows(detail::host_write("Dataset", to).bytes(), detail::host_read("Dataset", from).bytes(), index, n,
                       row);
  return to;
}

void check_rows(const char* op, const TensorDataset& data) {
  for (const auto& [name, t] : {std::pair("x", &data.x), std::pair("y", &data.y)}) {
    if (!t->defined()) fail<ValueError>(op, "{} is empty", name);
    if (t->rank() == 0) fail<ValueError>(op, "expected a row for each example: {} is a scalar", name);
  }
  if (data.x.shape(0) != data.y.shape(0)) {
    fail<ValueError>(op, "x and y differ in their number of rows: {} and {}", data.x.shape(), data.y.shape());
  }
  if (data.size() == 0) fail<ValueError>(op, "expected at least one example: x has shape {}", data.x.shape());
}

void check_batches(const char* op, const TensorDataset& data, std::int64_t batch_size) {
  check_rows(op, data);
  if (batch_size < 1) fail<ValueError>(op, "expected a batch size of at least 1, received {}", batch_size);
}

Tensor take_rows(const Tensor& t, const Tensor& order, std::int64_t first, std::int64_t last) {
  return take(t, detail::host_read("Dataset", order).data<std::int64_t>() + first, last - first);
}

Tensor row(const Tensor& t, std::int64_t i) {
  const Shape shape(std::span(t.shape().begin() + 1, t.shape().end()));
  return detail::make_view(t, shape, i * shape.numel());
}

Batch take_rows(const TensorDataset& data, const Tensor& order, std::int64_t first, std::int64_t last) {
  return {take_rows(data.x, order, first, last), take_rows(data.y, order, first, last)};
}

}  // namespace xtape::data
