#include "xtape/data/cifar.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "base/files.hpp"
#include "core/launch.hpp"
#include "data/dataset_files.hpp"
#include "io/file_tensor.hpp"
#include "io/input_file.hpp"

// The binary version: for each image one byte with its label (CIFAR-100: the coarse one, then the fine one) and 3072 of
// pixels, the red plane, the green and the blue, each row by row.
namespace xtape::datasets {
namespace {

using detail::fail;
using detail::InputFile;
namespace fs = std::filesystem;

constexpr std::int64_t side = 32, plane = side * side, channels = 3;

struct Cifar {
  const char* op;
  const char* folder;
  const char* python_folder;
  const char* archive;
  std::vector<std::string> train, test;
  std::size_t label_bytes;
  std::size_t label;  ///< which of them
  int classes;
};

std::string advice(const Cifar& cifar) {
  return fmt::format("To get it, unpack https://www.cs.toronto.edu/~kriz/{} in ~/.keras/datasets (tar xzf {}).",
                     cifar.archive, cifar.archive);
}

std::string lack_of(const Cifar& cifar, const fs::path& folder) {
  if (!detail::is_folder(cifar.op, folder.string())) return "no such folder";
  std::string lack;
  for (const auto* files : {&cifar.train, &cifar.test}) {
    for (const auto& file : *files) {
      if (lack.empty() && !is_file(cifar.op, folder / file)) lack = fmt::format("no {}", file);
    }
  }
  if (lack.empty()) return lack;
  if (is_file(cifar.op, folder / cifar.archive)) {
    lack += fmt::format(", but {}: unpack it (tar xzf {})", cifar.archive, (folder / cifar.archive).string());
  }
  if (detail::is_folder(cifar.op, (folder / cifar.python_folder).string())) {
    lack += fmt::format(", but {}, the Python version, whose pickles are not read", cifar.python_folder);
  }
  return lack;
}

fs::path find_folder(const Cifar& cifar, const std::string& dir) {
  std::string searched;
  for (const auto& folder : data_folders(cifar.op, dir, cifar.folder)) {
    const std::string lack = lack_of(cifar, folder);
    if (lack.empty()) return folder;
    searched += fmt::format("\n  {}: {}", folder.string(), lack);
  }
  fail_not_found(cifar.op, dir, searched, advice(cifar));
}

/// From planes to pixels: [3, 32, 32] to [32, 32, 3].
template <class T>
void interleave(const unsigned char* planes, T* to) {
  for (std::int64_t i = 0; i < plane; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      if constexpr (std::is_same_v<T, float>) {
        to[i * channels + c] = static_cast<float>(planes[c * plane + i]) / 255.0f;
      } else {
        to[i * channels + c] = planes[c * plane + i];
      }
    }
  }
}

class PartReader {
 public:
  PartReader(const Cifar& cifar, const fs::path& folder, const std::vector<std::string>& files, bool normalize)
      : cifar_(cifar), record_(cifar.label_bytes + static_cast<std::size_t>(channels * plane)) {
    std::vector<std::unique_ptr<InputFile>> open;
    std::int64_t n = 0;
    for (const auto& name : files) {
      open.push_back(std::make_unique<InputFile>(cifar.op, (folder / name).string(), InputFile::Gzip::raw));
      n += images_in(*open.back());
    }
    const std::string& first = open.front()->path();
    labels_ = detail::make_file_tensor(cifar.op, first, {n}, int32);
    images_ = detail::make_file_tensor(cifar.op, first, {n, side, side, channels}, normalize ? float32 : uint8);
    for (auto& file : open) read(*file);
  }

  data::TensorDataset dataset() const { return {images_, labels_}; }

 private:
  std::int64_t images_in(const InputFile& file) const {
    const std::uint64_t bytes = file.file_bytes();
    if (bytes == 0 || bytes % record_.size() != 0) {
      fail<DataError>(cifar_.op, "{}: expected images of {} bytes each, received {} bytes", file.path(), record_.size(),
                      bytes);
    }
    return static_cast<std::int64_t>(bytes / record_.size());
  }

  void read(InputFile& file) {
    for (std::int64_t i = images_in(file); i > 0; --i, ++at_) {
      if (file.read(record_.data(), record_.size()) < record_.size()) {
        fail<DataError>(cifar_.op, "{}: expected {} bytes, received the end of the file", file.path(),
                        file.file_bytes());
      }
      const int label = record_[cifar_.label];
      if (label >= cifar_.classes) {
        fail<DataError>(cifar_.op, "{}: expected labels from 0 to {}, received {}", file.path(), cifar_.classes - 1,
                        label);
      }
      detail::host_write("Dataset", labels_).data<std::int32_t>()[at_] = label;
      const unsigned char* planes = record_.data() + cifar_.label_bytes;
      const std::int64_t to = at_ * plane * channels;
      if (images_.dtype() == float32) {
        interleave(planes, detail::host_write("Dataset", images_).data<float>() + to);
      } else {
        interleave(planes, detail::host_write("Dataset", images_).data<std::uint8_t>() + to);
      }
    }
  }

  const Cifar& cifar_;
  std::vector<unsigned char> record_;
  Tensor images_, labels_;
  std::int64_t at_ = 0;
};

TrainTest load(const Cifar& cifar, const std::string& dir, bool normalize) {
  const fs::path folder = find_folder(cifar, dir);
  return {PartReader(cifar, folder, cifar.train, normalize).dataset(),
          PartReader(cifar, folder, cifar.test, normalize).dataset()};
}

}  // namespace

TrainTest cifar10::load_data(const LoadOptions& options) {
  Cifar cifar{"cifar10.load_data",
              "cifar-10-batches-bin",
              "cifar-10-batches-py",
              "cifar-10-binary.tar.gz",
              {},
              {"test_batch.bin"},
              1,
              0,
              10};
  for (int i = 1; i <= 5; ++i) cifar.train.push_back(fmt::format("data_batch_{}.bin", i));
  return load(cifar, options.dir, options.normalize);
}

TrainTest cifar100::load_data(const Cifar100Options& options) {
  constexpr const char* op = "cifar100.load_data";
  const bool fine = options.label_mode == "fine";
  if (!fine && options.label_mode != "coarse") {
    fail<ValueError>(op, "`label_mode` must be one of `\"fine\"`, `\"coarse\"`. Received: label_mode={}.",
                     options.label_mode);
  }
  const Cifar cifar{op, "cifar-100-binary", "cifar-100-python", "cifar-100-binary.tar.gz", {"train.bin"}, {"test.bin"},
                    2,  fine ? 1u : 0u,     fine ? 100 : 20};
  return load(cifar, options.dir, options.normalize);
}

}  // namespace xtape::datasets
