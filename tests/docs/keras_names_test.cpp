// docs/keras_names.md: which of Keras's public names xtape has. The page is written by
//     XTAPE_WRITE_KERAS_NAMES=1 build/release/tests/xtape_tests --test-case="Keras's names: *"
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/header_scan.hpp"
#include "support/source_dir.hpp"

namespace xtape::testing {
namespace {

struct KerasName {
  std::string module;  ///< "ops.numpy"; empty for keras itself
  std::string name;
  std::string whole() const { return module.empty() ? name : module + "." + name; }
};

/// A line of keras_elsewhere.txt.
struct Rule {
  std::string pattern;
  bool elsewhere;    ///< there under another name, otherwise left out
  std::string text;  ///< the other name, or the reason
  bool used = false;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(source_dir() + "/" + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  return lines;
}

std::vector<KerasName> keras_names() {
  std::vector<KerasName> names;
  std::string module;
  for (const std::string& line : lines_of("tests/docs/keras_names.txt")) {
    if (line.starts_with("[keras")) {
      module = line.substr(6, line.size() - 7);
      if (module.starts_with(".")) module.erase(0, 1);
      continue;
    }
    std::istringstream words(line);
    for (std::string name; words >> name;) names.push_back({module, name});
  }
  return names;
}

std::vector<Rule> rules() {
  std::vector<Rule> all;
  for (const std::string& line : lines_of("tests/docs/keras_elsewhere.txt")) {
    const std::size_t at = line.find_first_of("=!");
    all.push_back({line.substr(0, line.find(' ')), line[at] == '=', line.substr(at + 2)});
  }
  return all;
}

/// Whether a text is what a pattern says, in which "*" stands for anything.
bool matches(const char* text, const char* pattern) {
  if (*pattern == '*') return matches(text, pattern + 1) || (*text != '\0' && matches(text + 1, pattern));
  return *text == *pattern && (*text == '\0' || matches(text + 1, pattern + 1));
}

/// Where a name of a module would stand.
std::vector<std::string> namespaces_of(const std::string& module) {
  if (module.empty())
    return {"", "optimizers::", "losses::", "initializers::", "metrics::", "regularizers::", "callbacks::"};
  if (module == "ops" || module.starts_with("ops.")) return {"ops::", "", "nn::", "linalg::", "image::"};
  if (module == "activations") return {"nn::", ""};
  if (module == "metrics") return {"metrics::", "losses::"};
  if (module == "mixed_precision") return {"mixed_precision::", "optimizers::", ""};
  if (module == "preprocessing" || module == "utils") return {"utils::", "data::"};
  std::string name_space = module + "::";
  for (std::size_t dot; (dot = name_space.find('.')) != std::string::npos;) name_space.replace(dot, 1, "::");
  if (module.starts_with("applications.")) return {name_space, "applications::"};
  return {name_space, ""};
}

bool is_here(const KerasName& keras, const std::set<std::string>& declared) {
  for (const std::string& name_space : namespaces_of(keras.module)) {
    if (declared.contains("xtape::" + name_space + keras.name)) return true;
  }
  return false;
}

/// The page, and what is wrong with the rules.
std::string page(std::vector<std::string>& mistakes) {
  const std::set<std::string> declared = declared_names(headers_of("include/xtape"));
  std::vector<Rule> all_rules = rules();
  for (const Rule& rule : all_rules) {
    if (rule.elsewhere && !declared.contains(rule.text)) mistakes.push_back("no name " + rule.text);
  }
  struct Module {
    int here = 0, elsewhere = 0;
    std::map<std::string, std::string> left_out;  ///< names and reasons
    std::vector<std::string> missing;
  };
  std::map<std::string, Module> modules;
  Module total;
  std::size_t missing = 0, left_out = 0;
  for (const KerasName& keras : keras_names()) {
    Module& module = modules[keras.module];
    if (is_here(keras, declared)) {
      ++module.here, ++total.here;
      continue;
    }
    const auto rule = std::find_if(all_rules.begin(), all_rules.end(),
                                   [&](const Rule& r) { return matches(keras.whole().c_str(), r.pattern.c_str()); });
    if (rule == all_rules.end()) {
      module.missing.push_back(keras.name), ++missing;
      continue;
    }
    rule->used = true;
    if (rule->elsewhere) {
      ++module.elsewhere, ++total.elsewhere;
    } else {
      std::string& names = module.left_out[rule->text];
      names += (names.empty() ? "`" : ", `") + keras.name + "`", ++left_out;
    }
  }
  for (const Rule& rule : all_rules) {
    if (!rule.used) mistakes.push_back("a rule for nothing: " + rule.pattern);
  }
  std::ostringstream text;
  text << "# Keras's names\n\nWhich of the public names of Keras 3.16 xtape has: here under the same name in the "
          "namespace "
          "of the same\nname, elsewhere under another one, left out for a reason, or missing so far. "
          "[From Keras](from_keras.md) has Python\nbeside C++. This page is written by a test "
          "(`tests/docs/keras_names_test.cpp`).\n\n"
       << "| module | here | elsewhere | left out | missing |\n|---|---|---|---|---|\n";
  for (const auto& [name, module] : modules) {
    std::size_t out = 0;
    for (const auto& [reason, names] : module.left_out) {
      out += 1 + static_cast<std::size_t>(std::count(names.begin(), names.end(), ','));
    }
    text << "| keras" << (name.empty() ? "" : ".") << name << " | " << module.here << " | " << module.elsewhere << " | "
         << out << " | " << module.missing.size() << " |\n";
  }
  text << "| all | " << total.here << " | " << total.elsewhere << " | " << left_out << " | " << missing << " |\n\n"
       << "## Missing\n\n";
  for (const auto& [name, module] : modules) {
    if (module.missing.empty()) continue;
    text << "- **keras" << (name.empty() ? "" : ".") << name << "**: ";
    for (std::size_t i = 0; i < module.missing.size(); ++i) text << (i ? ", `" : "`") << module.missing[i] << "`";
    text << "\n";
  }
  text << "\n## Left out\n\n";
  for (const auto& [name, module] : modules) {
    for (const auto& [reason, names] : module.left_out) {
      text << "- **keras" << (name.empty() ? "" : ".") << name << "**: " << names << ": " << reason << "\n";
    }
  }
  text << "\n## Elsewhere\n\n| Keras | xtape |\n|---|---|\n";
  for (const Rule& rule : all_rules) {
    if (rule.elsewhere) text << "| `" << rule.pattern << "` | `" << rule.text << "` |\n";
  }
  return text.str();
}

TEST_CASE("Keras's names: the page says which are here") {
  std::vector<std::string> mistakes;
  const std::string expected = page(mistakes), path = source_dir() + "/docs/keras_names.md";
  for (const std::string& mistake : mistakes) CHECK_MESSAGE(false, mistake);
  if (std::getenv("XTAPE_WRITE_KERAS_NAMES") != nullptr) std::ofstream(path) << expected;
  std::ostringstream found;
  found << std::ifstream(path).rdbuf();
  CHECK_MESSAGE(found.str() == expected,
                "docs/keras_names.md is not up to date: the first lines of this test say how it is written");
}

TEST_CASE("patterns of names") {
  CHECK(matches("losses.get", "*.get"));
  CHECK(matches("ops.nn.max_pool", "ops.*max_pool"));
  CHECK_FALSE(matches("losses.get_all", "*.get"));
  CHECK_FALSE(matches("get", "*.get"));
}

}  // namespace
}  // namespace xtape::testing
