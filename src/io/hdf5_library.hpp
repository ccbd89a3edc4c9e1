#pragma once

// The 1.10 names of functions, in later versions too.
#define H5_USE_110_API
#include <hdf5.h>
#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "io/atomic_file.hpp"
#include "io/file_bytes.hpp"

// What reading and writing HDF5 have in common.
namespace xtape::detail::hdf5 {

/// While it lives, this thread alone uses libhdf5, which prints no errors and loads no plugins that a file asks for.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* print_data_ = nullptr;
  bool printed_ = false;
  unsigned plugins_ = 0;
  bool had_plugins_ = false;
};

/// A number that libhdf5 gave for an object, and the function that ends it.
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*end)(hid_t)) : id_(id), end_(end) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), end_(other.end_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(end_, other.end_);
    return *this;
  }
  ~Handle() { close(); }

  explicit operator bool() const { return id_ >= 0; }
  hid_t get() const { return id_; }
  /// Whether it went well.
  bool close() { return id_ < 0 || end_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_ = -1;
  herr_t (*end_)(hid_t) = nullptr;
};

/// What libhdf5 says about its last error: what it was asked for, and what was wrong.
std::string last_error();

struct OpenFile;

/// Where libhdf5 reads or writes: the bytes of a reader, or a new file. Exceptions do not pass through C: rethrow()
/// throws them after a call. A libhdf5 that cannot write does not close its file, and tries again when the program
/// ends; therefore a write that fails is not told to it, and nothing is written after it.
class Storage {
 public:
  explicit Storage(const FileBytes& from) : from_(&from) {}
  explicit Storage(AtomicFile& file) : file_(&file) {}
  explicit Storage(std::string& memory) : memory_(&memory) {}
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  bool read(std::uint64_t offset, void* to, std::size_t count) noexcept;
  void write(std::uint64_t offset, const void* bytes, std::size_t count) noexcept;
  void resize(std::uint64_t size) noexcept;
  /// What libhdf5 has opened on it; null when that is closed.
  void set_open(OpenFile* open) { open_ = open; }
  /// From now on libhdf5 neither reads nor writes here. To be called, with the library locked, before the end: a file
  /// that libhdf5 could not close lives on.
  void detach();
  std::uint64_t size() const { return from_ != nullptr ? from_->size() : size_; }
  bool writable() const { return from_ == nullptr; }

  /// While elements of numbers are read, no other structure of the file is checked.
  void set_reading_elements(bool reading) { reading_elements_ = reading; }
  /// How much a file may make libhdf5 read until the next call of this: damaged ones can lead it in circles.
  void allow(std::uint64_t bytes) { allowed_ = bytes; }
  /// Throws what stopped a read or a write.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void check_global_heap(std::uint64_t offset) const;
  [[noreturn]] void fail_damaged(std::string_view what) const;

  const FileBytes* from_ = nullptr;
  AtomicFile* file_ = nullptr;
  std::string* memory_ = nullptr;
  std::uint64_t size_ = 0, allowed_ = ~std::uint64_t{0};
  std::exception_ptr error_;
  OpenFile* open_ = nullptr;
  bool reading_elements_ = false;
};

/// Properties of file access by which libhdf5 reads or writes `storage`, which must outlive the file.
Handle access_to(Storage& storage);

/// Throws a DataError "[op] path: 'object': what (libhdf5's words)"; what stopped the storage goes first.
[[noreturn]] void fail_hdf5(const char* op, const std::string& path, const std::string& object, std::string_view what,
                            Storage& storage);

}  // namespace xtape::detail::hdf5
