#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>

#include "core/launch.hpp"
#include "io/file_tensor.hpp"
#include "io/hdf5_file.hpp"
#include "io/hdf5_library.hpp"
#include "io/input_file.hpp"
#include "xtape/io/limits.hpp"

namespace xtape::detail {
namespace {

using hdf5::Handle;
using hdf5::Lock;

constexpr std::size_t max_depth = 64;             // of groups
constexpr std::size_t max_texts = 1u << 20;       // in an attribute
constexpr std::size_t max_chunk_ranks = 32;       // H5S_MAX_RANK
constexpr std::uint64_t max_deflate_gain = 1032;  // see input_file.cpp

/// How the elements of a dataset become those of a tensor.
enum class Conversion { same, to_bool, from_uint64, from_bfloat16_bytes, float_to_bfloat16 };

struct Plan {
  Hdf5Reader::Spec spec;
  Conversion conversion = Conversion::same;
  hid_t memory_type = -1;  ///< libhdf5's own, in which it gives the elements
  std::vector<std::uint64_t> sizes;
};

// Everything below runs with the library locked.
struct Library {
  using Kind = Hdf5Reader::Kind;

  std::shared_ptr<const FileBytes> bytes;
  hdf5::Storage storage;
  Handle file, link_access;
  std::uint64_t inflated = 0;  ///< elements of datasets that take less room in the file, read so far

