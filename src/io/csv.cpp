#include "xtape/io/csv.hpp"

#include <charconv>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "io/input_file.hpp"
#include "xtape/core/creation.hpp"

namespace xtape::io {
namespace {

using detail::fail;

constexpr const char* op = "load_csv";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Reads the numbers of a file as T: int64 for all integer dtypes and double for all floating ones, so that a number
/// that does not fit the dtype is seen. std::from_chars does not depend on the locale.
template <class T>
class CsvReader {
 public:
  CsvReader(const std::string& path, const CsvOptions& options) : path_(path), options_(options) {}

  /// Reads 256 KB at a time and takes the lines out, so that the whole text is never in memory.
  Shape read(detail::InputFile& file) {
    constexpr std::size_t piece = 1 << 18;
    std::string text;
    for (bool more = true; more;) {
      const std::size_t before = text.size();
      text.resize(before + piece);
      const std::size_t n = file.read(text.data() + before, piece);
      text.resize(before + n);
      more = n > 0;
      std::size_t begin = 0;
      for (auto end = text.find('\n', before); end != std::string::npos; end = text.find('\n', begin)) {
        take_line(std::string_view(text).substr(begin, end - begin));
        begin = end + 1;
      }
      text.erase(0, begin);
    }
    if (!text.empty()) take_line(text);
    return {rows_, columns_};
  }

  const std::vector<T>& values() const { return values_; }

 private:
  void take_line(std::string_view line) {
    const std::string_view content = trimmed(line);
    if (++line_ <= options_.skip_rows || content.empty()) return;
    const std::int64_t found = read_line(content, line_);
    if (rows_ > 0 && found != columns_) {
      fail<DataError>(op, "{}: line {}: expected {} numbers, as in the lines before, received {}", path_, line_,
                      columns_, found);
    }
    columns_ = found;
    ++rows_;
  }

  std::int64_t read_line(std::string_view content, std::int64_t line) {
    for (std::int64_t column = 1;; ++column) {
      const auto end = content.find(options_.delimiter);
      const std::string_view field = trimmed(content.substr(0, end));
      T value{};
      const std::string_view digits = field.starts_with('+') ? field.substr(1) : field;
      const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (error != std::errc() || stop != digits.data() + digits.size() || !fits(value)) {
        fail<DataError>(op, "{}: line {}, column {}: expected a number of {}, received \"{}\"", path_, line, column,
                        options_.dtype, field.substr(0, 40));
      }
      values_.push_back(value);
      if (end == std::string_view::npos) return column;
      content.remove_prefix(end + 1);
    }
  }
  bool fits([[maybe_unused]] T value) const {
    if constexpr (std::is_floating_point_v<T>) return true;
    if (options_.dtype == int32) return value == static_cast<T>(static_cast<std::int32_t>(value));
    if (options_.dtype == uint8) return value == static_cast<T>(static_cast<std::uint8_t>(value));
    return true;
  }

  const std::string& path_;
  const CsvOptions& options_;
  std::vector<T> values_;
  std::int64_t line_ = 0, rows_ = 0, columns_ = 0;
};

}  // namespace

Tensor load_csv(const std::string& path, const CsvOptions& options) {
  if (options.dtype == boolean) fail<TypeError>(op, "expected a dtype of numbers, received bool");
  return detail::reading(op, path, [&] {
    detail::InputFile file(op, path, detail::InputFile::Gzip::text);
    if (is_integer(options.dtype)) {
      CsvReader<std::int64_t> reader(path, options);
      const Shape shape = reader.read(file);
      return detail::from_integers(reader.values(), shape, options.dtype);
    }
    CsvReader<double> reader(path, options);
    const Shape shape = reader.read(file);
    return detail::from_doubles(reader.values(), shape, options.dtype);
  });
}

}  // namespace xtape::io
