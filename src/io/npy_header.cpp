#include "io/npy_header.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/check.hpp"
#include "io/file_tensor.hpp"

// The format, from numpy.lib.format: "\x93NUMPY", two bytes of version, the length of the header in two bytes (version
// 1.0) or four, and the header: a dictionary as Python writes it, {'descr': '<f4', 'fortran_order': False, 'shape':
// (2, 3), }, padded with spaces to end with a line break.
namespace xtape::detail {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t max_header = 1u << 20;

/// Reads the dictionary: a parser of just what NumPy writes, since the text comes from anybody.
class HeaderText {
 public:
  HeaderText(const ByteSource& source, std::string_view text) : source_(source), rest_(text) {}

  void read(NpyHeader& header) {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = text();
      expect(':');
      if (key == "descr" && !descr) {
        if (next() == '[') fail<DataError>(source_.op(), "{}: arrays of structures are not supported", source_.path());
        header.descr = text();
        descr = true;
      } else if (key == "fortran_order" && !order) {
        header.fortran_order = truth();
        order = true;
      } else if (key == "shape" && !shape) {
        header.shape = sizes();
        shape = true;
      } else {
        damaged();
      }
      if (!accept(',') && next() != '}') damaged();
    }
    if (!descr || !order || !shape || next() != '\0') damaged();
  }

 private:
  [[noreturn]] void damaged() const {
    std::string at(rest_.substr(0, 20));
    for (char& c : at) c = c >= ' ' && c <= '~' ? c : '?';
    fail<DataError>(source_.op(), "{}: expected a header with descr, fortran_order and shape: damaged at \"{}\"",
                    source_.path(), at);
  }
  char next() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool accept(char c) {
    if (rest_.empty() || next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) damaged();
  }
  bool accept_word(std::string_view word) {
    next();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string text() {
    const char quote = next();
    if (quote != '\'' && quote != '"') damaged();
    const auto end = rest_.find(quote, 1);
    if (end == std::string_view::npos) damaged();
    std::string value(rest_.substr(1, end - 1));
    if (std::ranges::any_of(value, [](char c) { return c < ' ' || c > '~'; })) damaged();
    rest_.remove_prefix(end + 1);
    return value;
  }
  bool truth() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) damaged();
    return false;
  }
  std::vector<std::uint64_t> sizes() {
    std::vector<std::uint64_t> values;
    expect('(');
    while (!accept(')')) {
      next();
      std::uint64_t value = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
      if (error != std::errc() || values.size() == max_file_axes) damaged();
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      if (!rest_.empty() && rest_[0] == 'L') rest_.remove_prefix(1);  // a long of Python 2
      values.push_back(value);
      if (!accept(',') && next() != ')') damaged();
    }
    return values;
  }

  const ByteSource& source_;
  std::string_view rest_;
};

/// Splits "<f4" into the order of the bytes, the kind and the size.
void read_type(const ByteSource& source, NpyHeader& header) {
  std::string_view descr = header.descr;
  const bool ordered = !descr.empty() && std::string_view("<>=|").find(descr[0]) != std::string_view::npos;
  header.big_endian = descr.starts_with('>') || (descr.starts_with('=') && std::endian::native == std::endian::big);
  if (ordered) descr.remove_prefix(1);
  header.kind = descr.empty() ? '\0' : descr[0];
  if (header.kind == 'O') {
    header.itemsize = 0;
    return;
  }
  if (!descr.empty()) descr.remove_prefix(1);
  const auto [end, error] = std::from_chars(descr.data(), descr.data() + descr.size(), header.itemsize);
  if (error != std::errc() || end != descr.data() + descr.size()) {
    fail<DataError>(source.op(), "{}: expected numbers or bools, received elements of type '{}'", source.path(),
                    header.descr);
  }
}

}  // namespace

NpyHeader read_npy_header(ByteSource& source) {
  std::array<unsigned char, 12> head{};
  std::size_t n = source.read(head.data(), 10);
  if (n < 10 || std::memcmp(head.data(), magic.data(), magic.size()) != 0) {
    fail<DataError>(
        source.op(),
        "{}: expected an npy file, which begins with 93 4e 55 4d 50 59, version, length: "
        "received {}",
        source.path(),
        n == 0 ? "an empty file"
               : fmt::format("{:02x}", fmt::join(head.data(), head.data() + std::min<std::size_t>(n, 6), " ")));
  }
  const int version = head[6];
  if (version < 1 || version > 3 || head[7] != 0) {
    fail<DataError>(source.op(), "{}: expected version 1.0, 2.0 or 3.0 of the npy format, received {}.{}",
                    source.path(), version, head[7]);
  }
  std::size_t length = head[8] + 256u * head[9];
  if (version > 1) {
    n += source.read(head.data() + 10, 2);
    length += (std::size_t{head[10]} << 16) + (std::size_t{head[11]} << 24);
  }
  if (length > max_header || length > source.max_bytes()) {
    fail<DataError>(source.op(), "{}: expected a header of at most {} bytes, received a length of {}", source.path(),
                    std::min<std::uint64_t>(max_header, source.max_bytes()), length);
  }
  std::string text(length, '\0');
  const std::size_t received = source.read(text.data(), length);
  if (received < length) {
    fail<DataError>(source.op(), "{}: expected a header of {} bytes, received {}", source.path(), length, received);
  }
  NpyHeader header;
  header.bytes = n + length;
  HeaderText(source, text).read(header);
  read_type(source, header);
  return header;
}

}  // namespace xtape::detail