  explicit Library(std::shared_ptr<const FileBytes> its_bytes) : bytes(std::move(its_bytes)), storage(*bytes) {
    const Lock lock;
    allow();
    const Handle access = hdf5::access_to(storage);
    link_access = Handle(H5Pcreate(H5P_LINK_ACCESS), H5Pclose);
    if (!access || !link_access || H5Pset_elink_cb(link_access.get(), refuse_external, nullptr) < 0) {
      end("cannot be opened");
    }
    file = Handle(H5Fopen(path().c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
    if (!file) end("expected an HDF5 file");
  }
  ~Library() {
    const Lock lock;
    link_access.close();
    file.close();
    storage.detach();
  }

  [[noreturn]] void end(std::string_view what) {
    storage.detach();
    link_access.close();
    fail("", what);
  }

  const char* op() const { return bytes->op(); }
  const std::string& path() const { return bytes->path(); }
  [[noreturn]] void fail(const std::string& object, std::string_view what) {
    hdf5::fail_hdf5(op(), path(), object, what, storage);
  }
  template <class... Args>
  [[noreturn]] void refuse(const std::string& object, fmt::format_string<Args...> what, Args&&... args) {
    storage.rethrow();
    detail::fail<DataError>(op(), "{}: '{}': {}", path(), object, fmt::format(what, std::forward<Args>(args)...));
  }
  /// A call may read everything a few times, which is far more than any needs.
  void allow() { storage.allow((std::uint64_t{64} << 20) + 8 * bytes->size()); }

  static herr_t refuse_external(const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) {
    return -1;
  }

  /// The path from the root, with '/' in front.
  static std::string absolute(const std::string& object) { return object.starts_with('/') ? object : '/' + object; }
  void check_name(const std::string& name) {
    if (name.find('\0') != std::string::npos) refuse(name, "expected a name without a zero byte");
  }

  enum class LinkKind { none, hard, soft, external, other };
  LinkKind link_kind(hid_t at, const std::string& name) {
    H5L_info_t info{};
    if (H5Lget_info(at, name.c_str(), &info, link_access.get()) < 0) fail(name, "damaged link");
    switch (info.type) {
      case H5L_TYPE_HARD:
        return LinkKind::hard;
      case H5L_TYPE_SOFT:
        return LinkKind::soft;
      case H5L_TYPE_EXTERNAL:
        return LinkKind::external;
      default:
        return LinkKind::other;
    }
  }

  /// Whether every name of the path is there. Refuses links out of the file.
  bool exists(const std::string& object) {
    check_name(object);
    const std::string path = absolute(object);
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string prefix = path.substr(0, end);
      if (!prefix.ends_with('/')) {
        const htri_t there = H5Lexists(file.get(), prefix.c_str(), link_access.get());
        if (there < 0) {
          // Above it is something that is no group, or the file is damaged: the way there says which.
          storage.rethrow();
          return false;
        }
        if (there == 0) return false;
        const LinkKind kind = link_kind(file.get(), prefix);
        if (kind == LinkKind::external || kind == LinkKind::other) {
          refuse(prefix.substr(1), "it is a link to another file, which is not followed");
        }
        if (kind == LinkKind::soft && H5Oexists_by_name(file.get(), prefix.c_str(), link_access.get()) <= 0) {
          storage.rethrow();
          return false;
        }
      }
      if (end == std::string::npos) return true;
    }
  }

  Handle open(const std::string& object) {
    if (!exists(object)) refuse(object, "there is no such object");
    Handle opened(H5Oopen(file.get(), absolute(object).c_str(), link_access.get()), H5Oclose);
    if (!opened) fail(object, "cannot be opened");
    return opened;
  }

  static Kind kind_of(hid_t object) {
    switch (H5Iget_type(object)) {
      case H5I_GROUP:
        return Kind::group;
      case H5I_DATASET:
        return Kind::dataset;
      default:
        return Kind::other;
    }
  }
  Kind kind(const std::string& object) { return kind_of(open(object).get()); }

  Handle open(const std::string& object, Kind expected) {
    Handle opened = open(object);
    if (kind_of(opened.get()) != expected) {
      refuse(object, "expected a {}", expected == Kind::group ? "group" : "dataset");
    }
    return opened;
  }

  std::vector<std::string> link_names(hid_t group, const std::string& object) {
    unsigned order = 0;
    const Handle made(H5Gget_create_plist(group), H5Pclose);
    if (!made || H5Pget_link_creation_order(made.get(), &order) < 0) fail(object, "damaged group");
    const bool by_order = (order & H5P_CRT_ORDER_TRACKED) != 0;
    std::vector<std::string> names;
    const auto each = [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
      try {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
        return 0;
      } catch (...) {
        return -1;
      }
    };
    hsize_t at = 0;
    if (H5Literate(group, by_order ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, &at, each, &names) < 0) {
      fail(object, "damaged group");
    }
    return names;
  }

  Kind child_kind(hid_t group, const std::string& object, const std::string& name) {
    if (name.empty() || name.find('/') != std::string::npos) refuse(object, "damaged group: a name is '{}'", name);
    const LinkKind link = link_kind(group, name);
    if (link == LinkKind::external || link == LinkKind::other) return Kind::other;
    if (link == LinkKind::soft && H5Oexists_by_name(group, name.c_str(), link_access.get()) <= 0) {
      storage.rethrow();
      return Kind::other;
    }
    const Handle child(H5Oopen(group, name.c_str(), link_access.get()), H5Oclose);
    if (!child) fail(object.empty() ? name : fmt::format("{}/{}", object, name), "cannot be opened");
    return kind_of(child.get());
  }

  std::uint64_t address(hid_t object, const std::string& name) {
    H5O_info_t info{};
    if (H5Oget_info(object, &info) < 0) fail(name, "damaged object");
    return info.addr;
  }

  void add_datasets(const std::string& object, std::size_t depth, std::set<std::uint64_t>& visited,
                    std::vector<std::string>& all) {
    const Handle group = open(object, Kind::group);
    if (!visited.insert(address(group.get(), object)).second) return;
    if (depth > max_depth) refuse(object, "expected at most {} groups in each other", max_depth);
    for (const auto& name : link_names(group.get(), object)) {
      const std::string child = object.empty() ? name : fmt::format("{}/{}", object, name);
      const Kind kind = child_kind(group.get(), object, name);
      if (kind == Kind::dataset) all.push_back(child);
      if (kind == Kind::group) add_datasets(child, depth + 1, visited, all);
    }
  }

  /// The sizes of a dataset or attribute.
  std::vector<std::uint64_t> sizes_of(hid_t space, const std::string& object) {
    const H5S_class_t kind = H5Sget_simple_extent_type(space);
    if (kind == H5S_SCALAR) return {};
    if (kind == H5S_NULL) return {0};
    const int rank = H5Sget_simple_extent_ndims(space);
    std::array<hsize_t, H5S_MAX_RANK> sizes{};
    if (kind != H5S_SIMPLE || rank < 0 || rank > H5S_MAX_RANK ||
        H5Sget_simple_extent_dims(space, sizes.data(), nullptr) < 0) {
      fail(object, "damaged shape");
    }
    return {sizes.begin(), sizes.begin() + rank};
  }

  Plan plan(hid_t dataset, const std::string& object) {
    const Handle space(H5Dget_space(dataset), H5Sclose), type(H5Dget_type(dataset), H5Tclose);
    if (!space || !type) fail(object, "damaged dataset");
    Plan plan;
    plan.sizes = sizes_of(space.get(), object);
    choose_type(plan, dataset, type.get(), object);
    if (plan.sizes.size() > max_file_axes || !bytes_of(plan.sizes, 8)) {
      refuse(object, "no file holds the shape [{}]", fmt::join(plan.sizes, ", "));
    }
    plan.spec.shape = shape_of(plan.sizes);
    return plan;
  }

  void choose_type(Plan& plan, hid_t dataset, hid_t type, const std::string& object) {
    const std::size_t size = H5Tget_size(type);
    const H5T_class_t kind = H5Tget_class(type);
    const auto set = [&](DType dtype, hid_t memory_type, Conversion conversion = Conversion::same) {
      plan.spec.dtype = dtype;
      plan.memory_type = memory_type;
      plan.conversion = conversion;
    };
    if (size == 2 && kind != H5T_ENUM && marked_bfloat16(dataset, object)) {
      if (kind == H5T_FLOAT) return set(bfloat16, H5T_NATIVE_FLOAT, Conversion::float_to_bfloat16);
      if (kind == H5T_INTEGER && H5Tget_order(type) == H5T_ORDER_LE) {
        return set(bfloat16, H5T_NATIVE_UINT16, Conversion::from_bfloat16_bytes);
      }
      if (kind == H5T_OPAQUE) return set(bfloat16, -1, Conversion::from_bfloat16_bytes);
    }
    if (kind == H5T_FLOAT) {
      if (size == 2 || size == 4) return set(float32, H5T_NATIVE_FLOAT);
      if (size == 8) return set(float64, H5T_NATIVE_DOUBLE);
    }
    if (kind == H5T_INTEGER) {
      const bool has_sign = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1 && !has_sign) return set(uint8, H5T_NATIVE_UINT8);
      if (size == 1 || size == 2 || (size == 4 && has_sign)) return set(int32, H5T_NATIVE_INT32);
      if (size == 4 || (size == 8 && has_sign)) return set(int64, H5T_NATIVE_INT64);
      if (size == 8) return set(int64, H5T_NATIVE_UINT64, Conversion::from_uint64);
    }
    if (kind == H5T_ENUM && size == 1 && is_bool(type)) return set(boolean, -1, Conversion::to_bool);
    refuse(object, "expected numbers or bools, received {}", type_text(kind, size));
  }

