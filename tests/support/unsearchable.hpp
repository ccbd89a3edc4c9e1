#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

namespace xtape::testing {

/// While it lives, this process may not search a folder. A process of root, who may search all folders, runs as the
/// user "nobody" meanwhile.
class Unsearchable {
 public:
  explicit Unsearchable(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::permissions(folder_, std::filesystem::perms::none);
    if (geteuid() == 0) was_root_ = seteuid(65534) == 0;
  }
  ~Unsearchable() {
    if (was_root_) static_cast<void>(!seteuid(0));
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  }
  Unsearchable(const Unsearchable&) = delete;
  Unsearchable& operator=(const Unsearchable&) = delete;

 private:
  std::string folder_;
  bool was_root_ = false;
};

}  // namespace xtape::testing
