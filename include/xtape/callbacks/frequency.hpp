#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include "xtape/base/compiler.hpp"

namespace xtape::callbacks {

/// How often a callback acts: "epoch", after each epoch; "batch", after each batch; or every so many batches.
class Frequency {
 public:
  /// Throws a ValueError for another text.
  Frequency(const std::string& unit);
  Frequency(const char* unit) : Frequency(std::string(unit)) {}
  /// Throws a ValueError for a number below 1.
  template <std::integral I>
  Frequency(I batches) : Frequency(static_cast<std::int64_t>(batches), 0) {}

  bool every_epoch() const noexcept { return batches_ == 0; }
  /// The number of batches; 0 for "epoch".
  std::int64_t batches() const noexcept { return batches_; }

 private:
  Frequency(std::int64_t batches, int);
  std::int64_t batches_;
};

}  // namespace xtape::callbacks