  /// h5py's bool: FALSE is 0, TRUE is 1.
  static bool is_bool(hid_t type) {
    if (H5Tget_nmembers(type) != 2) return false;
    for (const auto& [name, value] : {std::pair{"FALSE", 0}, std::pair{"TRUE", 1}}) {
      std::array<unsigned char, 8> stored{};
      if (H5Tenum_valueof(type, name, stored.data()) < 0 || stored[0] != value) return false;
    }
    return true;
  }

  static std::string type_text(H5T_class_t kind, std::size_t size) {
    switch (kind) {
      case H5T_INTEGER:
        return fmt::format("integers of {} bytes", size);
      case H5T_FLOAT:
        return fmt::format("floating numbers of {} bytes", size);
      case H5T_STRING:
        return "texts";
      case H5T_OPAQUE:
        return fmt::format("opaque elements of {} bytes", size);
      case H5T_COMPOUND:
        return "structures";
      case H5T_REFERENCE:
        return "references";
      case H5T_ENUM:
        return "an enumeration that is not bool";
      case H5T_VLEN:
        return "lists of varying length";
      case H5T_ARRAY:
        return "arrays";
      case H5T_BITFIELD:
        return "bits";
      default:
        return "elements of another type";
    }
  }

  bool marked_bfloat16(hid_t dataset, const std::string& object) {
    const auto text = texts(dataset, object, "dtype");
    return text && text->size() == 1 && text->front() == "bfloat16";
  }

