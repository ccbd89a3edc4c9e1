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

/// The names that a text of headers declares in namespaces other than `detail` and `symbolic`, none of whose
/// declarations has a `///` comment: classes, functions, aliases, concepts and constants. Declarations that follow each
/// other without an empty line share the comment of the first.
std::set<std::string> undocumented_names(const std::string& headers);

}  // namespace xtape::testing
