#pragma once

#include "io/onnx_file.hpp"
#include "xtape/models/model.hpp"

namespace xtape::detail {

/// The model as ONNX has it. Throws what Model::export_onnx throws, except for the file.
OnnxModel onnx_model(const Model& model, const ExportOnnxOptions& options);

}  // namespace xtape::detail
