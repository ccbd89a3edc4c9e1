#include "ops/window.hpp"

#include <cstring>

#include "base/check.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape {

Padding::Padding(const char* name) {
  if (std::strcmp(name, "same") == 0 || std::strcmp(name, "SAME") == 0) {
    kind_ = same;
  } else if (std::strcmp(name, "valid") == 0 || std::strcmp(name, "VALID") == 0) {
    kind_ = valid;
  } else {
    detail::fail<ValueError>("Padding", "expected \"same\" or \"valid\", received \"{}\"", name);
  }
}

Padding Padding::from_config(const ConfigValue& value) { return detail::text_of(value); }

Size2d Size2d::from_config(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return detail::value_as<std::int64_t>(value);
  const auto [height, width] = detail::value_as<std::array<std::int64_t, 2>>(value);
  return {height, width};
}

kernels::Window detail::make_window(const char* op, const char* axis, std::int64_t in, std::int64_t size,
                                    std::int64_t stride, std::int64_t dilation, Padding padding) {
  const auto positive = [&](const char* what, std::int64_t value) {
    if (value < 1) fail<ValueError>(op, "expected {} of 1 or more, received {} for the {}", what, value, axis);
  };
  positive("a window", size);
  positive("strides", stride);
  positive("dilations", dilation);
  std::int64_t span = checked_product(op, size - 1, dilation);
  if (__builtin_add_overflow(span, 1, &span) || span > INT64_MAX / 4) {
    fail<ValueError>(op, "a window of {} with dilations of {} is too large for the {}", size, dilation, axis);
  }
  kernels::Window window{.in = in, .size = size, .stride = stride, .dilation = dilation};
  if (padding == Padding::valid) {
    if (span > in) {
      fail<ValueError>(op, "a window that spans {} does not fit into the input's {} of {}: padding \"same\" would do",
                       span, axis, in);
    }
    window.out = (in - span) / stride + 1;
  } else {
    window.out = in == 0 ? 0 : (in - 1) / stride + 1;
    if (in > 0) window.before = std::max<std::int64_t>((window.out - 1) * stride + span - in, 0) / 2;
  }
  return window;
}

}  // namespace xtape
