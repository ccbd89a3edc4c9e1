#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "xtape/models/model.hpp"

namespace xtape::testing {

/// The application of a name with options under their names, such as {"alpha": 0.5, "input_shape": [96, 96, 3]}.
Model make_application(const std::string& name, const nlohmann::ordered_json& options);

}  // namespace xtape::testing