  // Before memory is asked for: what the shape says must be there.
  void check_contents(hid_t dataset, const Plan& plan, const std::string& object) {
    const Handle made(H5Dget_create_plist(dataset), H5Pclose), type(H5Dget_type(dataset), H5Tclose);
    if (!made || !type) fail(object, "damaged dataset");
    if (H5Pget_external_count(made.get()) != 0) refuse(object, "its elements are in another file, which is not read");
    const H5D_layout_t layout = H5Pget_layout(made.get());
    if (layout == H5D_VIRTUAL) refuse(object, "it is a virtual dataset, which is made of others and not read");
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) fail(object, "damaged dataset");
    const std::uint64_t elements = *bytes_of(plan.sizes, H5Tget_size(type.get()));
    if (elements == 0) return;
    const std::uint64_t stored = H5Dget_storage_size(dataset);
    if (stored > bytes->size() || (layout != H5D_CHUNKED && stored != 0 && stored < elements)) {
      refuse(object, "expected [{}] elements, {} bytes: received {} bytes in a file of {}", fmt::join(plan.sizes, ", "),
             elements, stored, bytes->size());
    }
    if (layout == H5D_CHUNKED) check_chunks(made.get(), type.get(), object);
    if (stored >= elements) return;
    // Compressed, or not written, which reads as zeros.
    std::uint64_t most = 0;
    if (__builtin_mul_overflow(std::max<std::uint64_t>(bytes->size(), 1), max_deflate_gain, &most)) {
      most = std::numeric_limits<std::uint64_t>::max();
    }
    if (elements > most) {
      refuse(object, "expected [{}] elements, {} bytes: a file of {} bytes cannot hold them",
             fmt::join(plan.sizes, ", "), elements, bytes->size());
    }
    if (__builtin_add_overflow(inflated, elements, &inflated)) inflated = std::numeric_limits<std::uint64_t>::max();
    check_inflation(op(), path(), inflated, inflation_limit(bytes->size(), false));
  }

