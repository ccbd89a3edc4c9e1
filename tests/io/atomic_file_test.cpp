#include "io/atomic_file.hpp"

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "support/check.hpp"
#include "support/file_limit.hpp"
#include "support/idx_bytes.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using namespace xtape::testing;
using detail::AtomicFile;
namespace fs = std::filesystem;

namespace {

std::size_t files_in(const TempDir& dir) {
  const fs::directory_iterator files(dir.str());
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("AtomicFile: the old file stays whole until the new one is") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  {
    AtomicFile file("test", path);
    file.write("new, ");
    CHECK(file_bytes(path) == "old");
    file.write("longer");
    CHECK(file_bytes(path) == "old");
    CHECK(files_in(dir) == 2);
    file.commit();
    CHECK(file_bytes(path) == "new, longer");
    CHECK(files_in(dir) == 1);
  }
  CHECK(file_bytes(path) == "new, longer");
  detail::write_file("test", dir / "another", "");
  CHECK(file_bytes(dir / "another").empty());
}

TEST_CASE("AtomicFile: what is not committed is gone") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  { AtomicFile(("test"), path).write("new"); }
  CHECK(file_bytes(path) == "old");
  CHECK(files_in(dir) == 1);
}

TEST_CASE("AtomicFile: no space, no folder, no file to write to") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  {
    const FileLimit limit(100);
    CHECK_THROWS_TEXT(DataError, "[test] " + path + ": cannot be written: File too large",
                      detail::write_file("test", path, std::string(1000, 'x')));
  }
  CHECK(file_bytes(path) == "old");
  CHECK(files_in(dir) == 1);
  CHECK_THROWS_TEXT(DataError, "/none/file: cannot be written: No such file or directory",
                    AtomicFile("test", dir / "none/file"));
  CHECK_THROWS_TEXT(DataError, dir.str() + ": cannot be written: Is a directory", AtomicFile("test", dir.str()));
  CHECK_THROWS_TEXT(DataError, "[test] /dev/null: expected a regular file to write to",
                    AtomicFile("test", "/dev/null"));
  CHECK_THROWS_TEXT(DataError, "[test] /proc/file: cannot be written: ", AtomicFile("test", "/proc/file"));
}

TEST_CASE("AtomicFile: follows a link and keeps the permissions") {
  const TempDir dir;
  const std::string path = dir.write("file", "old"), link = dir / "link";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("file", link);
  detail::write_file("test", link, "new");
  CHECK(fs::is_symlink(link));
  CHECK(file_bytes(path) == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("AtomicFile: follows links to a file that is not there yet") {
  const TempDir dir;
  fs::create_directories(dir / "folder");
  fs::create_symlink("folder/second", dir / "first");
  fs::create_symlink("../target", dir / "folder/second");
  detail::write_file("test", dir / "first", "new");
  CHECK(fs::is_symlink(dir / "first"));
  CHECK(fs::is_symlink(dir / "folder/second"));
  CHECK(file_bytes(dir / "target") == "new");
  fs::create_symlink("none/file", dir / "lost");
  CHECK_THROWS_TEXT(DataError, "[test] " + (dir / "lost") + ": cannot be written: No such file or directory",
                    detail::write_file("test", dir / "lost", "new"));
  CHECK(fs::is_symlink(dir / "lost"));
  fs::create_symlink("loop", dir / "loop");
  CHECK_THROWS_TEXT(DataError, "cannot be written", detail::write_file("test", dir / "loop", "new"));
}

TEST_CASE("AtomicFile: what killed writers have left is removed by the next one") {
  const TempDir dir;
  const std::string path = dir.write("file", "old");
  dir.write("file.tmp-1-0", "half");
  dir.write("file.tmp-999999999-18446744073709551615", "half");
  const std::vector<std::string> others = {"file.tmp-1-",      "file.tmp--1",   "file.tmp-1-x",
                                           "file.tmp-1-0.bak", "other.tmp-1-0", "file.tmp"};
  for (const auto& other : others) dir.write(other, "mine");
  fs::create_directories(dir / "file.tmp-1-1");  // a folder of that name is none of ours
  {
    AtomicFile slow("test", path);  // of a writer that is still at work
    slow.write("slow");
    const std::string temporary = slow.temporary_path();
    detail::write_file("test", path, "new");
    CHECK(fs::exists(temporary));
    CHECK(!fs::exists(dir / "file.tmp-1-0"));
    CHECK(!fs::exists(dir / "file.tmp-999999999-18446744073709551615"));
    slow.commit();
  }
  CHECK(file_bytes(path) == "slow");
  for (const auto& other : others) CHECK(fs::exists(dir / other));
  CHECK(files_in(dir) == others.size() + 2);
}

TEST_CASE("AtomicFile: many writers at once lose nothing") {
  const TempDir dir;
  const std::string path = dir / "file";
  std::vector<std::thread> writers;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      for (int k = 0; k < 25; ++k) {
        try {
          detail::write_file("test", path, std::string(1000, static_cast<char>('a' + i)));
        } catch (const Error&) {
          ++failed;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  CHECK(failed == 0);
  CHECK(file_bytes(path).size() == 1000);
  CHECK(files_in(dir) == 1);
}

TEST_CASE("AtomicFile: a name of the greatest length") {
  const TempDir dir;
  const std::string path = dir / std::string(255, 'x');
  detail::write_file("test", path, "new");
  CHECK(file_bytes(path) == "new");
  CHECK_THROWS_TEXT(DataError, ": cannot be written: File name too long",
                    detail::write_file("test", dir / std::string(256, 'x'), "new"));
  CHECK(files_in(dir) == 1);
}

TEST_CASE("AtomicFile: two writers of one file do not mix") {
  const TempDir dir;
  const std::string path = dir / "file";
  AtomicFile a("test", path), b("test", path);
  a.write("aaaa");
  b.write("bb");
  a.commit();
  CHECK(file_bytes(path) == "aaaa");
  b.commit();
  CHECK(file_bytes(path) == "bb");
  CHECK(files_in(dir) == 1);
}
