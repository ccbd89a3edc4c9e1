#include "support/op_declarations.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "support/source_dir.hpp"

namespace xtape::testing {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// Without comments and preprocessor lines, every run of white space as one blank.
std::string plain(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line = trimmed(line.substr(0, line.find("//")));
    if (!line.starts_with("#")) result += line + " ";
  }
  return std::regex_replace(result, std::regex(" +"), " ");
}

/// The parts between the separators that stand in no brackets.
std::vector<std::string> split_outside(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '(' || c == '{' || c == '<' || c == '[' ? 1 : c == ')' || c == '}' || c == '>' || c == ']' ? -1 : 0;
    if (c == separator && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (auto& part : parts) part = trimmed(part);
  return parts;
}

OpParameter parameter_of(const std::string& text) {
  OpParameter parameter;
  const auto equals = text.find(" = ");
  if (equals != std::string::npos) parameter.value = trimmed(text.substr(equals + 3));
  const std::string declared = trimmed(text.substr(0, equals));
  const auto blank = declared.rfind(' ');
  if (blank == std::string::npos) return {declared, "", parameter.value};
  parameter.type = declared.substr(0, blank);
  parameter.name = declared.substr(blank + 1);
  return parameter;
}

std::vector<std::pair<std::string, std::string>> members_of(const std::string& body) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& statement : split_outside(body, ';')) {
    const OpParameter member = parameter_of(statement);
    if (!member.name.empty()) members.emplace_back(member.type, member.name);
  }
  return members;
}

class Reader {
 public:
  Reader(std::string header, const std::string& text) : header_(std::move(header)), text_(plain(text)) {}

  OpDeclarations read() {
    read_scope();
    return std::move(found_);
  }

 private:
  /// Up to the end of the namespace at hand.
  void read_scope() {
    std::string statement;
    int parentheses = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      parentheses += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == '}' && parentheses == 0) return;
      if (parentheses > 0 || (c != '{' && c != ';')) {
        statement += c;
        continue;
      }
      const std::string what = trimmed(statement);
      statement.clear();
      if (c == ';') {
        function(what);
      } else if (what.starts_with("namespace")) {
        for (const auto& name : names_of(what)) spaces_.push_back(name);
        read_scope();
        for (std::size_t i = 0; i < names_of(what).size(); ++i) spaces_.pop_back();
      } else {
        const std::string body = skip_block();
        static const std::regex plain_struct("struct (\\w+)");
        std::smatch match;
        if (std::regex_match(what, match, plain_struct)) {
          if (!internal()) found_.structs.push_back({space(), match[1], members_of(body)});
        } else {
          function(what, body);
        }
      }
    }
  }

  static std::vector<std::string> names_of(const std::string& text) {
    std::vector<std::string> names;
    static const std::regex name("\\w+");
    for (std::sregex_iterator i(text.begin(), text.end(), name), end; i != end; ++i) names.push_back(i->str());
    names.erase(names.begin());
    return names;
  }

  std::string skip_block() {
    std::string body;
    for (int depth = 1; at_ < text_.size(); body += text_[at_++]) {
      depth += text_[at_] == '{' ? 1 : text_[at_] == '}' ? -1 : 0;
      if (depth == 0) {
        ++at_;
        break;
      }
    }
    return body;
  }

  bool internal() const {
    return std::any_of(spaces_.begin(), spaces_.end(),
                       [](const std::string& name) { return name == "detail" || name == "elementwise"; });
  }
  std::string space() const {
    std::string name;
    for (std::size_t i = 1; i < spaces_.size(); ++i) name += (name.empty() ? "" : "::") + spaces_[i];
    return name;
  }

  void function(const std::string& text, const std::string& body = "") {
    static const std::regex declares(
        "(template <.*> )?(?:inline )?([A-Z]\\w*|std::pair<.*>) (\\w+|operator\\S+)\\((.*)\\)");
    std::smatch match;
    static const std::regex uses("using ([\\w:]+::\\w+)");
    if (std::regex_match(text, match, uses)) found_.usings.emplace_back(space(), match[1]);
    if (internal() || spaces_.empty() || !std::regex_match(text, match, declares)) return;
    OpDeclaration found{header_, space(), match[3], trimmed(match[1]), match[2], {}, trimmed(body)};
    for (const auto& parameter : split_outside(match[4], ',')) found.parameters.push_back(parameter_of(parameter));
    const auto same = [&](const OpDeclaration& other) {
      return other.full_name() == found.full_name() && other.parameters.size() == found.parameters.size() &&
             std::equal(other.parameters.begin(), other.parameters.end(), found.parameters.begin(),
                        [](const OpParameter& a, const OpParameter& b) { return a.type == b.type; });
    };
    if (std::none_of(found_.functions.begin(), found_.functions.end(), same)) found_.functions.push_back(found);
  }

  std::string header_, text_;
  std::size_t at_ = 0;
  std::vector<std::string> spaces_;
  OpDeclarations found_;
};

}  // namespace

OpDeclarations op_declarations(const std::string& header, const std::string& text) {
  return Reader(header, text).read();
}

OpDeclarations op_declarations() {
  const std::string include = source_dir() + "/include/";
  std::vector<std::string> headers;
  for (const auto& file : std::filesystem::directory_iterator(include + "xtape/ops")) {
    headers.push_back("xtape/ops/" + file.path().filename().string());
  }
  std::sort(headers.begin(), headers.end());
  OpDeclarations all;
  for (const auto& header : headers) {
    std::ifstream in(include + header);
    std::ostringstream text;
    text << in.rdbuf();
    OpDeclarations found = op_declarations(header, text.str());
    all.functions.insert(all.functions.end(), found.functions.begin(), found.functions.end());
    all.usings.insert(all.usings.end(), found.usings.begin(), found.usings.end());
    all.structs.insert(all.structs.end(), found.structs.begin(), found.structs.end());
  }
  return all;
}

}  // namespace xtape::testing
