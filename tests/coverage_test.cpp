#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "layers/layer_state.hpp"
#include "optimizers/every_optimizer.hpp"
#include "support/header_scan.hpp"
#include "support/listed_names.hpp"
#include "support/source_dir.hpp"
#include "xtape/xtape.hpp"

// Classes that are added to the library must have a name, a row in the tests, a header in the umbrella header, and
// stand in the file in which a reader looks for them. These scans of the files check that. The scan for ops is in
// ops/coverage_test.cpp, that for layers in layers/harness_test.cpp.

using namespace xtape;
using xtape::testing::classes_derived_from;
using xtape::testing::headers_of;
using xtape::testing::structs_in;

namespace {

template <class T>
std::string class_name(const T& object) {
  return detail::class_of(typeid(object));
}

std::set<std::string> without(std::set<std::string> names, const std::set<std::string>& left_out) {
  for (const auto& name : left_out) CHECK_MESSAGE(names.erase(name) == 1, name, " is not declared any more");
  return names;
}

}  // namespace

TEST_CASE("coverage: every optimizer has its name and its row of Keras's numbers") {
  const auto optimizers =
      without(classes_derived_from("Optimizer", headers_of("include/xtape/optimizers")),
              {"ElementwiseOptimizer", "LossScaleOptimizer", "MultiOptimizer"});  // a base, wrappers
  CHECK(optimizers.size() >= 12);
  std::set<std::string> rows;
  for (const auto& row : testing::every_optimizer()) rows.insert(class_name(*row()));
  CHECK(rows == optimizers);
  for (const auto& name : optimizers) CHECK(class_name(*AnyOptimizer(name).get()) == name);
}

TEST_CASE("coverage: every loss has its name, by which the tests of all losses find it") {
  const auto losses =
      without(classes_derived_from("Loss", headers_of("include/xtape/losses")), {"LossFunctionWrapper"});
  CHECK(losses.size() >= 20);
  for (const auto& name : losses) CHECK(class_name(*AnyLoss(name).get()) == name);
}

TEST_CASE("coverage: every metric that needs no arguments has its name, by which the tests of all metrics find it") {
  const std::set<std::string> bases = {"MeanMetricWrapper", "PredictionMetric", "SensitivitySpecificityBase",
                                       "ThresholdMetric", "ThresholdValueMetric"};
  // Metrics without labels or predictions; accuracies, which the name "accuracy" chooses by the shapes; and metrics
  // that need arguments.
  const std::set<std::string> unnamed = {"Accuracy",
                                         "ConfusionMatrix",
                                         "IoU",
                                         "Mean",
                                         "MeanIoU",
                                         "OneHotIoU",
                                         "OneHotMeanIoU",
                                         "PrecisionAtRecall",
                                         "RecallAtPrecision",
                                         "SensitivityAtSpecificity",
                                         "SpecificityAtSensitivity",
                                         "Sum"};
  const auto metrics =
      without(without(classes_derived_from("Metric", headers_of("include/xtape/metrics")), bases), unnamed);
  CHECK(metrics.size() >= 30);
  for (const auto& name : metrics) CHECK(class_name(*metrics::make_metric(name)) == name);
}

TEST_CASE("coverage: every initializer, regularizer and constraint has its name") {
  const auto all = [](const char* folder) {
    return structs_in(std::string("xtape::") + folder, headers_of(std::string("include/xtape/") + folder));
  };
  const auto initializers = all("initializers"), regularizers = all("regularizers"), constraints = all("constraints");
  CHECK(initializers.size() >= 15);
  CHECK(regularizers.size() >= 4);
  CHECK(constraints.size() >= 4);
  for (const auto& name : initializers) CHECK(Initializer(name)({3, 3}).shape() == Shape{3, 3});
  for (const auto& name : regularizers) CHECK(Regularizer(name)(ones({3, 3})).rank() == 0);
  for (const auto& name : constraints) CHECK(Constraint(name)(ones({3, 3})).shape() == Shape{3, 3});
  const auto listed = [](const auto& ask) { return testing::listed_names(ask).size(); };
  CHECK(listed([] { (void)Initializer("none such"); }) == initializers.size());
  CHECK(listed([] { (void)Regularizer("none such"); }) == regularizers.size());
  CHECK(listed([] { (void)Constraint("none such"); }) == constraints.size());
}

TEST_CASE("coverage: the umbrella header includes every header but those that are costly to compile") {
  const auto costly = [](const std::string& name) {
    return name == "xtape/core/xtensor.hpp" || name.starts_with("xtape/ops/map") || name == "xtape/xtape.hpp";
  };
  const std::string include = testing::source_dir() + "/include/";
  std::ifstream in(include + "xtape/xtape.hpp");
  const std::string umbrella{std::istreambuf_iterator<char>(in), {}};
  std::size_t headers = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(include)) {
    if (file.path().extension() != ".hpp") continue;
    const std::string name = file.path().generic_string().substr(include.size());
    CHECK_MESSAGE((umbrella.find("#include \"" + name + "\"") != std::string::npos) != costly(name), name);
    ++headers;
  }
  CHECK(headers >= 200);
}

