#include "onnxruntime/cases.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/source_dir.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::testing {
namespace {

/// The folder of the package: where XTAPE_ONNXRUNTIME says, or where scripts/get_onnxruntime has put it.
std::string package() {
  const char* given = std::getenv("XTAPE_ONNXRUNTIME");
  return given != nullptr ? given : source_dir() + "/build/onnxruntime/node_modules/onnxruntime-node";
}

std::string json_of(const Tensor& given) {
  const Tensor tensor = given.dtype() == bfloat16 ? cast(given, float32) : given;
  std::vector<std::string> numbers;
  for (const double number : cast(tensor, float64).to_vector<double>()) {
    numbers.push_back(std::isnan(number)   ? "\"nan\""
                      : std::isinf(number) ? (number > 0 ? "\"Infinity\"" : "\"-Infinity\"")
                                           : fmt::format("{:.17g}", number));
  }
  return fmt::format(R"({{"dtype": "{}", "dims": [{}], "data": [{}]}})", name(tensor.dtype()),
                     fmt::join(tensor.shape(), ", "), fmt::join(numbers, ", "));
}

std::string json_of(const TensorList& tensors) {
  std::vector<std::string> all;
  for (const Tensor& tensor : tensors) all.push_back(json_of(tensor));
  return fmt::format("[{}]", fmt::join(all, ", "));
}

}  // namespace

bool OnnxRuntimeCases::available() {
  static const bool found = [] {
    const bool there = std::filesystem::exists(package() + "/package.json") &&
                       std::system("node --version > /dev/null 2>&1") == 0;  // NOLINT: of a fixed text
    if (!there) {
      std::printf(
          "SKIPPED: node or the package onnxruntime-node is missing (%s); scripts/get_onnxruntime installs it\n",
          package().c_str());
      std::fflush(stdout);
    }
    return there;
  }();
  return found;
}

void OnnxRuntimeCases::add(const std::string& case_name, Model& model, const std::vector<TensorList>& inputs,
                           const ExportOnnxOptions& options, Model* computes) {
  const std::string file = fmt::format("{}.onnx", count_);
  model.export_onnx(folder_ / file, options);
  std::vector<std::string> runs;
  for (const TensorList& each : inputs) {
    runs.push_back(fmt::format(R"({{"inputs": {}, "outputs": {}}})", json_of(each),
                               json_of((computes == nullptr ? model : *computes)(each))));
  }
  json_ += fmt::format("{}{{\"name\": \"{}\", \"file\": \"{}\", \"runs\": [{}]}}", json_.empty() ? "" : ",\n",
                       case_name, file, fmt::join(runs, ", "));
  ++count_;
}

void OnnxRuntimeCases::check() {
  folder_.write("cases.json", "[" + json_ + "]");
  const std::string report = folder_ / "report.txt";
  const std::string command = fmt::format("node {}/tests/onnxruntime/compare.mjs {} {} > {} 2>&1", source_dir(),
                                          package(), folder_.str(), report);
  const int status = std::system(command.c_str());  // NOLINT: of paths of the tests
  std::ifstream in(report);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK_MESSAGE(status == 0, text);
  if (status == 0) MESSAGE(text);
}

}  // namespace xtape::testing
