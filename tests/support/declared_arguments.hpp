#pragma once

#include <map>
#include <string>
#include <vector>

namespace xtape::testing {

/// What a text of headers declares: of each class with a base and a constructor the arguments of that, the options
/// replaced by the fields of their struct.
std::map<std::string, std::vector<std::string>> arguments_in(std::string header);

}  // namespace xtape::testing
