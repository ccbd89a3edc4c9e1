#include "support/header_scan.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <utility>
#include <vector>

#include "support/source_dir.hpp"

namespace xtape::testing {

namespace {

/// Calls use(line, innermost namespace or "") for each line that is not one of a namespace.
template <class F>
void for_each_line(const std::string& text, const F& use) {
  static const std::regex opens("(?:inline )?namespace ([\\w:]+) \\{"), closes("\\}  // namespace ([\\w:]+)");
  std::vector<std::string> inside;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, opens)) {
      inside.push_back(match[1]);
    } else if (std::regex_match(line, match, closes)) {
      inside.pop_back();
    } else {
      use(line, inside.empty() ? std::string() : inside.back());
    }
  }
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// The words of a name in snake case stand in the text, in their order.
bool has_words(const std::string& text, const std::string& name) {
  std::istringstream words(name);
  std::size_t place = 0;
  for (std::string word; std::getline(words, word, '_');) {
    place = text.find(word, place);
    if (place == std::string::npos) return false;
    place += word.size();
  }
  return true;
}

}  // namespace

std::map<std::string, std::string> files_of(const std::string& folder, const std::string& extension) {
  std::map<std::string, std::string> files;
  const std::filesystem::path root = source_dir() + "/" + folder;
  if (!std::filesystem::exists(root)) return files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
    if (file.path().extension() != extension) continue;
    std::ifstream in(file.path());
    files[file.path().lexically_relative(root).replace_extension().generic_string()] = {
        std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

std::string headers_of(const std::string& folder) {
  std::string text;
  for (const auto& [name, header] : files_of(folder, ".hpp")) text += header + '\n';
  return text;
}

std::set<std::string> classes_derived_from(const std::string& base, const std::string& headers) {
  static const std::regex declares("(?:class|struct) (\\w+)(?: final)? : public (?:\\w+::)*(\\w+)[ <].*");
  std::vector<std::pair<std::string, std::string>> pairs;
  std::istringstream lines(headers);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, declares)) pairs.emplace_back(match[1], match[2]);
  }
  std::set<std::string> derived;
  for (std::size_t before = 1, after = 0; before != after; after = derived.size()) {
    before = derived.size();
    for (const auto& [name, parent] : pairs) {
      if (parent == base || derived.contains(parent)) derived.insert(name);
    }
  }
  return derived;
}

std::set<std::string> structs_in(const std::string& name_space, const std::string& headers) {
  static const std::regex declares("(?:class|struct) (\\w+) \\{");
  std::set<std::string> names;
  for_each_line(headers, [&](const std::string& line, const std::string& inside) {
    std::smatch match;
    if (inside == name_space && std::regex_match(line, match, declares)) names.insert(match[1]);
  });
  return names;
}

std::set<std::string> public_classes_in(const std::string& header) {
  static const std::regex declares("(?:class|struct) (\\w+)(?: final)?(?: : .*)? \\{");
  static const std::regex arguments("\\w+(?:Options|Arguments)");
  std::set<std::string> names;
  for_each_line(header, [&](const std::string& line, const std::string& inside) {
    std::smatch match;
    if (inside.find("detail") != std::string::npos || !std::regex_match(line, match, declares)) return;
    if (!std::regex_match(match[1].str(), arguments)) names.insert(match[1]);
  });
  return names;
}

bool belongs_to(const std::string& class_name, const std::string& header_name, const std::string& header) {
  const bool returned = header.find("\n" + class_name + " " + header_name + "(") != std::string::npos;
  return returned || has_words(lower_case(class_name), header_name) ||
         header.find("\n// Family: ") != std::string::npos;
}

bool implements(const std::string& source_name, const std::set<std::string>& header_names) {
  // What stands in for a part that is left out: see xtape_leave_out_sources in cmake/XtapeTarget.cmake.
  if (source_name.find("/without_") != std::string::npos) return header_names.contains("base/without");
  return std::any_of(header_names.begin(), header_names.end(), [&](const std::string& header) {
    return source_name == header || source_name.starts_with(header + "_");
  });
}

