#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape::testing {

/// Gives each field of the options of a loss, metric or optimizer another value, one that is allowed.
template <detail::HasFields Options>
Options changed_options(Options options = {}) {
  static const std::map<std::string_view, std::string> texts = {
      {"average", "macro"}, {"class_aggregation", "variance_weighted_average"},
      {"curve", "PR"},      {"name", "mine"},
      {"reduction", "sum"}, {"summation_method", "minoring"},
  };
  static const std::map<std::string_view, std::int64_t> integers = {
      {"axis", 0},       {"class_id", 1},       {"ignore_class", 2},    {"k", 2},    {"num_classes", 4},
      {"num_labels", 3}, {"num_regressors", 1}, {"num_thresholds", 20}, {"top_k", 2}};
  static const std::map<std::string_view, std::vector<double>> lists = {
      {"alpha", {0.2}}, {"label_weights", {1, 2, 3}}, {"target_class_ids", {1}}, {"thresholds", {0.3, 0.6}}};
  options.fields([&](std::string_view name, auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    if constexpr (std::is_same_v<Field, bool>) {
      field = !field;
    } else if constexpr (std::is_same_v<Field, std::string>) {
      field = texts.at(name);
    } else if constexpr (std::is_integral_v<Field>) {
      field = integers.contains(name) ? static_cast<Field>(integers.at(name)) : field + 1;
    } else if constexpr (std::is_floating_point_v<Field>) {
      field = field == 0 ? 0.25 : 0.8 * field;
    } else if constexpr (std::is_same_v<Field, std::optional<double>>) {
      field = 0.5;
    } else if constexpr (std::is_same_v<Field, std::optional<std::int64_t>>) {
      field = integers.contains(name) ? integers.at(name) : 2;
    } else if constexpr (std::is_same_v<Field, std::vector<std::string>>) {
      field = {"own"};
    } else if constexpr (detail::IsVector<Field>::value) {
      field.assign(lists.at(name).begin(), lists.at(name).end());
    } else if constexpr (std::is_constructible_v<Field, std::vector<int>>) {
      field = std::vector<int>{1};  // the axes of a sum
    } else {
      field = 0.05;  // a learning rate
    }
  });
  return options;
}

}  // namespace xtape::testing
