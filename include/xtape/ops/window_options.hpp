#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "xtape/base/config.hpp"

namespace xtape {

/// The positions of the window of a convolution or pooling, as in TensorFlow. `valid`: where the whole window fits, (in
/// - window) / stride + 1 positions. `same`: ceil(in / stride) positions; half of the padding that they need is added
/// before the input, the rest after it. Also made from the strings "same" and "valid", in lower or upper case; others
/// are a ValueError.
class Padding {
 public:
  enum Kind { valid, same };
  Padding(Kind kind) : kind_(kind) {}
  Padding(const char* name);
  Padding(const std::string& name) : Padding(name.c_str()) {}
  operator Kind() const noexcept { return kind_; }
  ConfigValue config() const { return kind_ == same ? "same" : "valid"; }
  static Padding from_config(const ConfigValue& value);

 private:
  Kind kind_;
};

/// Two numbers, for the height and the width of an image: `{2, 1}`, or `2` for both.
struct Size2d {
  std::int64_t height;
  std::int64_t width;
  Size2d(std::int64_t both) : height(both), width(both) {}
  Size2d(std::int64_t height_, std::int64_t width_) : height(height_), width(width_) {}
  ConfigValue config() const { return std::array{height, width}; }
  static Size2d from_config(const ConfigValue& value);
  friend bool operator==(const Size2d&, const Size2d&) = default;
};

}  // namespace xtape
