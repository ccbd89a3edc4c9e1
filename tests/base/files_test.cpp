#include "base/files.hpp"

#include <string>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using namespace xtape::testing;

TEST_CASE("files: only what is not there is not there") {
  const TempDir dir;
  CHECK(!detail::is_there("op", dir / "none"));
  CHECK(!detail::is_there("op", dir / "none/none"));
  const std::string file = dir.write("file", "x");
  CHECK(detail::is_there("op", file));
  CHECK(!detail::is_folder("op", file));
  CHECK(detail::is_folder("op", dir.str()));
  CHECK(!detail::is_there("op", file + "/below"));
  std::filesystem::create_symlink("loop", dir / "loop");
  CHECK_THROWS_TEXT(DataError, "[op] " + (dir / "loop") + ": cannot be looked for: Too many levels of symbolic links",
                    detail::is_there("op", dir / "loop"));
  CHECK_THROWS_TEXT(DataError, "cannot be looked for: File name too long",
                    detail::is_there("op", dir / std::string(300, 'x')));
  std::filesystem::create_symlink("nowhere", dir / "dangling");
  CHECK(!detail::is_there("op", dir / "dangling"));
  const std::string zero = dir.str() + std::string("/a\0b", 4);
  CHECK_THROWS_TEXT(ValueError, "[op] expected a path without a zero byte, received \"" + dir.str() + "/a\\0b\"",
                    detail::is_there("op", zero));
}
