#include "onnx/open_sizes.hpp"

namespace xtape::detail {

OpenSizes::OpenSizes(const OnnxValues& inputs, Choice choice) : inputs_(inputs) {
  constexpr std::int64_t batch[] = {2, 3};
  // Large ones differ even after several halvings.
  const std::int64_t least[] = {choice.large ? 32 : 6, choice.large ? 64 : 10};
  const std::int64_t between[] = {choice.large ? 16 : 1, choice.large ? 32 : 1};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (auto& shapes : shapes_) shapes.push_back(inputs[i].shape);
    for (int axis = 0; axis < inputs[i].rank(); ++axis) {
      if (inputs[i].shape[axis] >= 0) continue;
      const std::int64_t number = choice.apart ? lengths_ : 0;
      Size size{{}, i, axis};
      for (const int run : {0, 1}) {
        size.tried[run] = axis == 0 ? batch[run] : least[run] + number * between[run];
        shapes_[run][i][axis] = size.tried[run];
      }
      if (axis > 0) ++lengths_;
      if (size_of(size.tried[0], size.tried[1]) == nullptr) sizes_.push_back(size);
    }
  }
}

Shape OpenSizes::tried(std::size_t input, int run) const { return shapes_[run][input]; }

const OpenSizes::Size* OpenSizes::size_of(std::int64_t first, std::int64_t second) const {
  for (const Size& size : sizes_) {
    if (size.tried[0] == first && size.tried[1] == second) return &size;
  }
  return nullptr;
}

std::optional<OnnxSize> OpenSizes::find(std::int64_t first, std::int64_t second) const {
  const Size* size = size_of(first, second);
  if (size == nullptr) return std::nullopt;
  return OnnxSize(inputs_[size->input], size->axis);
}

std::string OpenSizes::name(std::int64_t first, std::int64_t second) const {
  const Size* size = size_of(first, second);
  if (size == nullptr) return {};
  const auto& names = inputs_[size->input].size_names;
  return names.empty() ? "" : names[static_cast<std::size_t>(size->axis)];
}

}  // namespace xtape::detail
