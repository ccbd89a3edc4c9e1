#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "io/byte_source.hpp"

namespace xtape::detail {

/// Reads the bytes of a pickle, and the numbers and texts in them.
class PickleBytes {
 public:
  /// `expected` is what errors say, `max_text` the longest text or name that may be in the pickle.
  PickleBytes(ByteSource& source, const char* expected, std::size_t max_text)
      : source_(source), expected_(expected), max_text_(max_text) {}

  [[noreturn]] void damaged(std::string_view reason) const {
    fail<DataError>(source_.op(), "{}: expected {}: {}", source_.path(), expected_, reason);
  }
  char byte() {
    if (at_ == buffered_ && !fill()) damaged("it ends too early");
    return buffer_[at_++];
  }
  std::uint64_t unsigned_number(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(byte())} << (8 * i);
    return value;
  }
  /// In two's complement.
  std::int64_t signed_number(std::uint64_t bytes) {
    if (bytes > 8) damaged("an integer of more than 64 bits");
    if (bytes == 0) return 0;
    const auto shift = 64 - 8 * static_cast<int>(bytes);
    return static_cast<std::int64_t>(unsigned_number(static_cast<int>(bytes)) << shift) >> shift;
  }
  std::string text(std::uint64_t length) {
    if (length > max_text_) damaged("a long text");
    std::string result;  // grows as bytes come: the length may be wrong
    for (std::uint64_t i = 0; i < length; ++i) result += byte();
    return result;
  }
  std::string line() {
    std::string result;
    for (char c = byte(); c != '\n'; c = byte()) {
      if (result.size() == max_text_) damaged("a long name");
      result += c;
    }
    return result;
  }

  bool at_end() { return at_ == buffered_ && !fill(); }

 private:
  bool fill() {
    at_ = 0;
    buffered_ = source_.read(buffer_.data(), buffer_.size());
    return buffered_ > 0;
  }

  ByteSource& source_;
  const char* expected_;
  std::size_t max_text_;
  std::array<char, 1 << 16> buffer_;
  std::size_t at_ = 0, buffered_ = 0;
};

}  // namespace xtape::detail
