#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/source_dir.hpp"

using namespace xtape;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The calls of record() in a source with a rule that captures something. Such captures cost time in every call of the
/// op, even if no tape records. `record(..., [&] { return [x](const Tensor& dy) {...}; })` costs nothing then.
std::vector<std::string> costly_rules(const std::string& source) {
  static const std::regex rule(R"((,|\()\s*\[[^\]&][^\]]*\]\s*\(\s*(const (xp::)?Tensor&|std::span<const Tensor>))"
                               R"( \w+(, Needs( \w+)?)?\)\s*(->[^{]*)?\{[^;]*Grads)");
  static const std::regex call(R"(\brecord(_elementwise|_reduction)?\()");
  std::vector<std::string> found;
  for (std::sregex_iterator at(source.begin(), source.end(), call), end; at != end; ++at) {
    const auto begin = static_cast<std::size_t>(at->position());
    std::size_t close = begin;
    for (int depth = 0; close < source.size(); ++close) {
      if (source[close] == '(') ++depth;
      if (source[close] == ')' && --depth == 0) break;
    }
    const std::string text = source.substr(begin, close - begin);
    if (std::regex_search(text, rule)) found.push_back(text.substr(0, 80));
  }
  return found;
}

}  // namespace

TEST_CASE("record calls: the library makes each rule that captures something only where a tape wants it") {
  std::size_t files = 0;
  for (const char* folder : {"/src", "/include"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(testing::source_dir() + folder)) {
      if (file.path().extension() != ".cpp" && file.path().extension() != ".hpp") continue;
      if (file.path().filename() == "record.hpp") continue;  // its comments show both forms
      ++files;
      for (const auto& text : costly_rules(contents(file.path()))) {
        FAIL_CHECK(file.path().filename().string(), ": ", text);
      }
    }
  }
  CHECK(files > 500);
}

TEST_CASE("record calls: what counts as costly") {
  const auto costly = [](const char* source) { return costly_rules(source).size() == 1; };
  CHECK(costly("record(\"exp\", {x}, y, [y](const Tensor& dy) { return Grads{dy * y}; });"));
  CHECK(costly("return record(op, {x}, f(y),\n [a = b, y](const Tensor& dy, Needs need) { return Grads{dy}; });"));
  CHECK(costly("record(op, in, out, [y](std::span<const Tensor> dys) { return Grads{dys[0]}; });"));
  CHECK(costly("record_elementwise(\"exp\", {x}, y, [y](const Tensor& dy) { return Grads{dy * y}; });"));
  CHECK_FALSE(costly("record(\"add\", {a, b}, y, [](const Tensor& dy) { return Grads{dy, dy}; });"));
  CHECK_FALSE(costly("record(\"exp\", {x}, y, [&] { return [y](const Tensor& dy) { return Grads{dy * y}; }; });"));
  CHECK_FALSE(costly("record(\"m\", {a}, y, [&](Tracked t) { return [y](const Tensor& dy) { return Grads{y}; }; });"));
}
