#include <algorithm>
#include <cstring>
#include <set>

#include "core/launch.hpp"
#include "io/hdf5.hpp"
#include "io/hdf5_library.hpp"

namespace xtape::detail {
namespace {

using hdf5::Handle;
using hdf5::Lock;

/// The most texts in one attribute, 16 bytes each, as Keras counts (HDF5_OBJECT_HEADER_LIMIT): an attribute lies in the
/// header of its object, which has 64 kB.
constexpr std::size_t max_listed = 64512 / 16;

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (!type || H5Tset_size(type.get(), H5T_VARIABLE) < 0 || H5Tset_cset(type.get(), H5T_CSET_UTF8) < 0) return {};
  return type;
}

/// The type in the file; that in memory is the same, in native order.
Handle stored_type(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return {H5Tcopy(H5T_IEEE_F32LE), H5Tclose};
    case DType::float64:
      return {H5Tcopy(H5T_IEEE_F64LE), H5Tclose};
    case DType::int32:
      return {H5Tcopy(H5T_STD_I32LE), H5Tclose};
    case DType::int64:
      return {H5Tcopy(H5T_STD_I64LE), H5Tclose};
    case DType::uint8:
      return {H5Tcopy(H5T_STD_U8LE), H5Tclose};
    case DType::boolean: {
      Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
      const signed char no = 0, yes = 1;
      if (type && H5Tenum_insert(type.get(), "FALSE", &no) >= 0 && H5Tenum_insert(type.get(), "TRUE", &yes) >= 0) {
        return type;
      }
      return {};
    }
    case DType::bfloat16: {
      Handle type(H5Tcreate(H5T_OPAQUE, 2), H5Tclose);
      if (type && H5Tset_tag(type.get(), "") >= 0) return type;
      return {};
    }
  }
  return {};
}

}  // namespace

struct Hdf5Writer::File {
  const char* op;
  std::string path;
  std::unique_ptr<AtomicFile> target;  ///< none in memory
  std::string memory;
  hdf5::Storage storage;
  Handle file;
  std::set<std::string> groups;  ///< those that are known to be there

  File(const char* its_op, const std::string* its_path)
      : op(its_op),
        path(its_path != nullptr ? *its_path : "HDF5 in memory"),
        target(its_path != nullptr ? std::make_unique<AtomicFile>(op, path) : nullptr),
        storage(target ? hdf5::Storage(*target) : hdf5::Storage(memory)) {
    const Lock lock;
    const Handle access = hdf5::access_to(storage);
    if (access) file = Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), H5Fclose);
    if (!file) {
      storage.detach();
      fail("");
    }
  }
  File(const File&) = delete;
  ~File() {
    const Lock lock;
    file.close();
    storage.detach();
  }

  [[noreturn]] void fail(const std::string& object) { hdf5::fail_hdf5(op, path, object, "cannot be written", storage); }

  std::string checked(const std::string& name) {
    if (name.find('\0') != std::string::npos) {
      detail::fail<ValueError>(op, "{}: expected a name without a zero byte, received '{}'", path, name);
    }
    return name;
  }
  std::string absolute(const std::string& object) { return checked(object.starts_with('/') ? object : '/' + object); }

  void make_group(const std::string& object) {
    if (object == "/" || groups.contains(object)) return;
    make_group(above(object));
    const htri_t there = H5Lexists(file.get(), object.c_str(), H5P_DEFAULT);
    if (there < 0) fail(object);
    if (there > 0) {
      const Handle opened(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose);
      if (!opened || H5Iget_type(opened.get()) != H5I_GROUP) {
        detail::fail<ValueError>(op, "{}: '{}': expected a group, received a dataset", path, object);
      }
    } else {
      const Handle made(H5Gcreate2(file.get(), object.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
      if (!made) fail(object);
    }
    groups.insert(object);
  }
  static std::string above(const std::string& object) {
    const auto slash = object.rfind('/');
    return slash == 0 ? "/" : object.substr(0, slash);
  }

  void make_dataset(const std::string& object, const Tensor& tensor) {
    make_group(above(object));
    if (H5Lexists(file.get(), object.c_str(), H5P_DEFAULT) > 0) {
      detail::fail<ValueError>(op, "{}: '{}' is there already", path, object);
    }
    const std::vector<hsize_t> sizes(tensor.shape().begin(), tensor.shape().end());
    const Handle space(
        sizes.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr),
        H5Sclose);
    const Handle type = stored_type(tensor.dtype()), made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    // Without times, so that the same tensors make the same file.
    if (!space || !type || !made || H5Pset_obj_track_times(made.get(), false) < 0) fail(object);
    const Handle dataset(
        H5Dcreate2(file.get(), object.c_str(), type.get(), space.get(), H5P_DEFAULT, made.get(), H5P_DEFAULT),
        H5Dclose);
    if (!dataset) fail(object);
    const std::byte* elements = host_read("io", tensor).bytes();
    if (tensor.size() > 0 && H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, elements) < 0) {
      fail(object);
    }
    if (tensor.dtype() == bfloat16) write_texts(dataset.get(), object, "dtype", {"bfloat16"}, true);
  }

  Handle open(const std::string& object) {
    Handle opened(H5Oopen(file.get(), object.c_str(), H5P_DEFAULT), H5Oclose);
    if (!opened) fail(object);
    return opened;
  }

  void write_texts(hid_t object, const std::string& at, const std::string& name, const std::vector<std::string>& texts,
                   bool scalar) {
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(checked(text).size() == text.size() ? text.c_str() : nullptr);
    const auto size = static_cast<hsize_t>(texts.size());
    const Handle space(scalar ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nullptr), H5Sclose);
    const Handle type = text_type();
    if (!space || !type) fail(at);
    const Handle attribute(H5Acreate2(object, checked(name).c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    if (!attribute || (!pointers.empty() && H5Awrite(attribute.get(), type.get(), pointers.data()) < 0)) fail(at);
  }
};

