#include "io/hdf5_library.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace xtape::detail::hdf5 {

struct OpenFile {
  H5FD_t base{};  // first: libhdf5 sees this part
  Storage* storage = nullptr;
  haddr_t end_of_allocated = 0;
};

namespace {

std::mutex& library() {
  static auto* const mutex = new std::mutex;  // lives longer than any reader in a static variable
  return *mutex;
}

// A driver of libhdf5's files that reads and writes a Storage. The library's own one opens files by name and locks
// them, which fails on some network file systems and on a file that AtomicFile has locked.
struct DriverInfo {
  Storage* storage;
};

OpenFile& of(H5FD_t* file) { return *reinterpret_cast<OpenFile*>(file); }
const OpenFile& of(const H5FD_t* file) { return *reinterpret_cast<const OpenFile*>(file); }

H5FD_t* open_driver(const char*, unsigned, hid_t access, haddr_t) {
  const auto* info = static_cast<const DriverInfo*>(H5Pget_driver_info(access));
  auto* file = info != nullptr ? new (std::nothrow) OpenFile : nullptr;
  if (file == nullptr) return nullptr;
  file->storage = info->storage;
  file->storage->set_open(file);
  return &file->base;
}

herr_t close_driver(H5FD_t* file) {
  if (of(file).storage != nullptr) of(file).storage->set_open(nullptr);
  delete &of(file);
  return 0;
}

herr_t query_driver(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA_WRITE | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_eoa(const H5FD_t* file, H5FD_mem_t) { return of(file).end_of_allocated; }
herr_t set_eoa(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  of(file).end_of_allocated = address;
  return 0;
}
haddr_t get_eof(const H5FD_t* file, H5FD_mem_t) {
  const OpenFile& open = of(file);
  return open.storage != nullptr ? open.storage->size() : open.end_of_allocated;
}

herr_t read_driver(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* to) {
  Storage* const storage = of(file).storage;
  return storage != nullptr && storage->read(address, to, size) ? 0 : -1;
}
herr_t write_driver(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, const void* bytes) {
  if (Storage* const storage = of(file).storage) storage->write(address, bytes, size);
  return 0;
}
herr_t truncate_driver(H5FD_t* file, hid_t, hbool_t) {
  const OpenFile& open = of(file);
  if (open.storage != nullptr) open.storage->resize(open.end_of_allocated);
  return 0;
}

H5FD_class_t driver() {
  constexpr H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  H5FD_class_t d{};
#if H5_VERSION_GE(1, 14, 0)
  d.version = H5FD_CLASS_VERSION;
  d.value = static_cast<H5FD_class_value_t>(512);  // the first of those for users' own drivers
#endif
  d.name = "xtape";
  d.maxaddr = haddr_t{1} << 62;
  d.fc_degree = H5F_CLOSE_STRONG;
  d.fapl_size = sizeof(DriverInfo);
  d.open = open_driver;
  d.close = close_driver;
  d.query = query_driver;
  d.get_eoa = get_eoa;
  d.set_eoa = set_eoa;
  d.get_eof = get_eof;
  d.read = read_driver;
  d.write = write_driver;
  d.truncate = truncate_driver;
  std::copy(std::begin(map), std::end(map), d.fl_map);
  return d;
}

struct Said {
  std::string first, last;
};

herr_t hear(unsigned, const H5E_error2_t* error, void* said_) {
  try {
    auto& said = *static_cast<Said*>(said_);
    const std::string text = error->desc != nullptr ? error->desc : "";
    if (said.first.empty()) said.first = text;
    said.last = text;
    return 0;
  } catch (...) {
    return -1;
  }
}

}  // namespace

Lock::Lock() : lock_(library()) {
  printed_ = H5Eget_auto2(H5E_DEFAULT, &print_, &print_data_) >= 0;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  had_plugins_ = H5PLget_loading_state(&plugins_) >= 0;
  H5PLset_loading_state(0);
}

Lock::~Lock() {
  H5Eclear2(H5E_DEFAULT);
  if (had_plugins_) H5PLset_loading_state(plugins_);
  if (printed_) H5Eset_auto2(H5E_DEFAULT, print_, print_data_);
}

std::string last_error() {
  Said said;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, hear, &said);
  if (said.first.empty()) return "no reason given";
  return said.first == said.last ? said.last : fmt::format("{}: {}", said.first, said.last);
}

