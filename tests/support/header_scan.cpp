#include "support/header_scan.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <utility>
#include <vector>

#include "support/source_dir.hpp"

namespace xtape::testing {

std::string headers_of(const std::string& folder) {
  std::ostringstream text;
  for (const auto& file : std::filesystem::recursive_directory_iterator(source_dir() + "/" + folder)) {
    if (file.path().extension() != ".hpp") continue;
    std::ifstream in(file.path());
    text << in.rdbuf() << '\n';
  }
  return text.str();
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
  static const std::regex opens("namespace ([\\w:]+) \\{"), closes("\\}  // namespace ([\\w:]+)"),
      declares("(?:class|struct) (\\w+) \\{");
  std::set<std::string> names;
  std::vector<std::string> inside;
  std::istringstream lines(headers);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, opens)) {
      inside.push_back(match[1]);
    } else if (std::regex_match(line, match, closes)) {
      inside.pop_back();
    } else if (std::regex_match(line, match, declares) && !inside.empty() && inside.back() == name_space) {
      names.insert(match[1]);
    }
  }
  return names;
}

}  // namespace xtape::testing
