#pragma once

#include <map>
#include <set>
#include <string>

namespace xtape::testing {

/// The headers of a folder of the project, its text.
std::string headers_of(const std::string& folder);

/// The classes that a text of headers declares and derives from `base`, directly or by classes between.
std::set<std::string> classes_derived_from(const std::string& base, const std::string& headers);

/// The structs that a text of headers declares in that namespace.
std::set<std::string> structs_in(const std::string& name_space, const std::string& headers);

/// The classes and structs that a header declares for users: outside of `detail`, and without the arguments of others
/// ("...Options", "...Arguments").
std::set<std::string> public_classes_in(const std::string& header);

/// Whether a reader who looks for the class finds it in the header of that name ("log_cosh" for log_cosh.hpp): the
/// header is named after it, or a word of the class's name, or after a function that returns it; or its first comment
/// says that it holds a family ("// Family: ...").
bool belongs_to(const std::string& class_name, const std::string& header_name, const std::string& header);

/// Whether a source of that name implements a header of one of these names: the same, or one that it begins with
/// ("layer_calls" for "layer"); or it is one that stands in for a part that is left out ("without_png").
bool implements(const std::string& source_name, const std::set<std::string>& header_names);

/// The files below a folder of the project with that extension, by their path in it without the extension, and their
/// texts; none where there is no such folder.
std::map<std::string, std::string> files_of(const std::string& folder, const std::string& extension);

/// The names that a text of headers declares in namespaces other than `detail` and `symbolic`, with their namespaces:
/// classes, functions, aliases, concepts and constants.
std::set<std::string> declared_names(const std::string& headers);

/// The names that a text of headers declares in namespaces other than `detail` and `symbolic`, none of whose
/// declarations has a `///` comment. Functions and constants that follow a declaration without an empty line share its
/// comment.
std::set<std::string> undocumented_names(const std::string& headers);

}  // namespace xtape::testing
