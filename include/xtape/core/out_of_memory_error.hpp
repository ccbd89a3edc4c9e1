#pragma once

#include <new>
#include <string>

#include "xtape/core/error.hpp"

namespace xtape {

/// Memory that the system did not give, even after the cached blocks had gone back to it: the text says how many bytes
/// were asked for, for what and by which op, and what is in use. Where there is no memory for the text either, it is
/// "[out of memory]".
struct OutOfMemoryError : std::bad_alloc, Error {
  explicit OutOfMemoryError(std::string message) : Error(std::move(message)) {}
  const char* what() const noexcept override { return message().c_str(); }
};

}  // namespace xtape
