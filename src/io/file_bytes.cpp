#include "io/file_bytes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.hpp"
#include "base/files.hpp"

namespace xtape::detail {
namespace {

[[noreturn]] void fail_end(const FileBytes& bytes, std::uint64_t offset, std::size_t count) {
  fail<DataError>(bytes.op(), "{}: expected {} bytes from byte {} on, received the end of the file after {} bytes",
                  bytes.path(), count, offset, bytes.size());
}

void check_range(const FileBytes& bytes, std::uint64_t offset, std::size_t count) {
  if (offset > bytes.size() || count > bytes.size() - offset) fail_end(bytes, offset, count);
}

/// pread() rather than a mapping: when a mapped file gets shorter, or its disk fails, the process is killed.
class WholeFile final : public FileBytes {
 public:
  WholeFile(const char* op, const std::string& path) : op_(op), path_(path) {
    file_ = open_regular_file(op_, path_, size_);
    static_cast<void>(posix_fadvise(fileno(file_.get()), 0, 0, POSIX_FADV_SEQUENTIAL));
  }

  void read_at(std::uint64_t offset, void* to, std::size_t count) const override {
    check_range(*this, offset, count);
    auto* out = static_cast<char*>(to);
    for (std::size_t done = 0; done < count;) {
      const ssize_t n = pread(fileno(file_.get()), out + done, std::min<std::size_t>(count - done, 1u << 30),
                              static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail<DataError>(op_, "{}: cannot be read: {}", path_, std::strerror(errno));
      if (n == 0) fail_end(*this, offset, count);  // it has become shorter
      done += static_cast<std::size_t>(n);
    }
  }
  std::uint64_t size() const override { return size_; }
  const char* op() const override { return op_; }
  const std::string& path() const override { return path_; }

 private:
  const char* op_;
  std::string path_;
  FilePtr file_;
  std::uint64_t size_ = 0;
};

class Part final : public FileBytes {
 public:
  Part(std::shared_ptr<const FileBytes> whole, std::string name, std::uint64_t begin, std::uint64_t size)
      : whole_(std::move(whole)), name_(std::move(name)), begin_(begin), size_(size) {}

  void read_at(std::uint64_t offset, void* to, std::size_t count) const override {
    check_range(*this, offset, count);
    whole_->read_at(begin_ + offset, to, count);
  }
  std::uint64_t size() const override { return size_; }
  const char* op() const override { return whole_->op(); }
  const std::string& path() const override { return name_; }

 private:
  std::shared_ptr<const FileBytes> whole_;
  std::string name_;
  std::uint64_t begin_, size_;
};

class InMemory final : public FileBytes {
 public:
  InMemory(const char* op, std::string name, std::string bytes)
      : op_(op), name_(std::move(name)), bytes_(std::move(bytes)) {}

  void read_at(std::uint64_t offset, void* to, std::size_t count) const override {
    check_range(*this, offset, count);
    if (count > 0) std::memcpy(to, bytes_.data() + offset, count);
  }
  std::uint64_t size() const override { return bytes_.size(); }
  const char* op() const override { return op_; }
  const std::string& path() const override { return name_; }

 private:
  const char* op_;
  std::string name_, bytes_;
};

}  // namespace

std::shared_ptr<const FileBytes> open_file_bytes(const char* op, const std::string& path) {
  return std::make_shared<WholeFile>(op, path);
}

std::shared_ptr<const FileBytes> part_of(std::shared_ptr<const FileBytes> whole, std::string name, std::uint64_t begin,
                                         std::uint64_t size) {
  if (begin > whole->size() || size > whole->size() - begin) {
    fail<DataError>(whole->op(), "{}: expected {} bytes from byte {} on in a file of {} bytes", name, size, begin,
                    whole->size());
  }
  return std::make_shared<Part>(std::move(whole), std::move(name), begin, size);
}

std::shared_ptr<const FileBytes> memory_bytes(const char* op, std::string name, std::string bytes) {
  return std::make_shared<InMemory>(op, std::move(name), std::move(bytes));
}

std::string read_all(const FileBytes& bytes) {
  std::string all(static_cast<std::size_t>(bytes.size()), '\0');
  bytes.read_at(0, all.data(), all.size());
  return all;
}

}  // namespace xtape::detail
