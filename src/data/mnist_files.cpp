#include "data/mnist_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "core/check.hpp"
#include "io/idx_reader.hpp"
#include "kernels/parallel.hpp"

namespace xtape::datasets {
namespace {

using detail::fail;
using detail::IdxReader;
namespace fs = std::filesystem;

constexpr std::int64_t side = 28;
constexpr int classes = 10;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// The file of "train-images-idx3", say, by any of its names; empty when there is none.
std::string find_file(const fs::path& folder, std::string name) {
  for (const char separator : {'-', '.'}) {
    name[name.rfind("idx") - 1] = separator;
    for (const char* ending : {"-ubyte.gz", "-ubyte"}) {
      const fs::path path = folder / (name + ending);
      if (is_file(path)) return path.string();
    }
  }
  return {};
}

constexpr const char* file_names[] = {"train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"};

/// Why the folder is not one to read from; nothing where it is.
std::optional<std::string> lack_of(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return "no such folder";
  for (const char* name : file_names) {
    if (find_file(folder, name).empty()) return fmt::format("no {}-ubyte.gz", name);
  }
  return std::nullopt;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

std::vector<fs::path> folders(const MnistFiles& files, const std::string& dir) {
  if (!dir.empty()) return {fs::path(dir) / files.folder, dir};
  std::vector<fs::path> all;
  if (const char* data = variable("XTAPE_DATA")) all = {fs::path(data) / files.folder, data};
  if (const char* home = variable("HOME")) all.push_back(fs::path(home) / ".keras/datasets" / files.folder);
  all.push_back(fs::path("/usr/share/datasets") / files.folder);
  return all;
}

void check_shape(const MnistFiles& files, const IdxReader& reader, const char* wanted, const Shape& row) {
  const Shape& shape = reader.shape();
  if (reader.dtype() == uint8 && shape.rank() == row.rank() + 1 &&
      std::equal(row.begin(), row.end(), shape.begin() + 1)) {
    return;
  }
  fail<DataError>(files.op, "{}: expected {} of uint8, received {} of {}", reader.path(), wanted, shape,
                  reader.dtype());
}

/// The images as [n, 28, 28, 1]. Piece by piece, so that the bytes need no memory of their own.
Tensor read_images(const MnistFiles& files, const std::string& path, bool normalize) {
  IdxReader reader(path);
  check_shape(files, reader, "images (n, 28, 28)", {side, side});
  const std::int64_t n = reader.shape()[0];
  Tensor images = detail::make_idx_tensor(reader, {n, side, side, 1}, normalize ? float32 : uint8);
  constexpr std::int64_t piece = 1 << 20;
  detail::PoolVector<std::uint8_t> bytes(normalize ? static_cast<std::size_t>(std::min(piece, images.size())) : 0);
  for (std::int64_t at = 0; at < images.size(); at += piece) {
    const std::int64_t count = std::min(piece, images.size() - at);
    if (!normalize) {
      reader.read(detail::mutable_data<std::uint8_t>(images) + at, static_cast<std::size_t>(count));
      continue;
    }
    reader.read(bytes.data(), static_cast<std::size_t>(count));
    float* to = detail::mutable_data<float>(images) + at;
    kernels::parallel_for(count, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        to[i] = static_cast<float>(bytes[static_cast<std::size_t>(i)]) / 255.0f;
    });
  }
  return images;
}

Tensor read_labels(const MnistFiles& files, const std::string& path) {
  IdxReader reader(path);
  check_shape(files, reader, "labels (n,)", {});
  const std::int64_t n = reader.shape()[0];
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n));
  if (n > 0) reader.read(bytes.data(), bytes.size());
  const auto wrong = std::ranges::find_if(bytes, [](std::uint8_t label) { return label >= classes; });
  if (wrong != bytes.end()) {
    fail<DataError>(files.op, "{}: expected labels from 0 to {}, received {} at index {}", path, classes - 1, *wrong,
                    wrong - bytes.begin());
  }
  if (bytes.size() >= files.other_labels.size() &&
      std::equal(files.other_labels.begin(), files.other_labels.end(), bytes.begin())) {
    fail<DataError>(files.op, "{}: expected the labels of {}, received those of {}, which begin with {}", path,
                    files.folder, files.other, fmt::join(files.other_labels, " "));
  }
  Tensor labels = detail::make_tensor({n}, int32);
  std::ranges::copy(bytes, detail::mutable_data<std::int32_t>(labels));
  return labels;
}

data::TensorDataset read_part(const MnistFiles& files, const fs::path& folder, const char* images_name,
                              const char* labels_name, bool normalize) {
  const std::string images_path = find_file(folder, images_name), labels_path = find_file(folder, labels_name);
  Tensor labels = read_labels(files, labels_path);
  Tensor images = read_images(files, images_path, normalize);
  const std::int64_t count = images.shape(0);
  if (count != labels.size()) {
    fail<DataError>(files.op, "{}: expected a label for each of {} images, received {}", labels_path, count,
                    labels.size());
  }
  if (count == 0) fail<DataError>(files.op, "{}: expected at least one image, received 0", images_path);
  return {std::move(images), std::move(labels)};
}

}  // namespace

std::string find_files(const MnistFiles& files, const std::string& dir, std::string* searched) {
  if (searched != nullptr && dir.empty() && variable("XTAPE_DATA") == nullptr) *searched += "\n  $XTAPE_DATA: not set";
  for (const auto& folder : folders(files, dir)) {
    const auto lack = lack_of(folder);
    if (!lack) return folder.string();
    if (searched != nullptr) *searched += fmt::format("\n  {}: {}", folder.string(), *lack);
  }
  return {};
}

TrainTest load_files(const MnistFiles& files, const LoadOptions& options) {
  std::string searched;
  const fs::path folder = find_files(files, options.dir, &searched);
  if (folder.empty()) {
    fail<DataError>(files.op, "the data set was not found. Looked in:{}\n{}", searched, files.advice);
  }
  return {read_part(files, folder, file_names[0], file_names[1], options.normalize),
          read_part(files, folder, file_names[2], file_names[3], options.normalize)};
}

}  // namespace xtape::datasets
