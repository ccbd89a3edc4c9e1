#pragma once

#include <memory>

#include "io/hdf5.hpp"

namespace xtape::detail {

/// What Hdf5Reader asks of an open file. There are two readers: one of ours for the oldest format, which Keras and h5py
/// write, and one by libhdf5 for the later ones, whose structures have checksums. libhdf5 alone would not do: it does
/// not end, or writes where it may not, on some damaged files of the oldest format.
class Hdf5File {
 public:
  using Kind = Hdf5Reader::Kind;
  using Texts = std::vector<std::string>;

  virtual ~Hdf5File() = default;
  virtual const std::string& path() const = 0;
  virtual bool exists(const std::string& object) = 0;
  virtual Kind kind(const std::string& object) = 0;
  virtual std::vector<Hdf5Reader::Child> children(const std::string& group) = 0;
  virtual Texts datasets_below(const std::string& group) = 0;
  virtual Hdf5Reader::Spec spec(const std::string& dataset) = 0;
  virtual Tensor read(const std::string& dataset) = 0;
  virtual Texts attributes(const std::string& object) = 0;
  virtual bool has_attribute(const std::string& object, const std::string& name) = 0;
  /// The texts of one attribute, one or a list.
  virtual std::optional<Texts> texts(const std::string& object, const std::string& name) = 0;
  virtual std::optional<std::int64_t> integer(const std::string& object, const std::string& name) = 0;
};

/// A file of superblock 0 or 1, which begins at `base` of the bytes.
std::unique_ptr<Hdf5File> open_classic_hdf5(std::shared_ptr<const FileBytes> bytes, std::uint64_t base);
/// Any file, by libhdf5.
std::unique_ptr<Hdf5File> open_hdf5_by_library(std::shared_ptr<const FileBytes> bytes);

}  // namespace xtape::detail
