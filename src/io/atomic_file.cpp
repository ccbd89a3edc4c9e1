#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
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

#include "base/check.hpp"
#include "base/files.hpp"

// write to a temporary file, fsync, rename: a rename within a folder is atomic in POSIX, and after the fsync the
// contents are on the disk before the name is. A writer holds a lock (flock) on its temporary file; the lock ends with
// the process, so a temporary file without one was left by a writer that was killed.
namespace xtape::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_name = 200;  // of 255 that file systems allow
std::atomic<std::uint64_t> names_given{0};

constexpr int max_links = 40;  // as Linux follows

/// Where a path leads, whether or not there is a file yet: canonical() needs one.
fs::path behind_links(const fs::path& path) {
  fs::path target = path;
  for (int links = 0; links < max_links; ++links) {
    std::error_code error;
    const fs::path next = fs::read_symlink(target, error);
    if (error) return target;  // no link
    target = target.parent_path() / next;
  }
  return path;  // a circle of links: open() reports it
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Whether it is `begin`, a process, '-', a number: the name of a temporary file of AtomicFile.
bool is_temporary(std::string_view name, std::string_view begin) {
  if (!name.starts_with(begin)) return false;
  name.remove_prefix(begin.size());
  const auto dash = name.find('-');
  return dash != std::string_view::npos && is_number(name.substr(0, dash)) && is_number(name.substr(dash + 1));
}

/// Whether the open file still has this name.
bool same_file(int file, const char* path) {
  struct stat ours {
  }, there{};
  return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

/// Removes the temporary files whose writers are gone: a writer holds a lock on its file, which ends with the process.
/// Where that does not work, nothing is removed.
void remove_abandoned(const fs::path& folder, const std::string& begin) {
  std::error_code error;
  fs::directory_iterator entry(folder.empty() ? "." : folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    if (!is_temporary(path.filename().string(), begin)) continue;
    const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) continue;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && same_file(file, path.c_str())) unlink(path.c_str());
    close(file);
  }
}

}  // namespace

AtomicFile::AtomicFile(const char* op, const std::string& path)
    : op_(op), path_(path), target_(behind_links(checked_path(op, path)).string()) {
  struct stat before {};
  const bool exists = stat(target_.c_str(), &before) == 0;
  if (!exists && errno != ENOENT) fail_write(errno);
  if (exists && S_ISDIR(before.st_mode)) fail_write(EISDIR);
  if (exists && !S_ISREG(before.st_mode)) fail<DataError>(op_, "{}: expected a regular file to write to", path_);
  const fs::path parent = fs::path(target_).parent_path();
  const std::string begin = fs::path(target_).filename().string().substr(0, max_name) + ".tmp-";
  remove_abandoned(parent, begin);
  do {
    if (file_ >= 0) close(file_);  // another writer took it for abandoned before it was locked
    temporary_ = (parent / fmt::format("{}{}-{}", begin, getpid(), names_given.fetch_add(1))).string();
    file_ = open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0 && errno != EEXIST && errno != EINTR) fail_write(errno);
  } while (file_ < 0 || (flock(file_, LOCK_EX) == 0 && !same_file(file_, temporary_.c_str())));
  if (exists) static_cast<void>(fchmod(file_, before.st_mode & 07777));  // where that is not allowed, umask decides
}

AtomicFile::~AtomicFile() {
  if (!committed_) unlink(temporary_.c_str());
  if (file_ >= 0) close(file_);
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

void AtomicFile::write_at(std::uint64_t offset, const void* bytes, std::size_t count) {
  const auto* from = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t n = pwrite(file_, from, std::min<std::size_t>(count, 1u << 30), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_write(errno);
    from += n;
    offset += static_cast<std::uint64_t>(n);
    count -= static_cast<std::size_t>(n);
  }
}

void AtomicFile::read_at(std::uint64_t offset, void* to, std::size_t count) {
  auto* out = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t n = pread(file_, out, std::min<std::size_t>(count, 1u << 30), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_write(n < 0 ? errno : EIO);
    out += n;
    offset += static_cast<std::uint64_t>(n);
    count -= static_cast<std::size_t>(n);
  }
}

void AtomicFile::resize(std::uint64_t size) {
  if (ftruncate(file_, static_cast<off_t>(size)) != 0) fail_write(errno);
}

void AtomicFile::commit() {
  // A library that writes by name may have put another file there.
  if (!same_file(file_, temporary_.c_str())) {
    close(file_);
    file_ = open(temporary_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file_ < 0) fail_write(errno);
    static_cast<void>(flock(file_, LOCK_EX));
  }
  if (fsync(file_) != 0) fail_write(errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write(errno);
  committed_ = true;
  close(std::exchange(file_, -1));  // ends the lock, which has to hold until the file has its name
  sync_folder();
}

// Writes the folder to the disk, so that the new name survives a power failure too. Some file systems cannot do this
// and say EINVAL.
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
