#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ops/table.hpp"

// The ops as they run under function(): function_rows_test.cpp replays every row of every table, and fails for an op
// that has none.
namespace xtape::testing {

using OpInputs = std::vector<Tensor>;

struct FunctionRow {
  std::string op;
  std::function<Tensor(const OpInputs&)> f;
  std::function<OpInputs(int call)> inputs;  ///< different in each call, with the same shapes and dtypes
  std::function<OpInputs()> bad = nullptr;   ///< inputs for which f throws because of their elements
  bool looks_at_elements = false;            ///< f is not replayed, and its obstacle names this op
};

inline std::vector<FunctionRow>& function_rows() {
  static std::vector<FunctionRow> rows;
  return rows;
}

/// Registers the rows of a table for function(): `make` gives a FunctionRow for each, or a vector of them.
struct FunctionRows {
  template <class Row, class Make>
  FunctionRows(const Table<Row>& table, const Make& make) {
    for (const Row& row : table) add(make(row));
  }
  FunctionRows(std::initializer_list<FunctionRow> rows) { add(std::vector<FunctionRow>(rows)); }

 private:
  static void add(const FunctionRow& row) { function_rows().push_back(row); }
  static void add(const std::vector<FunctionRow>& rows) {
    for (const auto& row : rows) add(row);
  }
};

/// The inputs that may have gradients.
inline OpInputs floating(const OpInputs& inputs) {
  OpInputs all;
  for (const Tensor& t : inputs) {
    if (t.defined() && is_floating(t.dtype())) all.push_back(t);
  }
  return all;
}

/// Values between low and high that differ in each call.
inline Tensor fresh(const Shape& shape, int call, DType dtype = float32, double low = -2, double high = 2) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    values.push_back(low +
                     (high - low) * std::fmod(0.071 + static_cast<double>(i + 977 * call) * 0.6180339887498949, 1.0));
  }
  return tensor(values, shape, dtype);
}

/// The same for inputs of several shapes.
inline std::function<OpInputs(int)> fresh_inputs(std::vector<Shape> shapes, DType dtype = float32, double low = -2,
                                                 double high = 2) {
  return [=](int call) {
    OpInputs inputs;
    for (const Shape& shape : shapes) {
      inputs.push_back(fresh(shape, call + 31 * static_cast<int>(inputs.size()), dtype, low, high));
    }
    return inputs;
  };
}

}  // namespace xtape::testing
