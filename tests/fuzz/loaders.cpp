// The loaders of the data sets; the first byte chooses one. All files of a data set are the same one.
#include <filesystem>

#include "fuzz/files.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/boston_housing.hpp"
#include "xtape/data/cifar.hpp"
#include "xtape/data/fashion_mnist.hpp"
#include "xtape/data/mnist.hpp"
#include "xtape/data/text_datasets.hpp"
#include "xtape/io/npz.hpp"

using namespace xtape;
namespace fs = std::filesystem;

namespace {

/// A folder with the files of all data sets, links to one in memory.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "xtape-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) fuzzing::fail("no temporary folder");
    path_ = name;
    for (const char* file :
         {"npz/mnist.npz", "idx/train-images-idx3-ubyte", "idx/train-labels-idx1-ubyte", "idx/t10k-images-idx3-ubyte",
          "idx/t10k-labels-idx1-ubyte", "c/data_batch_1.bin", "c/data_batch_2.bin", "c/data_batch_3.bin",
          "c/data_batch_4.bin", "c/data_batch_5.bin", "c/test_batch.bin", "c/train.bin", "c/test.bin", "t/imdb.npz",
          "t/reuters.npz", "t/boston_housing.npz", "t/imdb_word_index.json"}) {
      fs::create_directories((path_ / file).parent_path());
      fs::create_symlink(file_.path(), path_ / file);
    }
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string with(std::string_view bytes, const char* folder) {
    file_.write(bytes);
    return (path_ / folder).string();
  }

 private:
  fuzzing::MemoryFile file_;
  fs::path path_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Folder folder;
  fuzzing::set_small_limits();
  const auto bytes = fuzzing::text_of(data + 1, size - 1);
  return fuzzing::only_errors([&] {
    switch (data[0] % 8) {
      case 0:
        datasets::mnist::load_data({.dir = folder.with(bytes, "npz")});
        break;
      case 1:
        datasets::fashion_mnist::load_data({.dir = folder.with(bytes, "idx"), .normalize = false});
        break;
      case 2:
        datasets::cifar10::load_data({.dir = folder.with(bytes, "c")});
        break;
      case 3:
        datasets::cifar100::load_data({.dir = folder.with(bytes, "c")});
        break;
      case 4: {
        datasets::imdb::ImdbOptions options;
        options.dir = folder.with(bytes, "t");
        options.index_from = (data[0] & 8) != 0 ? 3 : -2147483647;
        datasets::imdb::load_data(options);
        break;
      }
      case 5: {
        datasets::reuters::ReutersOptions options;
        options.dir = folder.with(bytes, "t");
        datasets::reuters::load_data(options);
        break;
      }
      case 6: {
        datasets::boston_housing::BostonHousingOptions options;
        options.dir = folder.with(bytes, "t");
        datasets::boston_housing::load_data(options);
        break;
      }
      default:
        datasets::imdb::get_word_index(folder.with(bytes, "t"));
    }
  });
}

std::vector<std::string> fuzzing::seeds() {
  const auto npz = [](const io::NamedTensors& tensors) {
    return written_by([&](const std::string& path) { io::save_npz(path, tensors, {.compressed = true}); });
  };
  const Tensor images = zeros({2, 28, 28}, uint8), labels = ones({2}, uint8);
  const std::string cifar(3073, '\1'), cifar_100(3074, '\2');
  return {
      std::string(1, '\0') + npz({{"x_train", images}, {"y_train", labels}, {"x_test", images}, {"y_test", labels}}),
      "\1" + std::string("\0\0\x08\x03\0\0\0\0\0\0\0\x1c\0\0\0\x1c", 16),
      "\1" + std::string("\0\0\x08\x01\0\0\0\2\1\2", 10),
      "\2" + cifar,
      "\3" + cifar_100,
      "\x0c" + npz({{"x_train", labels}, {"y_train", labels}, {"x_test", labels}, {"y_test", labels}}),
      "\5" + npz({{"x", labels}, {"y", labels}}),
      "\6" + npz({{"x", ones({4, 13}, float64)}, {"y", ones({4}, float64)}}),
      R"(~{"the": 1})"};
}
