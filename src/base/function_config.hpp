#pragma once

#include <optional>
#include <string_view>

#include "xtape/base/config.hpp"

// What Keras writes of losses and metrics beside Configs of their classes.
namespace xtape::detail {

/// The Config of a function as that of the class of its name, or nothing for another Config. Keras writes a function as
/// function{name = "mean_squared_error"}, and a wrapper, such as LossFunctionWrapper, of one as
/// LossFunctionWrapper{fn = ..., name = "loss", ...}, the arguments of the function among the others. Throws a
/// ValueError for a wrapper of something without a name.
std::optional<ConfigValue> class_of_function(const Config& config, std::string_view wrapper);

/// Throws a ValueError for an axis other than the last one if the class does not have this argument.
void check_last_axis(const Config& given, const Config& made);

}  // namespace xtape::detail
