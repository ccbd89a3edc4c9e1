#pragma once

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

// The tables of ops: each file of this folder has one, a row for each op of its kind, and test cases that hold for
// every row. coverage_test.cpp compares the rows' names with what the headers declare.
namespace xtape::testing {

/// The names of all rows, as the headers declare them: "add", "nn::softmax".
inline std::set<std::string>& ops_with_rows() {
  static std::set<std::string> names;
  return names;
}

/// How many rows there are, of which several may be about one op.
inline std::size_t& number_of_rows() {
  static std::size_t number = 0;
  return number;
}

/// A table whose rows are known to coverage_test.cpp.
template <class Row>
class Table {
 public:
  Table(std::initializer_list<Row> rows) : rows_(rows) {
    for (const auto& row : rows_) ops_with_rows().insert(row.op);
    number_of_rows() += rows_.size();
  }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::vector<Row> rows_;
};

/// A row for an op that fits no table and has its own test cases.
struct Alone {
  std::string op;
};

/// A tensor of a given dtype with these values.
inline Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype = float64) {
  return cast(constant(values, shape), dtype);
}
inline Tensor tensor(const std::vector<double>& values, DType dtype = float64) {
  return tensor(values, {static_cast<std::int64_t>(values.size())}, dtype);
}
inline std::vector<double> to_doubles(const Tensor& t) { return cast(t, float64).to_vector<double>(); }

/// Irregular values of varying sign and size in [low, high], none closer to 0 than 0.1.
inline std::vector<double> some_values(std::int64_t count, double low = -2, double high = 2) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const double unit = std::fmod(0.137 + static_cast<double>(i) * 0.6180339887498949, 1.0);
    const double value = low + (high - low) * unit;
    values.push_back(std::abs(value) < 0.1 ? (low < 0 ? -0.1 : 0.1) - value : value);
  }
  return values;
}
inline Tensor some(const Shape& shape, DType dtype = float64, double low = -2, double high = 2) {
  return tensor(some_values(shape.numel(), low, high), shape, dtype);
}

/// The number as a float32 tensor holds it, infinite where it overflows.
inline double rounded(double value, DType dtype) {
  if (dtype == bfloat16) return static_cast<float>(BFloat16(static_cast<float>(value)));
  return dtype == float32 ? static_cast<double>(static_cast<float>(value)) : value;
}
inline double epsilon(DType dtype) {
  return dtype == bfloat16  ? 0x1p-8
         : dtype == float32 ? std::numeric_limits<float>::epsilon()
                            : std::numeric_limits<double>::epsilon();
}
inline double smallest_normal(DType dtype) {
  return dtype == float64 ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
}

}  // namespace xtape::testing
