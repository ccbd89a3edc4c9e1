#pragma once

#include <cstdint>
#include <optional>

#include "xtape/layers/symbolic.hpp"

namespace xtape {

/// Keyword arguments of Model::export_onnx and export_onnx.
struct ExportOnnxOptions {
  static constexpr int min_opset = 13, max_opset = 21;
  /// The version of ONNX's operators, in [min_opset, max_opset]. Runtimes read all versions up to their own.
  int opset = 17;
  std::optional<std::int64_t> batch_size = {};  ///< unset: any
  bool fold_batch_normalization = true;         ///< into the weights of the convolution or Dense before it
  /// For a subclassed model: what it is called with, `{Input({-1}, {.dtype = int32, .name = "tokens"})}`. Unset: as in
  /// its first call, with any size of the batch.
  SymbolicList inputs = {};
};

}  // namespace xtape
