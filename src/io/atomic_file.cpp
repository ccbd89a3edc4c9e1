#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/check.hpp"

namespace xtape::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 200;  // of 255 that file systems allow
std::atomic<std::uint64_t> names_given{0};

fs::path behind_links(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(path, error)) return path;
  const fs::path target = fs::weakly_canonical(path, error);
  return error ? path : target;
}

}  // namespace

AtomicFile::AtomicFile(const char* op, const std::string& path)
    : op_(op), path_(path), target_(behind_links(path).string()) {
  struct stat before {};
  const bool exists = stat(target_.c_str(), &before) == 0;
  if (exists && S_ISDIR(before.st_mode)) fail_write(EISDIR);
  if (exists && !S_ISREG(before.st_mode)) fail<DataError>(op_, "{}: expected a regular file to write to", path_);
  const fs::path parent = fs::path(target_).parent_path();
  const std::string name = fs::path(target_).filename().string().substr(0, longest_name);
  do {
    temporary_ = (parent / fmt::format("{}.tmp-{}-{}", name, getpid(), names_given.fetch_add(1))).string();
    file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file_ < 0 && (errno == EEXIST || errno == EINTR));
  if (file_ < 0) fail_write(errno);
  if (exists) static_cast<void>(fchmod(file_, before.st_mode & 07777));  // where that is not allowed, umask decides
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (!committed_) unlink(temporary_.c_str());
}

void AtomicFile::fail_write(int error) const {
  fail<DataError>(op_, "{}: cannot be written: {}", path_, std::strerror(error));
}

void AtomicFile::write(const void* bytes, std::size_t count) {
  const auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t n = ::write(file_, from, std::min<std::size_t>(count, 1u << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_write(errno);
    from += n;
    count -= static_cast<std::size_t>(n);
  }
}

void AtomicFile::commit() {
  // A library that writes by name may have put another file there.
  struct stat ours {
  }, there{};
  if (fstat(file_, &ours) != 0 || stat(temporary_.c_str(), &there) != 0) fail_write(errno);
  if (ours.st_ino != there.st_ino) {
    close(file_);
    file_ = open(temporary_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail_write(errno);
  }
  if (fsync(file_) != 0) fail_write(errno);
  if (close(std::exchange(file_, -1)) != 0) fail_write(errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write(errno);
  committed_ = true;
  sync_folder();
}

// So that the new name survives a power failure too. Some file systems cannot do this for a folder, and say EINVAL.
void AtomicFile::sync_folder() const {
  const fs::path parent = fs::path(target_).parent_path();
  const int folder = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  const int status = fsync(folder), error = errno;
  close(folder);
  if (status != 0 && error != EINVAL) fail_write(error);
}

void write_file(const char* op, const std::string& path, std::string_view bytes) {
  AtomicFile file(op, path);
  file.write(bytes);
  file.commit();
}

}  // namespace xtape::detail
