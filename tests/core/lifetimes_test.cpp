#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "support/check.hpp"
#include "support/source_dir.hpp"

using namespace xtape;

namespace {

/// The names of a header's const member functions without `const&` or `const&&` that return a reference, a pointer or a
/// view. Called on a temporary object, the result might refer to a part of it.
std::vector<std::string> unguarded(std::istream& header) {
  static const std::regex gives(
      R"(\s+(?:virtual |constexpr |inline |\[\[\w+\]\] )*(?:const )?(?:[\w:]+(?:<[\w:, <>*&]*>)?[&*] ?|std::span<[^()]*> |std::string_view )(\w+)\([^;{]*\) const(?: noexcept)? *(?:[{;=]|override).*)");
  std::vector<std::string> names;
  for (std::string line; std::getline(header, line);) {
    std::smatch match;
    if (std::regex_match(line, match, gives)) names.push_back(match[1]);
  }
  return names;
}

// Functions that return something outside the object, or of classes that are never temporary.
const std::set<std::string> allowed = {
    "model",             // of a callback: another object
    "graph",             // of a model, for the library
    "impl",              // for the library
    "checked",           // for the library
    "state",             // of a layer, for the library
    "model_state",       // of a model, for the library
    "train_state",       // of a model, for the library
    "begin",             // of a ListOf, which is an argument
    "end",               // of a ListOf
    "what",              // of an exception, which is caught by reference
    "at",                // of Grads, for the library
    "list",              // of ReadVariables and per_output.hpp, for the library
    "name",              // of an entry in per_output.hpp, for the library
    "like",              // of a FunctionCall, for the library
    "traced_arguments",  // of a FunctionCall, for the library
    "get",               // of a ZipList, which is an argument
    "of_class",          // of a Model, private
    "layer_of_class",    // of a Model, private
    "graph_ends",        // of a layer, private
    "group_of",          // of an Optimizer, private
    "outer",             // of a CallScope, for the library
    "layer",             // of a CallScope, for the library
    "slots_of",          // of an Optimizer, for the classes derived from it
    "shared",            // of a KeptStates, for the library
};

}  // namespace

TEST_CASE("lifetimes: what a public function gives is not a part of a temporary") {
  std::size_t headers = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(testing::source_dir() + "/include/xtape")) {
    if (file.path().extension() != ".hpp") continue;
    ++headers;
    std::ifstream header(file.path());
    for (const auto& name : unguarded(header)) {
      if (name == "name" && file.path().filename() != "per_output.hpp") {
        FAIL_CHECK(file.path().string() << ": name() of a temporary");
      }
      CHECK_MESSAGE(allowed.contains(name), file.path().string(), ": ", name,
                    "() gives a part of *this: make it `const&`, and for `const&&` give a copy or delete it");
    }
  }
  CHECK(headers > 100);
}

TEST_CASE("lifetimes: what counts as giving a part") {
  std::istringstream header(
      "  const std::string& name() const { return name_; }\n"
      "  const std::string& guarded() const& { return name_; }\n"
      "  std::string guarded() const&& { return name_; }\n"
      "  Layer& layer(std::size_t index) const;\n"
      "  virtual const double* found(int at) const noexcept = 0;\n"
      "  std::span<const Tensor> gradients() const noexcept { return gradients_; }\n"
      "  std::string_view text() const override;\n"
      "  const std::vector<Variable>& variables() const;\n"
      "  Tensor value() const;\n"
      "  std::int64_t size(const Tensor& x) const;\n"
      "  Tensor& operator[](int) const;\n");
  CHECK(unguarded(header) == std::vector<std::string>{"name", "layer", "found", "gradients", "text", "variables"});
}
