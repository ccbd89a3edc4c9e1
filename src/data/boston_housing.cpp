#include "xtape/data/boston_housing.hpp"

#include "base/check.hpp"
#include "core/convert.hpp"
#include "data/dataset_files.hpp"
#include "data/take_rows.hpp"
#include "io/npz_file.hpp"
#include "xtape/core/random.hpp"

namespace xtape::datasets::boston_housing {

TrainTest load_data(const BostonHousingOptions& options) {
  using detail::fail;
  constexpr const char* op = "boston_housing.load_data";
  constexpr const char* name = "boston_housing.npz";
  const std::string path = find_file(op, options.dir, "boston-housing", name, keras_advice(name));
  detail::NpzFile file(op, path);
  Tensor x = file.read("x"), y = file.read("y");
  if (!is_floating(x.dtype()) || !is_floating(y.dtype()) || x.rank() != 2 || x.shape(1) != 13 || y.rank() != 1 ||
      x.shape(0) != y.shape(0)) {
    fail<DataError>(op, "{}: expected x (n, 13) and y (n,) of floating numbers, received {} of {} and {} of {}", path,
                    x.shape(), x.dtype(), y.shape(), y.dtype());
  }
  const std::int64_t n = y.size();
  const bool is_part = options.test_split > 0 && options.test_split < 1;
  const auto train = is_part ? static_cast<std::int64_t>(static_cast<double>(n) * (1 - options.test_split)) : 0;
  if (train < 1 || train == n) {
    fail<ValueError>(op, "expected a test_split between 0 and 1 that leaves no part of {} rows empty, received {}", n,
                     options.test_split);
  }
  const data::TensorDataset all(detail::convert(x, float32), detail::convert(y, float32));
  const Tensor order = random::Generator(options.seed).permutation(n);
  data::Batch first = data::take_rows(all, order, 0, train), rest = data::take_rows(all, order, train, n);
  return {{first.x, first.y}, {rest.x, rest.y}};
}

}  // namespace xtape::datasets::boston_housing
