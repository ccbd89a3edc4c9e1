#include "xtape/layers/margins.hpp"

#include "xtape/base/from_config.hpp"

namespace xtape::layers {

using xtape::detail::value_as;

Margins Margins::from_config(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return value_as<std::int64_t>(value);
  const auto [before, after] = value_as<std::array<std::int64_t, 2>>(value);
  return {before, after};
}

Margins2d Margins2d::from_config(const ConfigValue& value) {
  if (value.get<std::int64_t>() != nullptr) return value_as<std::int64_t>(value);
  const auto list = xtape::detail::list_of(value);
  if (list.size() != 2) xtape::detail::fail_config("a list of two", value);
  return {Margins::from_config(list[0]), Margins::from_config(list[1])};
}

}  // namespace xtape::layers
