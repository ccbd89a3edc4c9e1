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

#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "xtape/onnx/export_onnx.hpp"
#include "xtape/onnx/load.hpp"
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

/// The model of the file computes the same in xtape.
void check_import(const std::string& name, const std::string& path, const TensorList& inputs,
                  const TensorList& expected) {
  CAPTURE(name);
  Model model = onnx::load(path);
  const TensorList actual = model(inputs);
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CHECK_CLOSE(cast(actual[i], float64), cast(expected[i], float64), 1e-5, 1e-5);
  }
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
  check_and_add(case_name, file, inputs,
                [&](const TensorList& x) -> TensorList { return (computes == nullptr ? model : *computes)(x); });
}

void OnnxRuntimeCases::add(const std::string& case_name, const std::function<TensorList(const TensorList&)>& function,
                           const SymbolicList& model_inputs, const std::vector<TensorList>& inputs,
                           const ExportOnnxOptions& options) {
  const std::string file = fmt::format("{}.onnx", count_);
  export_onnx(function, model_inputs, folder_ / file, options);
  check_and_add(case_name, file, inputs, function);
}

void OnnxRuntimeCases::check_and_add(const std::string& case_name, const std::string& file,
                                     const std::vector<TensorList>& inputs,
                                     const std::function<TensorList(const TensorList&)>& computes) {
  std::vector<TensorList> outputs;
  for (const TensorList& each : inputs) {
    outputs.push_back(computes(each));
    check_import(case_name, folder_ / file, each, outputs.back());
  }
  add_runs(case_name, file, inputs, outputs);
}

void OnnxRuntimeCases::add_file(const std::string& case_name, detail::OnnxModel model,
                                const std::vector<TensorList>& inputs) {
  const std::string file = fmt::format("{}.onnx", count_);
  Model loaded = onnx::load(folder_.write(file, detail::onnx_bytes("test", model)));
  const SymbolicList ports = loaded.outputs();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    model.outputs[i].dtype = ports[i].dtype();
    model.outputs[i].dimensions.assign(static_cast<std::size_t>(ports[i].shape().rank()), {});
  }
  folder_.write(file, detail::onnx_bytes("test", model));
  std::vector<TensorList> outputs;
  for (const TensorList& each : inputs) outputs.push_back(loaded(each));
  add_runs(case_name, file, inputs, outputs);
}

void OnnxRuntimeCases::add_runs(const std::string& case_name, const std::string& file,
                                const std::vector<TensorList>& inputs, const std::vector<TensorList>& outputs) {
  std::vector<std::string> runs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    runs.push_back(fmt::format(R"({{"inputs": {}, "outputs": {}}})", json_of(inputs[i]), json_of(outputs[i])));
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
