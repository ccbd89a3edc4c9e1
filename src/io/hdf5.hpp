#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/file_bytes.hpp"
#include "xtape/core/tensor.hpp"

// HDF5 files. Those of the oldest format, which Keras and h5py write, are read by code of ours; later ones are read,
// and all are written, through libhdf5, which a build of xtape may be without: then that is a RuntimeError. libhdf5
// serves one thread at a time, so one lock is around its calls, and readers and writers may be used by any thread. What
// a program that calls libhdf5 itself has set there is not changed.
//
//   Hdf5Reader file("load_weights", "m.weights.h5");
//   if (file.is_dataset("layers/dense/vars/0")) kernel = file.read("layers/dense/vars/0");
//   for (const auto& child : file.children("layers")) ...             // child.name, child.kind
//   file.text_attribute("layers/dense/vars", "name")                  // std::optional<std::string>
//   file.text_list_attribute("model_weights", "layer_names")          // optional list; finds layer_names0, ... too
//
//   ZipReader zip("load_model", "m.keras");                           // a member of a zip archive, without a copy
//   Hdf5Reader weights("load_model", zip.bytes(*zip.find("model.weights.h5")));
//
//   Hdf5Writer out("save_weights", "m.weights.h5");                   // appears at commit(), whole or not at all
//   out.dataset("layers/dense/vars/0", kernel);                       // makes the groups above it
//   out.text_attribute("layers/dense/vars", "name", "dense");
//   out.commit();
//   Hdf5Writer member("save");                                        // in memory
//   ...; const std::string bytes = member.take();
namespace xtape::detail {

class Hdf5File;

/// Reads an HDF5 file. Paths are names with '/' between them, from the root, which is "" or "/". Soft links within the
/// file are followed; whatever leads out of it (external links, external storage, virtual datasets) is refused.
///
/// All functions throw DataErrors "[op] path: 'object': ..." with libhdf5's own words, also for what is damaged or asks
/// for more than it can hold.
class Hdf5Reader {
 public:
  enum class Kind { group, dataset, other };
  struct Child {
    std::string name;
    Kind kind;
  };
  /// What a dataset becomes as a tensor.
  struct Spec {
    Shape shape;
    DType dtype;
  };

  /// A DataError for a file that is not HDF5.
  Hdf5Reader(const char* op, const std::string& path);
  /// A file that is a part of another one, or in memory: see file_bytes.hpp, ZipReader::bytes().
  Hdf5Reader(const char* op, std::shared_ptr<const FileBytes> bytes);
  Hdf5Reader(Hdf5Reader&&) noexcept;
  ~Hdf5Reader();

  const std::string& path() const;

  /// Whether there is an object at this path. A link that leads nowhere is none; one that leads out of the file throws.
  bool exists(const std::string& object) const;
  bool is_group(const std::string& object) const;
  bool is_dataset(const std::string& object) const;

  /// What a group holds, in the order in which it was made if the file knows it, else by name, as h5py lists it. Links
  /// that lead nowhere are `other`.
  std::vector<Child> children(const std::string& group) const;
  /// The paths of all datasets below a group, depth first, without a '/' in front. A group that is linked from several
  /// places, also from below itself, is visited once.
  std::vector<std::string> datasets_below(const std::string& group) const;

  /// float16 becomes float32; int8, int16 and uint16 int32; uint32 and uint64 int64; h5py's enumeration of FALSE and
  /// TRUE bool; two bytes with an attribute dtype = "bfloat16", as Keras writes them, bfloat16. Other dtypes stay. A
  /// DataError for elements that are no numbers.
  Spec spec(const std::string& dataset) const;
  /// The elements, of either byte order, contiguous or in chunks, compressed (gzip, shuffle, fletcher32) or not. A
  /// uint64 beyond int64 is a DataError.
  Tensor read(const std::string& dataset) const;

  std::vector<std::string> attributes(const std::string& object) const;
  bool has_attribute(const std::string& object, const std::string& name) const;
  /// Nothing if there is no such attribute, a DataError if it is of another type. Texts are of fixed or variable
  /// length, without the zeros or blanks that fill up a fixed length.
  std::optional<std::string> text_attribute(const std::string& object, const std::string& name) const;
  /// A list of texts, or one text. An attribute that Keras has split, because it is too long for one, is put together
  /// again: name0, name1, and so on. An empty list may have elements of any type.
  std::optional<std::vector<std::string>> text_list_attribute(const std::string& object, const std::string& name) const;
  std::optional<std::int64_t> integer_attribute(const std::string& object, const std::string& name) const;

 private:
  const char* op_;
  std::unique_ptr<Hdf5File> file_;
};

/// Writes an HDF5 file in the oldest format (superblock 0, contiguous datasets, no times), as h5py does by default.
/// Throws DataErrors "[op] path: ...". A file that was there before stays as it was until commit().
class Hdf5Writer {
 public:
  Hdf5Writer(const char* op, const std::string& path);
  /// In memory, to be taken by take().
  explicit Hdf5Writer(const char* op);
  Hdf5Writer(Hdf5Writer&&) noexcept;
  ~Hdf5Writer();

  /// Makes a group and those above it; one that is there is left as it is.
  void group(const std::string& path);
  /// Makes a dataset, and the groups above it. bool is written as h5py's enumeration, bfloat16 as two opaque bytes with
  /// the attribute dtype = "bfloat16", as Keras does. A ValueError if something is there already.
  void dataset(const std::string& path, const Tensor& tensor);

  /// Attributes of a group or dataset that is there; the root is "". Texts are UTF-8 of variable length; a list that is
  /// too long for one attribute is split as Keras does.
  void text_attribute(const std::string& object, const std::string& name, const std::string& value);
  void text_list_attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);
  void integer_attribute(const std::string& object, const std::string& name, std::int64_t value);

  /// Makes the file appear. Nothing can be written afterwards.
  void commit();
  /// The bytes of a file in memory. Nothing can be written afterwards.
  std::string take();

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace xtape::detail
