#pragma once

#include <functional>

#include "onnx/layer_mappings.hpp"
#include "xtape/core/tensor_list.hpp"

// What C++ code computes, as nodes of ONNX: a call() of a user's class, a Lambda, any function of tensors. The code
// runs on shapes alone, and the ops and layers that it calls note their arguments (core/call_notes.hpp). Where the
// inputs leave sizes open it runs twice, with different ones; a number that differs between the two runs depends on a
// size.
namespace xtape::detail {

/// The nodes of a function of tensors; `whole` is the layer whose call it is if nodes need not be named after it.
/// Throws a ValueError that names the op and the layer for what has no node.
OnnxValues map_traced(OnnxBuilder& builder, const OnnxValues& inputs,
                      const std::function<TensorList(const TensorList&)>& function, const Layer* whole = nullptr);

/// Whether a layer has a mapping of its own, so that what its call() is made of does not matter.
bool has_onnx_mapping(Layer& layer);

}  // namespace xtape::detail
