#pragma once

#include <string>
#include <string_view>

#include "xtape/base/config.hpp"

// Configs as JSON text, in the form of Keras's files: an object of a class is
//
//     {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10}, "registered_name": null}
//
// with what is attached to the Config beside "config". A class of a user has no module and the name under which it is
// registered, "package>Scale".
namespace xtape::detail {

/// Throws a ValueError that names the place for a value that text cannot hold: a lambda, or a number that is not
/// finite.
std::string config_json(const ConfigValue& value);

/// Throws a DataError that begins with the name of the file for text that is not JSON, or that is nested more than 200
/// levels deep.
ConfigValue parse_config(std::string_view text, const std::string& file);

}  // namespace xtape::detail
