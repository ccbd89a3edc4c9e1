#include "support/declared_arguments.hpp"

#include <regex>

namespace xtape::testing {
namespace {

using Names = std::vector<std::string>;

/// Splits a text at a character, but not inside of brackets.
Names split(const std::string& text, char at) {
  Names parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += (c == '(' || c == '{' || c == '<') - (c == ')' || c == '}' || c == '>');
    if (c == at && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// "double l1 = 0" -> "l1", "Tensor (*f)(Tensor)" -> "f"
std::string name_of(const std::string& declaration) {
  const std::string head = declaration.substr(0, declaration.find('='));
  std::smatch match;
  const bool found = std::regex_search(head, match, std::regex("\\(\\*(\\w+)\\)")) ||
                     std::regex_search(head, match, std::regex("(\\w+)\\s*$"));
  return found ? match[1].str() : "";
}

/// The fields of a struct, given what is between its braces.
Names fields_of(const std::string& body) {
  Names names;
  for (const auto& statement : split(body, ';')) {
    for (const auto& declaration : split(statement, ',')) {
      if (const std::string name = name_of(declaration); !name.empty()) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::map<std::string, Names> arguments_in(std::string header) {
  header = std::regex_replace(header, std::regex("//[^\n]*"), "");
  header = std::regex_replace(header, std::regex("XTAPE_FIELDS\\([^)]*\\)"), "");
  std::map<std::string, Names> options, arguments;
  const std::regex structs("struct (\\w+Options) \\{([\\s\\S]*?)\\n\\};"), classes("class (\\w+)[^;{}]* : public ");
  for (std::sregex_iterator at(header.begin(), header.end(), structs), end; at != end; ++at)
    options[(*at)[1]] = fields_of((*at)[2]);
  for (std::sregex_iterator at(header.begin(), header.end(), classes), end; at != end; ++at) {
    const std::string name = (*at)[1], rest = at->suffix();
    std::smatch constructor;
    if (!std::regex_search(rest, constructor, std::regex("[ \\n]" + name + "\\(([^;]*?)\\)\\s*(;|:\\s)"))) continue;
    Names& names = arguments[name];
    for (const auto& parameter : split(constructor[1], ',')) {
      std::smatch type;
      if (std::regex_search(parameter, type, std::regex("(\\w+Options)&? options"))) {
        const Names& fields = options[type[1]];
        names.insert(names.end(), fields.begin(), fields.end());
      } else {
        names.push_back(name_of(parameter));
      }
    }
  }
  return arguments;
}

}  // namespace xtape::testing
