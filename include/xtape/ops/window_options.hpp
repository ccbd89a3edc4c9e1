#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/config.hpp"

namespace xtape {

/// How far the window of a convolution or pooling goes over the input, with TensorFlow's rule. `valid`: only where all
/// of it fits, (in - window) / stride + 1 places. `same`: at ceil(in / stride) places, with half of the padding that
/// they need before the input and the other half, and the odd one, after it. Also from the strings "same" and "valid",
/// in lower or upper case; a ValueError for another one.
class Padding {
 public:
  enum Kind { valid, same };
  Padding(Kind kind) : kind_(kind) {}
  Padding(const char* name);
  Padding(const std::string& name) : Padding(name.c_str()) {}
  operator Kind() const noexcept { return kind_; }
  ConfigValue config() const { return kind_ == same ? "same" : "valid"; }

 private:
  Kind kind_;
};

/// A number for each of the two axes of an image: `{2, 1}` for height and width, or `2` for both.
struct Size2d {
  std::int64_t height;
  std::int64_t width;
  Size2d(std::int64_t both) : height(both), width(both) {}
  Size2d(std::int64_t height_, std::int64_t width_) : height(height_), width(width_) {}
  ConfigValue config() const { return std::array{height, width}; }
  friend bool operator==(const Size2d&, const Size2d&) = default;
};

}  // namespace xtape