TEST_CASE("coverage: who uses fmt::join includes fmt/ranges.h, where newer versions of fmt have it") {
  for (const std::string folder : {"include/xtape", "src", "tests", "examples"}) {
    for (const std::string extension : {".hpp", ".cpp"}) {
      for (const auto& file : testing::files_of(folder, extension)) {
        const bool joins = file.second.find("fmt::join(") != std::string::npos;
        const bool includes = file.second.find("#include <fmt/ranges.h>") != std::string::npos;
        CHECK_MESSAGE((!joins || includes), folder, "/", file.first);
      }
    }
  }
}

TEST_CASE("coverage: a class stands in the header of its name or of its family") {
  std::size_t classes = 0;
  for (const std::string folder :
       {"layers", "losses", "metrics", "optimizers", "initializers", "regularizers", "constraints", "callbacks"}) {
    for (const auto& [path, header] : testing::files_of("include/xtape/" + folder, ".hpp")) {
      const std::string name = path.substr(path.rfind('/') + 1);
      for (const auto& declared : testing::public_classes_in(header)) {
        const bool belongs = testing::belongs_to(declared, name, header);
        CHECK_MESSAGE(belongs, declared, " in a header of ", folder, " that is named ", name);
        ++classes;
      }
    }
  }
  CHECK(classes >= 190);
}

TEST_CASE("coverage: a source has the name of its header, or begins with it") {
  std::set<std::string> headers;  // public and internal ones, by their paths
  for (const std::string folder : {"include/xtape", "src"}) {
    for (const auto& [path, text] : testing::files_of(folder, ".hpp")) headers.insert(path);
  }
  const auto sources = testing::files_of("src", ".cpp");
  CHECK(sources.size() >= 300);
  for (const auto& source : sources) {
    if (source.first.starts_with("tools/")) continue;  // programs
    CHECK_MESSAGE(testing::implements(source.first, headers), source.first, ".cpp has no header");
  }
}

TEST_CASE("coverage: what counts as the header of a class and of a source") {
  using testing::belongs_to;
  CHECK(belongs_to("LogCosh", "log_cosh", ""));
  CHECK(belongs_to("AveragePooling2D", "average_pooling2d", ""));
  CHECK(belongs_to("SquaredHinge", "hinge", ""));
  CHECK(belongs_to("Conv1DTranspose", "conv_transpose", ""));
  CHECK(belongs_to("Pairs", "zip", "\nPairs zip(int);\n"));
  CHECK(belongs_to("Add", "merging", "#pragma once\n\n// Family: layers that merge.\n"));
  CHECK_FALSE(belongs_to("LogCosh", "huber", "// LogCosh, too\n"));
  CHECK_FALSE(belongs_to("Recall", "precision", ""));
  CHECK_FALSE(belongs_to("TransposeConv", "conv_transpose", ""));
  CHECK(testing::implements("ops/scatter", {"ops/gather", "ops/scatter"}));
  CHECK(testing::implements("layers/layer_calls", {"layers/layer"}));
  CHECK_FALSE(testing::implements("ops/scatter", {"ops/indexing"}));
  CHECK_FALSE(testing::implements("layers/layering", {"layers/layer"}));
  CHECK(testing::implements("io/without_png", {"base/without", "io/png"}));
  CHECK_FALSE(testing::implements("io/without_png", {"io/png"}));
  const std::string header =
      "class Forward;\n"
      "namespace xtape::detail {\n"
      "class Hidden {\n"
      "}  // namespace xtape::detail\n"
      "namespace xtape::things {\n"
      "struct PlainOptions {\n"
      "struct PlainArguments : Base {\n"
      "struct Plain {\n"
      "  struct Nested {\n"
      "class Derived final : public Base<int> {\n"
      "}  // namespace xtape::things\n";
  CHECK(testing::public_classes_in(header) == std::set<std::string>{"Plain", "Derived"});
}

TEST_CASE("coverage: what counts as a class with a base") {
  const std::string headers =
      "///     class InAComment : public Base {\n"
      "class Middle : public other::Base {\n"
      "class Leaf final : public Middle {\n"
      "class Templated : public Base<int> {\n"
      "class Foreign : public Else {\n"
      "class Forward;\n"
      "namespace xtape::things {\n"
      "struct Options {\n"
      "}  // namespace xtape::things\n"
      "namespace xtape {\n"
      "struct Outside {\n"
      "}  // namespace xtape\n";
  CHECK(classes_derived_from("Base", headers) == std::set<std::string>{"Middle", "Leaf", "Templated"});
  CHECK(structs_in("xtape::things", headers) == std::set<std::string>{"Options"});
}
