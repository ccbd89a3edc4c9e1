#include "data/mnist_files.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "base/files.hpp"
#include "core/launch.hpp"
#include "data/dataset_files.hpp"
#include "io/idx_reader.hpp"
#include "io/npz_file.hpp"
#include "kernels/parallel.hpp"

namespace xtape::datasets {
namespace {

using detail::fail;
using detail::IdxReader;
namespace fs = std::filesystem;

constexpr std::int64_t side = 28;
constexpr int classes = 10;

/// The file of "train-images-idx3", say, by any of its names; empty when there is none.
std::string find_file(const char* op, const fs::path& folder, std::string name) {
  for (const char separator : {'-', '.'}) {
    name[name.rfind("idx") - 1] = separator;
    for (const char* ending : {"-ubyte.gz", "-ubyte"}) {
      const fs::path path = folder / (name + ending);
      if (is_file(op, path)) return path.string();
    }
  }
  return {};
}

constexpr const char* file_names[] = {"train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"};

/// Why the folder is not one to read the four files from; nothing where it is.
std::optional<std::string> lack_of(const char* op, const fs::path& folder) {
  if (!detail::is_folder(op, folder.string())) return "no such folder";
  for (const char* name : file_names) {
    if (find_file(op, folder, name).empty()) return fmt::format("no {}-ubyte.gz", name);
  }
  return std::nullopt;
}

bool has_npz(const MnistFiles& files, const fs::path& folder) {
  return files.npz != nullptr && is_file(files.op, folder / files.npz);
}

void check_shape(const MnistFiles& files, const std::string& path, const Shape& shape, DType dtype, const char* wanted,
                 const Shape& row) {
  if (dtype == uint8 && shape.rank() == row.rank() + 1 && std::equal(row.begin(), row.end(), shape.begin() + 1)) return;
  fail<DataError>(files.op, "{}: expected {} of uint8, received {} of {}", path, wanted, shape, dtype);
}

void scale(const std::uint8_t* from, float* to, std::int64_t count) {
  kernels::parallel_for(count, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<float>(from[i]) / 255.0f;
  });
}

/// The images as [n, 28, 28, 1]. Normalised 1 MB at a time, so that the bytes are never all in memory.
Tensor read_images(const MnistFiles& files, const std::string& path, bool normalize) {
  IdxReader reader(path);
  check_shape(files, path, reader.shape(), reader.dtype(), "images (n, 28, 28)", {side, side});
  const std::int64_t n = reader.shape()[0];
  Tensor images = detail::make_idx_tensor(reader, {n, side, side, 1}, normalize ? float32 : uint8);
  constexpr std::int64_t piece = 1 << 20;
  detail::PoolVector<std::uint8_t> bytes(normalize ? static_cast<std::size_t>(std::min(piece, images.size())) : 0);
  for (std::int64_t at = 0; at < images.size(); at += piece) {
    const std::int64_t count = std::min(piece, images.size() - at);
    if (!normalize) {
      reader.read(detail::host_write("Dataset", images).data<std::uint8_t>() + at, static_cast<std::size_t>(count));
      continue;
    }
    reader.read(bytes.data(), static_cast<std::size_t>(count));
    scale(bytes.data(), detail::host_write("Dataset", images).data<float>() + at, count);
  }
  return images;
}

Tensor check_labels(const MnistFiles& files, const std::string& path, std::span<const std::uint8_t> bytes) {
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
  Tensor labels = detail::make_tensor({static_cast<std::int64_t>(bytes.size())}, int32);
  std::ranges::copy(bytes, detail::host_write("Dataset", labels).data<std::int32_t>());
  return labels;
}

Tensor read_labels(const MnistFiles& files, const std::string& path) {
  return detail::reading(files.op, path, [&] {
    IdxReader reader(path);
    check_shape(files, path, reader.shape(), reader.dtype(), "labels (n,)", {});
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(reader.shape()[0]));
    if (!bytes.empty()) reader.read(bytes.data(), bytes.size());
    return check_labels(files, path, bytes);
  });
}

data::TensorDataset make_part(const MnistFiles& files, const std::string& images_path, Tensor images,
                              const std::string& labels_path, Tensor labels) {
  const std::int64_t count = images.shape(0);
  if (count != labels.size()) {
    fail<DataError>(files.op, "{}: expected a label for each of {} images, received {}", labels_path, count,
                    labels.size());
  }
  if (count == 0) fail<DataError>(files.op, "{}: expected at least one image, received 0", images_path);
  return {std::move(images), std::move(labels)};
}

/// Reads one part, train or test, of Keras's single file.
data::TensorDataset read_part(const MnistFiles& files, detail::NpzFile& file, const char* part, bool normalize) {
  const std::string x_name = fmt::format("x_{}", part), y_name = fmt::format("y_{}", part);
  const std::string x_path = fmt::format("{}: '{}'", file.path(), x_name);
  const std::string y_path = fmt::format("{}: '{}'", file.path(), y_name);
  const Tensor x = file.read(x_name), y = file.read(y_name);
  check_shape(files, x_path, x.shape(), x.dtype(), "images (n, 28, 28)", {side, side});
  check_shape(files, y_path, y.shape(), y.dtype(), "labels (n,)", {});
  const Shape shape{x.shape(0), side, side, 1};
  Tensor images = normalize ? detail::make_tensor(shape, float32) : detail::make_view(x, shape);
  if (normalize)
    scale(detail::host_read("Dataset", x).data<std::uint8_t>(), detail::host_write("Dataset", images).data<float>(),
          x.size());
  return make_part(files, x_path, std::move(images), y_path, check_labels(files, y_path, y.data<std::uint8_t>()));
}

data::TensorDataset read_part(const MnistFiles& files, const fs::path& folder, const char* images_name,
                              const char* labels_name, bool normalize) {
  const std::string images_path = find_file(files.op, folder, images_name),
                    labels_path = find_file(files.op, folder, labels_name);
  Tensor labels = read_labels(files, labels_path);
  return make_part(files, images_path, read_images(files, images_path, normalize), labels_path, std::move(labels));
}

}  // namespace

std::string find_files(const MnistFiles& files, const std::string& dir, std::string* searched) {
  for (const auto& folder : data_folders(files.op, dir, files.folder, files.npz != nullptr)) {
    const auto lack = lack_of(files.op, folder);
    if (!lack || has_npz(files, folder)) return folder.string();
    if (searched == nullptr) continue;
    *searched += fmt::format("\n  {}: {}", folder.string(), *lack);
    if (files.npz != nullptr && detail::is_folder(files.op, folder.string()))
      *searched += fmt::format(", no {}", files.npz);
  }
  return {};
}

TrainTest load_files(const MnistFiles& files, const LoadOptions& options) {
  std::string searched;
  const fs::path folder = find_files(files, options.dir, &searched);
  if (folder.empty()) fail_not_found(files.op, options.dir, searched, files.advice);
  if (lack_of(files.op, folder)) {
    detail::NpzFile file(files.op, (folder / files.npz).string());
    return {read_part(files, file, "train", options.normalize), read_part(files, file, "test", options.normalize)};
  }
  return {read_part(files, folder, file_names[0], file_names[1], options.normalize),
          read_part(files, folder, file_names[2], file_names[3], options.normalize)};
}

}  // namespace xtape::datasets
