#pragma once

#include <optional>
#include <string>
#include <vector>

#include "onnx/graph_builder.hpp"

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

}  // namespace xtape::detail