bool Storage::read(std::uint64_t offset, void* to, std::size_t count) noexcept {
  if (error_) return false;
  try {
    if (from_ != nullptr) {
      if (count > allowed_) {
        fail_damaged("its parts are read again and again");
      }
      allowed_ -= count;
      from_->read_at(offset, to, count);
      if (!reading_elements_ && count >= 4 && std::memcmp(to, "GCOL", 4) == 0) check_global_heap(offset);
    } else if (file_ != nullptr) {
      file_->read_at(offset, to, count);
    } else {
      if (offset > memory_->size() || count > memory_->size() - offset) return false;
      std::memcpy(to, memory_->data() + offset, count);
    }
    return true;
  } catch (...) {
    error_ = std::current_exception();
    return false;
  }
}

void Storage::fail_damaged(std::string_view what) const {
  fail<DataError>(from_->op(), "{}: damaged HDF5 file: {}", from_->path(), what);
}

// A collection of texts of varying length: "GCOL", a version, the size; objects of a number, references, a size and
// their bytes, filled up to 8. libhdf5 1.10 does not end on an object of no size.
void Storage::check_global_heap(std::uint64_t offset) const {
  constexpr std::uint64_t header = 16;
  std::array<unsigned char, header> bytes{};
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, size);
    return value;
  };
  from_->read_at(offset, bytes.data(), header);
  const std::uint64_t size = number(8, 8);
  if (size < header || size > from_->size() - offset) fail_damaged("the size of a global heap");
  for (std::uint64_t at = header; size - at >= header;) {
    from_->read_at(offset + at, bytes.data(), header);
    const std::uint64_t index = number(0, 2), object = number(8, 8), room = size - at;
    const std::uint64_t needed = index == 0 ? object : object > room ? room + 1 : header + (object + 7) / 8 * 8;
    if (needed < header || needed > room) fail_damaged("an object of a global heap");
    at += needed;
  }
}

void Storage::write(std::uint64_t offset, const void* bytes, std::size_t count) noexcept {
  if (error_ || !writable()) return;
  try {
    if (file_ != nullptr) {
      file_->write_at(offset, bytes, count);
    } else {
      if (offset + count > memory_->size()) memory_->resize(offset + count);
      std::memcpy(memory_->data() + offset, bytes, count);
    }
    size_ = std::max(size_, offset + count);
  } catch (...) {
    error_ = std::current_exception();
  }
}

void Storage::detach() {
  if (open_ != nullptr) open_->storage = nullptr;
  open_ = nullptr;
}

void Storage::resize(std::uint64_t size) noexcept {
  if (error_ || !writable()) return;
  try {
    if (file_ != nullptr) {
      file_->resize(size);
    } else {
      memory_->resize(static_cast<std::size_t>(size));
    }
    size_ = size;
  } catch (...) {
    error_ = std::current_exception();
  }
}

// Registered anew for each file: a program's own H5close() would end one that is kept. Written is the format that every
// libhdf5 reads, which since version 2 is no longer its own choice.
Handle access_to(Storage& storage) {
  static const H5FD_class_t the_driver = driver();
  const Handle registered(H5FDregister(&the_driver), H5FDunregister);
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const DriverInfo info{&storage};
  if (!registered || !access || H5Pset_driver(access.get(), registered.get(), &info) < 0 ||
      H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG) < 0 ||
      H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST) < 0) {
    return {};
  }
  return access;
}

void fail_hdf5(const char* op, const std::string& path, const std::string& object, std::string_view what,
               Storage& storage) {
  storage.rethrow();
  const std::string said = last_error();
  if (object.empty()) fail<DataError>(op, "{}: {}: {}", path, what, said);
  fail<DataError>(op, "{}: '{}': {}: {}", path, object, what, said);
}

}  // namespace xtape::detail::hdf5
