#pragma once

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "xtape/base/format.hpp"
#include "xtape/base/memory.hpp"

namespace xtape {

/// Named values in the order in which they were set: the loss and metrics of a training step, an epoch or evaluate().
///
///     auto results = model.evaluate(x, y);
///     fmt::print("{:.4f}\n", results["accuracy"]);
///     for (const auto& [name, value] : results) ...
///     fmt::print("{:.4f}\n", results);    // {'loss': 0.3512, 'accuracy': 0.9021}
class Logs {
 public:
  using value_type = std::pair<std::string, double>;

  Logs() = default;
  Logs(std::initializer_list<value_type> values) : values_(values) {}

  /// The value of a name. An unknown name throws a LookupError that lists the known ones.
  double operator[](std::string_view name) const;
  /// The value of a name, or null.
  const double* find(std::string_view name) const& noexcept;
  const double* find(std::string_view name) const&& = delete;  // would dangle
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  /// Sets a value; a new name is appended.
  void set(std::string_view name, double value);

  auto begin() const noexcept { return values_.begin(); }
  auto end() const noexcept { return values_.end(); }
  std::size_t size() const noexcept { return values_.size(); }
  bool empty() const noexcept { return values_.empty(); }
  void reserve(std::size_t n) { values_.reserve(n); }

 private:
  detail::PoolVector<value_type> values_;  // one is made in every step
};

/// Writes what `fmt::print("{}", logs)` prints.
std::ostream& operator<<(std::ostream& stream, const Logs& logs);

namespace detail {
template <>
std::string formatted(const Logs& logs, fmt::string_view specification);
}  // namespace detail

}  // namespace xtape

template <>
struct fmt::formatter<xtape::Logs> : xtape::detail::Formatter {};
