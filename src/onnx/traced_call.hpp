#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "onnx/layer_mappings.hpp"
#include "xtape/core/tensor_list.hpp"

// What C++ code computes, as nodes of ONNX: a call() of a user's class, a Lambda, any function of tensors. The code
// runs on shapes alone, and the ops and layers that it calls note their arguments (core/call_notes.hpp). Where the
// inputs leave sizes open it runs twice, with different ones; a number that differs between the two runs depends on a
// size.
namespace xtape::detail {

/// The sizes that the inputs of a trace leave open.
class OpenSizes {
 public:
  /// How sizes other than that of the batch are chosen: large enough for usual windows, or small enough for tables of
  /// places; all different, or the same, so that tensors whose sizes have to be equal fit.
  struct Choice {
    bool large, apart;
  };
  OpenSizes(const OnnxValues& inputs, Choice choice);

  bool any() const noexcept { return !sizes_.empty(); }
  /// The number of open sizes besides that of the batch.
  int lengths() const noexcept { return lengths_; }
  /// The shape of an input in a run, 0 or 1.
  Shape tried(std::size_t input, int run) const;
  /// Nothing if no open size has these values in the runs.
  std::optional<OnnxSize> find(std::int64_t first, std::int64_t second) const;
  /// The name of that size in the file; empty if there is none.
  std::string name(std::int64_t first, std::int64_t second) const;

 private:
  struct Size {
    std::int64_t tried[2];
    std::size_t input;
    int axis;
  };
  const Size* size_of(std::int64_t first, std::int64_t second) const;

  OnnxValues inputs_;
  std::vector<Size> sizes_;
  std::vector<Shape> shapes_[2];
  int lengths_ = 0;
};

/// The nodes of a function of tensors; `whole` is the layer whose call it is if nodes need not be named after it.
/// Throws a ValueError that names the op and the layer for what has no node.
OnnxValues map_traced(OnnxBuilder& builder, const OnnxValues& inputs,
                      const std::function<TensorList(const TensorList&)>& function, const Layer* whole = nullptr);

/// Whether a layer has a mapping of its own, so that what its call() is made of does not matter.
bool has_onnx_mapping(Layer& layer);

}  // namespace xtape::detail
