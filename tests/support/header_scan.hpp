#pragma once

#include <set>
#include <string>

namespace xtape::testing {

/// The headers of a folder of the project, its text.
std::string headers_of(const std::string& folder);

/// The classes that a text of headers declares and derives from `base`, directly or by classes between.
std::set<std::string> classes_derived_from(const std::string& base, const std::string& headers);

/// The structs that a text of headers declares in that namespace.
std::set<std::string> structs_in(const std::string& name_space, const std::string& headers);

}  // namespace xtape::testing
