#pragma once

#include <array>
#include <cstdint>

#include "xtape/base/config.hpp"

namespace xtape::layers {

/// How many elements to add or remove before and after an axis: `{1, 2}`, or `2` for both.
struct Margins {
  std::int64_t before;
  std::int64_t after;
  Margins(std::int64_t both) : before(both), after(both) {}
  Margins(std::int64_t before_, std::int64_t after_) : before(before_), after(after_) {}
  ConfigValue config() const { return std::array{before, after}; }
  static Margins from_config(const ConfigValue& value);
};

/// The same for the two axes of an image: `{{1, 2}, {3, 4}}` for {{top, bottom}, {left, right}}, `{1, 2}` for the
/// height and the width, or `2` for all sides.
struct Margins2d {
  Margins height;
  Margins width;
  Margins2d(std::int64_t all) : height(all), width(all) {}
  Margins2d(Margins height_, Margins width_) : height(height_), width(width_) {}
  /// {{top, bottom}, {left, right}}
  ConfigValue config() const { return ConfigValue::List{height.config(), width.config()}; }
  static Margins2d from_config(const ConfigValue& value);
};

}  // namespace xtape::layers