namespace {

/// A line without what is in quotation marks and without its comment.
std::string code_of(const std::string& line) {
  static const std::regex text("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)'|//.*");
  return std::regex_replace(line, text, "");
}

/// Without the heads of templates and what they require.
std::string without_templates(std::string declaration) {
  static const std::regex head("^\\s*template\\s*<");
  while (std::regex_search(declaration, head)) {
    std::size_t at = declaration.find('<');
    int open = 0;
    do {
      open += declaration[at] == '<' ? 1 : declaration[at] == '>' ? -1 : 0;
      ++at;
    } while (open > 0 && at < declaration.size());
    declaration.erase(0, at);
  }
  static const std::regex requirement("^\\s*requires\\s*\\(");
  if (std::regex_search(declaration, requirement)) {
    std::size_t at = declaration.find('(');
    int open = 0;
    do {
      open += declaration[at] == '(' ? 1 : declaration[at] == ')' ? -1 : 0;
      ++at;
    } while (open > 0 && at < declaration.size());
    declaration.erase(0, at);
  }
  return declaration;
}

/// The name that a declaration declares; empty for those that declare nothing new.
std::string declared_name(const std::string& whole) {
  static const std::regex nothing_new(
      "^\\s*(?:extern template|template\\s*<\\s*>|friend|static_assert|(?:class|struct) [\\w:]+;|using [\\w:]+;)"),
      class_or_alias("^\\s*(?:class|struct|enum class|enum|concept|using) (\\w+)(?:<.*>)?\\s*(?:[:={]|final|;|$)"),
      constant("^[^(]*?(\\w+)\\s*(?:=|\\{)"), function("(operator\\s*[^\\s\\w(]+|operator\\(\\)|\\w+)\\s*\\(");
  if (std::regex_search(whole, nothing_new)) return "";
  const std::string declaration = without_templates(whole);
  if (std::regex_search(declaration, nothing_new)) return "";
  std::smatch match;
  if (std::regex_search(declaration, match, class_or_alias)) return match[1];
  const std::size_t bracket = declaration.find('('), equals = declaration.find(" = ");
  if (equals < bracket && std::regex_search(declaration, match, constant)) return match[1];
  if (bracket == std::string::npos && std::regex_search(declaration, match, constant)) return match[1];
  if (std::regex_search(declaration, match, function)) return match[1];
  return "";
}

/// What a text of headers declares in namespaces.
struct Declared {
  std::set<std::string> all, documented;
};

Declared scan(const std::string& headers) {
  static const std::regex opens("^\\s*namespace ([\\w:]+) \\{\\s*$"), closes("^\\}(?:  // namespace.*)?");
  Declared found;
  std::vector<std::string> namespaces;
  std::string declaration;  // the one at hand, empty between them
  int depth = 0;            // of braces and brackets, without those of namespaces
  bool comment = false, shared = false;
  std::istringstream lines(headers);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (declaration.empty()) {
      if (line.rfind("///", 0) == 0) {
        comment = true;
        shared = false;
        continue;
      }
      if (line.empty() || line[0] == '#') {
        comment = shared = false;
        continue;
      }
      if (line.rfind("//", 0) == 0) continue;
      if (std::regex_match(line, match, opens)) {
        namespaces.push_back(match[1]);
        comment = shared = false;
        continue;
      }
      if (std::regex_match(line, closes)) {
        namespaces.pop_back();
        comment = shared = false;
        continue;
      }
    }
    const std::string code = code_of(line);
    declaration += code + " ";
    for (const char c : code) depth += c == '{' || c == '(' ? 1 : c == '}' || c == ')' ? -1 : 0;
    const std::size_t last = code.find_last_not_of(' ');
    if (depth > 0 || last == std::string::npos || (code[last] != ';' && code[last] != '}')) continue;

    std::string scope;
    for (const auto& name : namespaces) scope += name + "::";
    const std::string name = declared_name(declaration);
    static const std::regex is_class("\\s*(?:class|struct|enum|concept) .*");
    shared = comment || (shared && !std::regex_match(without_templates(declaration), is_class));
    declaration.clear();
    comment = false;
    if (name.empty() || namespaces.empty() || scope.find("detail::") != std::string::npos) continue;
    if (scope.find("symbolic::") != std::string::npos)
      continue;  // the ops, which are documented where they are declared
    found.all.insert(scope + name);
    if (shared) found.documented.insert(scope + name);
  }
  return found;
}

}  // namespace

std::set<std::string> declared_names(const std::string& headers) { return scan(headers).all; }

std::set<std::string> undocumented_names(const std::string& headers) {
  std::set<std::string> missing;
  const Declared found = scan(headers);
  for (const auto& name : found.all) {
    if (!found.documented.contains(name)) missing.insert(name);
  }
  return missing;
}

}  // namespace xtape::testing
