#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor_list.hpp"
#include "xtape/layers/lambda.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/export_onnx_options.hpp"

namespace xtape {
namespace detail {

using OnnxFunction = std::function<TensorList(const TensorList&)>;
void export_onnx_function(const OnnxFunction& function, const SymbolicList& inputs, const std::string& path,
                          const ExportOnnxOptions& options);

}  // namespace detail

/// Writes what a function of tensors computes as an ONNX file, as Model::export_onnx does for a model. The function
/// takes a const Tensor& or a const TensorList&, and returns a Tensor or a TensorList:
///
///     export_onnx([&](const Tensor& x) { return nn::softmax(model(x)); }, Input({28, 28}, {.name = "image"}),
///                 "classify.onnx");
///
/// It runs on shapes alone, once or twice, as described there. `inputs` says with which dtypes and shapes, of which -1
/// is any size. Variables that it reads become weights under their names, tensors that it uses constants. The results
/// are named "output", "output_1", ...
template <class F>
void export_onnx(const F& function, const SymbolicList& inputs, const std::string& path,
                 const ExportOnnxOptions& options = {}) {
  if constexpr (std::is_class_v<F> && detail::TakesList<F>) {
    detail::export_onnx_function(function, inputs, path, options);
  } else if constexpr (std::is_invocable_v<const F&, const Tensor&>) {
    detail::export_onnx_function([&](const TensorList& x) -> TensorList { return function(x.only()); }, inputs, path,
                                 options);
  } else {
    detail::export_onnx_function(function, inputs, path, options);
  }
}

}  // namespace xtape