  void check_chunks(hid_t made, hid_t type, const std::string& object) {
    std::array<hsize_t, max_chunk_ranks> sizes{};
    const int rank = H5Pget_chunk(made, static_cast<int>(sizes.size()), sizes.data());
    if (rank < 0 || rank > static_cast<int>(sizes.size())) fail(object, "damaged dataset");
    const std::vector<std::uint64_t> axes(sizes.begin(), sizes.begin() + rank);
    const auto chunk = bytes_of(axes, H5Tget_size(type));
    if (!chunk || *chunk > inflation_limit(bytes->size(), false).bytes || *chunk > max_deflate_gain * bytes->size()) {
      refuse(object, "its chunks of [{}] elements are too large", fmt::join(axes, ", "));
    }
    const int filters = H5Pget_nfilters(made);
    if (filters < 0) fail(object, "damaged dataset");
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0, config = 0;
      std::size_t values = 0;
      std::array<char, 64> name{};
      const H5Z_filter_t filter = H5Pget_filter2(made, static_cast<unsigned>(i), &flags, &values, nullptr,
                                                 name.size() - 1, name.data(), &config);
      if (filter < 0) fail(object, "damaged dataset");
      if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
        refuse(object, "expected elements that are compressed with gzip if at all: received filter {} ({})", filter,
               name.data());
      }
      if (H5Zfilter_avail(filter) <= 0) refuse(object, "this libhdf5 has no filter {} ({})", filter, name.data());
    }
  }

  Tensor read(const std::string& object) {
    const Handle dataset = open(object, Kind::dataset);
    const Plan plan = this->plan(dataset.get(), object);
    check_contents(dataset.get(), plan, object);
    Tensor t = make_file_tensor(op(), path(), plan.spec.shape, plan.spec.dtype);
    if (t.size() == 0) return t;
    std::byte* const elements = host_write("io", t).bytes();
    const auto count = static_cast<std::size_t>(t.size());
    if (plan.conversion == Conversion::float_to_bfloat16) {
      std::vector<float> values(count);
      read_elements(dataset.get(), plan.memory_type, values.data(), object);
      auto* to = reinterpret_cast<BFloat16*>(elements);
      for (std::size_t i = 0; i < count; ++i) to[i] = BFloat16(values[i]);
      return t;
    }
    if (plan.memory_type >= 0) {
      read_elements(dataset.get(), plan.memory_type, elements, object);
    } else {
      const Handle type(H5Dget_type(dataset.get()), H5Tclose);  // as they are in the file
      read_elements(dataset.get(), type.get(), elements, object);
    }
    if (plan.conversion == Conversion::to_bool) {
      for (std::size_t i = 0; i < count; ++i) elements[i] = std::byte{elements[i] != std::byte{0}};
    } else if (plan.conversion == Conversion::from_uint64) {
      const auto* values = reinterpret_cast<const std::int64_t*>(elements);
      const auto* large = std::find_if(values, values + count, [](std::int64_t value) { return value < 0; });
      if (large != values + count) {
        refuse(object, "expected uint64 numbers that int64 can hold, received {}", static_cast<std::uint64_t>(*large));
      }
    }
    return t;
  }

  void read_elements(hid_t dataset, hid_t memory_type, void* to, const std::string& object) {
    storage.set_reading_elements(true);
    const herr_t status = H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
    storage.set_reading_elements(false);
    if (status < 0) fail(object, "cannot be read");
  }

  std::vector<std::string> attributes(const std::string& object) {
    const Handle opened = open(object);
    std::vector<std::string> names;
    const auto each = [](hid_t, const char* name, const H5A_info_t*, void* to) -> herr_t {
      try {
        static_cast<std::vector<std::string>*>(to)->emplace_back(name);
        return 0;
      } catch (...) {
        return -1;
      }
    };
    hsize_t at = 0;
    if (H5Aiterate2(opened.get(), H5_INDEX_NAME, H5_ITER_INC, &at, each, &names) < 0)
      fail(object, "damaged attributes");
    return names;
  }

  Handle open_attribute(hid_t object, const std::string& path, const std::string& name) {
    check_name(name);
    const htri_t there = H5Aexists(object, name.c_str());
    if (there < 0) fail(path, fmt::format("attribute '{}'", name));
    if (there == 0) return {};
    Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose);
    if (!attribute) fail(path, fmt::format("attribute '{}'", name));
    return attribute;
  }

  /// The texts of an attribute, nothing if there is none. An empty attribute of another type is an empty list.
  std::optional<std::vector<std::string>> texts(hid_t object, const std::string& path, const std::string& name) {
    const Handle attribute = open_attribute(object, path, name);
    if (!attribute) return std::nullopt;
    const std::string what = fmt::format("attribute '{}'", name);
    const Handle space(H5Aget_space(attribute.get()), H5Sclose), type(H5Aget_type(attribute.get()), H5Tclose);
    if (!space || !type) fail(path, what);
    const auto sizes = sizes_of(space.get(), path);
    const auto count = bytes_of(sizes, 1);
    if (count && *count == 0) return std::vector<std::string>();
    if (H5Tget_class(type.get()) != H5T_STRING) {
      refuse(path, "{}: expected texts, received {}", what,
             type_text(H5Tget_class(type.get()), H5Tget_size(type.get())));
    }
    if (!count || *count > max_texts || sizes.size() > 1) {
      refuse(path, "{}: expected a list of at most {} texts, received [{}]", what, max_texts, fmt::join(sizes, ", "));
    }
    const auto n = static_cast<std::size_t>(*count);
    return H5Tis_variable_str(type.get()) > 0 ? variable_texts(attribute.get(), type.get(), space.get(), n, path, what)
                                              : fixed_texts(attribute.get(), type.get(), n, path, what);
  }

  std::vector<std::string> variable_texts(hid_t attribute, hid_t type, hid_t space, std::size_t n,
                                          const std::string& path, const std::string& what) {
    std::vector<char*> pointers(n, nullptr);
    if (H5Aread(attribute, type, pointers.data()) < 0) fail(path, what);
    std::vector<std::string> all;
    std::uint64_t spent = 0;
    bool too_much = false;
    for (const char* text : pointers) {
      spent += text != nullptr ? std::strlen(text) : 0;
      too_much = spent > io::limits().inflated_text_bytes;
      if (too_much) break;
      all.emplace_back(text != nullptr ? text : "");
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data());
    if (too_much) refuse(path, "{}: more than {} bytes (io::Limits::inflated_text_bytes)", what, spent);
    return all;
  }

  std::vector<std::string> fixed_texts(hid_t attribute, hid_t type, std::size_t n, const std::string& path,
                                       const std::string& what) {
    const std::size_t size = H5Tget_size(type);
    if (size == 0 || size > bytes->size() || n > bytes->size() / size) {
      refuse(path, "{}: a file of {} bytes cannot hold {} texts of {}", what, bytes->size(), n, size);
    }
    std::string chars(n * size, '\0');
    if (H5Aread(attribute, type, chars.data()) < 0) fail(path, what);
    const bool blanks = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < n; ++i) {
      std::string text = chars.substr(i * size, size);
      text.resize(std::min(text.size(), text.find('\0')));
      if (blanks) text.resize(text.find_last_not_of(' ') + 1);
      all.push_back(std::move(text));
    }
    return all;
  }

  std::optional<std::int64_t> integer(const std::string& object, const std::string& name) {
    const Handle opened = open(object);
    const Handle attribute = open_attribute(opened.get(), object, name);
    if (!attribute) return std::nullopt;
    const Handle space(H5Aget_space(attribute.get()), H5Sclose), type(H5Aget_type(attribute.get()), H5Tclose);
    if (!space || !type) fail(object, fmt::format("attribute '{}'", name));
    const auto sizes = sizes_of(space.get(), object);
    if (bytes_of(sizes, 1) != 1u || H5Tget_class(type.get()) != H5T_INTEGER) {
      refuse(object, "attribute '{}': expected one integer, received [{}] {}", name, fmt::join(sizes, ", "),
             type_text(H5Tget_class(type.get()), H5Tget_size(type.get())));
    }
    std::int64_t value = 0;
    if (H5Aread(attribute.get(), H5T_NATIVE_INT64, &value) < 0) fail(object, fmt::format("attribute '{}'", name));
    return value;
  }
};

