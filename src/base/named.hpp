#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/check.hpp"

namespace xtape::detail {

/// An entry of a table of named objects: losses, metrics, optimizers, initializers and so on.
template <class Value>
struct Named {
  const char* name;  ///< Keras's, in snake case: "mean_squared_error"
  Value value;
  std::array<const char*, 2> aliases = {};
};

/// The name of an argument as an argument of a template.
template <std::size_t n>
struct ArgumentName {
  consteval ArgumentName(const char (&literal)[n]) { std::copy_n(literal, n, text); }
  char text[n];
};

/// Whether two names are the same apart from case and underscores, so that class names, Keras's names in snake case and
/// abbreviations in capitals all work: "MeanSquaredError", "mean_squared_error"; "mse", "MSE".
bool same_name(std::string_view a, std::string_view b) noexcept;

/// The entry for a user's name, null if there is none.
template <class Value, std::size_t size>
const Named<Value>* find_named(const Named<Value> (&table)[size], std::string_view name) noexcept {
  for (const auto& entry : table) {
    if (same_name(entry.name, name)) return &entry;
    for (const char* alias : entry.aliases) {
      if (alias != nullptr && same_name(alias, name)) return &entry;
    }
  }
  return nullptr;
}

/// The same, but throws a ValueError "[op] unknown loss 'foo', expected one of: ..." if there is none.
template <class Value, std::size_t size>
const Named<Value>& get_named(const char* op, const char* kind, const Named<Value> (&table)[size],
                              std::string_view name) {
  if (const auto* entry = find_named(table, name)) return *entry;
  std::string names;
  for (const auto& entry : table) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  fail<ValueError>(op, "unknown {} '{}', expected one of: {}", kind, name, Whole{names});
}

}  // namespace xtape::detail
