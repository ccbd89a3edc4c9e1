#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/io/hdf5.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/xtape.hpp"

// To the system a path ends with its first zero byte, so "weights\0.old" would be the file "weights".
using namespace xtape;
using namespace xtape::testing;

namespace {

struct Row {
  std::string function;
  std::function<void(const std::string& path)> call;
};

const std::vector<Row>& rows() {
  static const Tensor x = ones({4, 2});
  static Sequential model{Input({2}), layers::Dense(1)};
  static optimizers::SGD sgd;
  static const std::vector<Row> all{
      {"load_npy", [](const std::string& p) { io::load_npy(p); }},
      {"save_npy", [](const std::string& p) { io::save_npy(p, x); }},
      {"load_npz", [](const std::string& p) { io::load_npz(p); }},
      {"save_npz",
       [](const std::string& p) {
         io::save_npz(p, {{"x", x}});
       }},
      {"load_pytorch", [](const std::string& p) { io::load_pytorch(p); }},
      {"load_safetensors", [](const std::string& p) { io::load_safetensors(p); }},
      {"save_safetensors",
       [](const std::string& p) {
         io::save_safetensors(p, {{"x", x}});
       }},
      {"load_csv", [](const std::string& p) { io::load_csv(p); }},
      {"read_idx", [](const std::string& p) { io::read_idx(p); }},
      {"create_file_writer", [](const std::string& p) { summary::create_file_writer(p); }},
      {"FileWriter", [](const std::string& p) { summary::FileWriter writer(p); }},
      {"save_weights", [](const std::string& p) { model.save_weights(p + ".safetensors"); }},
      {"load_weights", [](const std::string& p) { model.load_weights(p + ".safetensors"); }},
      {"save", [](const std::string& p) { Checkpoint(model, sgd).save(p); }},
      {"restore", [](const std::string& p) { Checkpoint(model, sgd).restore(p); }},
      {"plot_model", [](const std::string& p) { plot_model(model, p + ".dot"); }},
      {"profile",
       [](const std::string& p) {
         GradientTape tape({.profile = true});
         tape.profile(p);
       }},
      {"find", [](const std::string& p) { datasets::mnist::find(p); }},
      {"find", [](const std::string& p) { datasets::fashion_mnist::find(p); }},
      {"get_word_index", [](const std::string& p) { datasets::imdb::get_word_index(p); }},
      {"get_word_index", [](const std::string& p) { datasets::reuters::get_word_index(p); }},
      {"LoadOptions", [](const std::string& p) { datasets::mnist::load_data({.dir = p}); }},
      {"LoadOptions", [](const std::string& p) { datasets::cifar10::load_data({.dir = p}); }},
      {"ImdbOptions", [](const std::string& p) { datasets::imdb::load_data({.dir = p}); }},
      {"BackupAndRestore", [](const std::string& p) { callbacks::BackupAndRestore backup(p); }},
      {"CSVLogger", [](const std::string& p) { callbacks::CSVLogger logger(p); }},
      {"ModelCheckpoint",
       [](const std::string& p) {
         callbacks::ModelCheckpoint checkpoint(p + ".safetensors");
         checkpoint.set_model(model);
         checkpoint.on_epoch_end(0, {});
       }},
      {"export_onnx", [](const std::string& p) { model.export_onnx(p + ".onnx"); }},
      {"export_onnx_function",
       [](const std::string& p) { export_onnx([](const Tensor& t) { return -t; }, Input({2}), p + ".onnx"); }},
      {"load", [](const std::string& p) { (void)onnx::load(p + ".onnx"); }},
      {"load_hdf5", [](const std::string& p) { (void)io::load_hdf5(p); }},
      {"save_hdf5", [](const std::string& p) { io::save_hdf5(p, {}); }},
      {"load_model", [](const std::string& p) { (void)models::load_model(p + ".keras"); }},
      {"save", [](const std::string& p) { model.save(p + ".keras"); }},
      {"lines",
       [](const std::string& p) {
         plot::lines({{"a", {1, 2}, {1, 2}}}, p + ".png");
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("paths with a zero byte are refused by every function that takes one") {
  const TempDir dir;
  const std::string before = dir.write("file", "whole");
  const std::string path = before + std::string("\0more", 5);
  for (const auto& row : rows()) {
    CAPTURE(row.function);
    CHECK_THROWS_TEXT(ValueError, "expected a path without a zero byte, received \"" + before + "\\0more",
                      row.call(path));
  }
  std::ifstream file(before);
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == "whole");
}

TEST_CASE("paths with a zero byte: every function that a header declares with a path has a row") {
  // Those of the plots all draw through one function.
  static const std::regex declares(
      R"((\w+)\([^()]*(?:const std::string& |std::string )(?:path|dir|logdir|filename|filepath|backup_dir)\b)");
  std::set<std::string> with_rows;
  for (const auto& row : rows()) with_rows.insert(row.function);
  const std::filesystem::path include = source_dir() + "/include/xtape";
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(include)) {
    if (!entry.is_regular_file() || entry.path().parent_path().filename() == "plot") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (line.find("///") != std::string::npos || !std::regex_search(line, match, declares)) continue;
      ++found;
      if (match[1] == "should_save") continue;  // of ModelCheckpoint, which says where it saves
      CHECK_MESSAGE(with_rows.contains(match[1]), "tests/callbacks/zero_byte_test.cpp has no row for ", match[1].str());
    }
  }
  CHECK(found > 15);
}
