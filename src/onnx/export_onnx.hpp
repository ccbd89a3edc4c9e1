#pragma once

#include "io/onnx_file.hpp"
#include "xtape/models/model.hpp"
#include "xtape/onnx/export_onnx.hpp"

namespace xtape::detail {

/// The model as ONNX has it. Throws what Model::export_onnx throws, except for the file.
OnnxModel onnx_model(const Model& model, const ExportOnnxOptions& options);
/// The same of a function.
OnnxModel onnx_model(const OnnxFunction& function, const SymbolicList& inputs, const ExportOnnxOptions& options);

}  // namespace xtape::detail