Hdf5Writer::Hdf5Writer(const char* op, const std::string& path) : file_(std::make_unique<File>(op, &path)) {}
Hdf5Writer::Hdf5Writer(const char* op) : file_(std::make_unique<File>(op, nullptr)) {}
Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;
Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::group(const std::string& path) {
  const Lock lock;
  file_->make_group(file_->absolute(path));
  file_->storage.rethrow();
}

void Hdf5Writer::dataset(const std::string& path, const Tensor& tensor) {
  if (!tensor.defined()) fail<ValueError>(file_->op, "{}: tensor '{}' is empty", file_->path, path);
  const Lock lock;
  file_->make_dataset(file_->absolute(path), tensor);
  file_->storage.rethrow();
}

void Hdf5Writer::text_attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Lock lock;
  const Handle opened = file_->open(file_->absolute(object));
  file_->write_texts(opened.get(), object, name, {value}, true);
}

void Hdf5Writer::text_list_attribute(const std::string& object, const std::string& name,
                                     const std::vector<std::string>& values) {
  const Lock lock;
  const Handle opened = file_->open(file_->absolute(object));
  if (values.size() <= max_listed) return file_->write_texts(opened.get(), object, name, values, false);
  for (std::size_t i = 0, begin = 0; begin < values.size(); ++i, begin += max_listed) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = std::min(max_listed, values.size() - begin);
    file_->write_texts(opened.get(), object, fmt::format("{}{}", name, i),
                       {first, first + static_cast<std::ptrdiff_t>(count)}, false);
  }
}

void Hdf5Writer::integer_attribute(const std::string& object, const std::string& name, std::int64_t value) {
  const Lock lock;
  const Handle opened = file_->open(file_->absolute(object));
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(
      H5Acreate2(opened.get(), file_->checked(name).c_str(), H5T_STD_I64LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (!attribute || H5Awrite(attribute.get(), H5T_NATIVE_INT64, &value) < 0) file_->fail(object);
}

void Hdf5Writer::commit() {
  const Lock lock;
  if (!file_->file.close()) file_->fail("");
  file_->storage.rethrow();
  if (file_->target) file_->target->commit();
}

std::string Hdf5Writer::take() {
  const Lock lock;
  if (!file_->file.close()) file_->fail("");
  file_->storage.rethrow();
  return std::move(file_->memory);
}

}  // namespace xtape::detail
