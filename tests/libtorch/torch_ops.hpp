#pragma once

#include <cstdint>
#include <string>
#include <vector>

// libtorch behind a header without its own, which take many seconds to compile: ops by name, on plain arrays of
// doubles.
namespace torch_ops {

struct Array {
  std::vector<double> values;
  std::vector<std::int64_t> shape;
};

struct Result {
  Array value;
  std::vector<Array> gradients;  ///< one for each input, of the sum of value * weights
};

/// The names of all ops.
std::vector<std::string> names();

/// Runs an op. `weights` are repeated as often as the value has elements.
Result run(const std::string& name, const std::vector<Array>& inputs, const std::vector<double>& weights);

/// Whose results they are: "1.13.1".
std::string version();

}  // namespace torch_ops
