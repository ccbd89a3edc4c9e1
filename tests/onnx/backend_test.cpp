// The test cases of single operators that the onnx package has, for the operators that xtape has.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/xtape.hpp"

namespace xtape::testing {

TEST_CASE("onnx.load: the operators' test cases of the onnx package") {
  if (std::system("/usr/bin/python3 -c 'import onnx' > /dev/null 2>&1") != 0) {  // NOLINT: of a fixed text
    MESSAGE("the Python package onnx is missing (Debian: python3-onnx): its test cases are not run");
    return;
  }
  const TempDir folder;
  const std::string command = fmt::format("/usr/bin/python3 {}/tests/onnx/backend_cases.py {} > {} 2>&1", source_dir(),
                                          folder.str(), folder / "log");
  REQUIRE(std::system(command.c_str()) == 0);  // NOLINT: of paths of the tests
  std::size_t passed = 0, all = 0;
  std::map<std::string, int> missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder.str())) {
    if (!entry.is_directory()) continue;
    ++all;
    const std::string name = entry.path().filename().string(), path = entry.path().string();
    CAPTURE(name);
    TensorList inputs, expected;
    try {
      for (const auto& [key, value] : io::load_npz(path + "/0.inputs.npz")) inputs.push_back(value);
      for (const auto& [key, value] : io::load_npz(path + "/0.outputs.npz")) expected.push_back(value);
      Model model = onnx::load(path + "/model.onnx");
      const TensorList actual = model(inputs);
      REQUIRE(actual.size() == expected.size());
      bool close_enough = true;
      std::string text;
      for (std::size_t i = 0; i < actual.size(); ++i) {
        const Report report = close(cast(actual[i], float64), cast(expected[i], float64), 1e-3, 1e-6);
        if (!report.ok) text += report.text;
        close_enough = close_enough && report.ok;
      }
      passed += close_enough ? 1 : 0;
      CHECK_MESSAGE(close_enough, name, ": ", text);
    } catch (const Error& error) {
      const std::string what = error.message();
      const bool is_named = what.find("xtape does not have") != std::string::npos ||
                            what.find("but it depends on the data") != std::string::npos;
      CHECK_MESSAGE(is_named, name, ": ", what);
      ++missing[what.substr(what.find(": ") == std::string::npos ? 0 : what.find(": ") + 2)];
    }
  }
  std::string list;
  for (const auto& [what, count] : missing) list += fmt::format("\n{} times: {}", count, what.substr(0, 300));
  MESSAGE(passed, " of ", all, " cases pass; not run:", list);
  CHECK(passed > 600);
}

}  // namespace xtape::testing