/// Calls the functions above with the library locked.
class LibraryFile final : public Hdf5File {
  template <class F>
  auto locked(const F& f) {
    const Lock lock;
    file_.allow();
    return f();
  }

 public:
  explicit LibraryFile(std::shared_ptr<const FileBytes> bytes) : file_(std::move(bytes)) {}

  const std::string& path() const override { return file_.path(); }
  bool exists(const std::string& object) override {
    return locked([&] { return file_.exists(object); });
  }
  Kind kind(const std::string& object) override {
    return locked([&] { return file_.kind(object); });
  }
  std::vector<Hdf5Reader::Child> children(const std::string& group) override {
    return locked([&] {
      const Handle opened = file_.open(group, Kind::group);
      std::vector<Hdf5Reader::Child> all;
      for (auto& name : file_.link_names(opened.get(), group)) {
        const Kind kind = file_.child_kind(opened.get(), group, name);
        all.push_back({std::move(name), kind});
      }
      return all;
    });
  }
  Texts datasets_below(const std::string& group) override {
    return locked([&] {
      Texts all;
      std::set<std::uint64_t> visited;
      file_.add_datasets(group, 0, visited, all);
      return all;
    });
  }
  Hdf5Reader::Spec spec(const std::string& dataset) override {
    return locked([&] { return file_.plan(file_.open(dataset, Kind::dataset).get(), dataset).spec; });
  }
  Tensor read(const std::string& dataset) override {
    return locked([&] { return file_.read(dataset); });
  }
  Texts attributes(const std::string& object) override {
    return locked([&] { return file_.attributes(object); });
  }
  bool has_attribute(const std::string& object, const std::string& name) override {
    return locked([&] {
      const Handle opened = file_.open(object);
      return static_cast<bool>(file_.open_attribute(opened.get(), object, name));
    });
  }
  std::optional<Texts> texts(const std::string& object, const std::string& name) override {
    return locked([&] {
      const Handle opened = file_.open(object);
      return file_.texts(opened.get(), object, name);
    });
  }
  std::optional<std::int64_t> integer(const std::string& object, const std::string& name) override {
    return locked([&] { return file_.integer(object, name); });
  }

 private:
  Library file_;
};

}  // namespace

std::unique_ptr<Hdf5File> open_hdf5_by_library(std::shared_ptr<const FileBytes> bytes) {
  return std::make_unique<LibraryFile>(std::move(bytes));
}

}  // namespace xtape::detail
