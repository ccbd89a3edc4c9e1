#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <xtape/xtape.hpp>

// Shared by the example programs. Run by hand, they train fully; ctest sets XTAPE_EXAMPLE_STEPS and only checks that
// they run.
namespace examples {

inline bool in_test() { return std::getenv("XTAPE_EXAMPLE_STEPS") != nullptr; }

/// The number of repetitions: `full`, but at most `few` in a test.
inline int times(int full, int few = 2) { return in_test() ? std::min(full, few) : full; }

/// The real Fashion-MNIST or, if it is not installed, the 2500 of its images that come with the sources.
inline xtape::datasets::TrainTest load_fashion_mnist() {
  namespace fashion_mnist = xtape::datasets::fashion_mnist;
  if (!in_test() && !fashion_mnist::find().empty()) return fashion_mnist::load_data();
  auto data = fashion_mnist::load_data({.dir = XTAPE_SOURCE_DIR "/data/fashion-mnist-small"});
  if (in_test()) return {data.train.take(200), data.test.take(100)};
  fmt::print("Fashion-MNIST is not installed (apt install dataset-fashion-mnist): training on 2000 images of it\n");
  return data;
}

/// The folder for pictures and other files: the program's first argument, by default the current folder.
///
///     plot::history(history.history, output("history.png"));
class Output {
 public:
  Output(int argc, char** argv) : folder_(argc > 1 ? argv[1] : ".") { std::filesystem::create_directories(folder_); }
  std::string operator()(const std::string& file) const { return (folder_ / file).string(); }

 private:
  std::filesystem::path folder_;
};

}  // namespace examples
