#include "base/check.hpp"
#include "io/hdf5.hpp"
#include "io/zip_reader.hpp"
#include "xtape/io/hdf5.hpp"

namespace xtape::io {
namespace {

constexpr const char* weights = "model.weights.h5";

detail::Hdf5Reader opened(const std::string& path) {
  constexpr const char* op = "load_hdf5";
  if (!path.ends_with(".keras")) return {op, path};
  detail::ZipReader zip(op, path);
  const auto* member = zip.find(weights);
  if (member == nullptr) detail::fail<DataError>(op, "{}: found no {} in the archive", path, weights);
  return {op, zip.bytes(*member)};
}

}  // namespace

NamedTensors load_hdf5(const std::string& path) {
  const detail::Hdf5Reader file = opened(path);
  NamedTensors tensors;
  for (const auto& dataset : file.datasets_below("")) {
    tensors.emplace_back(dataset, file.read(dataset));
  }
  return tensors;
}

void save_hdf5(const std::string& path, const NamedTensors& tensors) {
  detail::Hdf5Writer file("save_hdf5", path);
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.defined()) detail::fail<ValueError>("save_hdf5", "'{}' is an empty tensor", name);
    file.dataset(name, tensor);
  }
  file.commit();
}

}  // namespace xtape::io
