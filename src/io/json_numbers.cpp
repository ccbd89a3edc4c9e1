#include "io/json_numbers.hpp"

#include <limits>

#include "base/check.hpp"
#include "io/input_file.hpp"
#include "io/json.hpp"

namespace xtape::detail {
namespace {

/// Takes an object of names and whole numbers from the parser; everything else is an error that says where.
class NumbersReader final : public JsonHandler {
 public:
  NumbersReader(const char* op, const std::string& path) : op_(op), path_(path) {}

  std::map<std::string, std::int32_t> take() { return std::move(numbers_); }

  void number(std::uint64_t value) override {
    if (!open_) other(fmt::to_string(value));
    if (value > std::numeric_limits<std::int32_t>::max()) other(fmt::to_string(value));
    if (!numbers_.emplace(key_, static_cast<std::int32_t>(value)).second) {
      fail<DataError>(op_, "{}: '{}' is there twice", path_, key_);
    }
  }
  void text(const std::string& value) override { other(fmt::format("\"{}\"", value)); }
  void other(const std::string& value) override {
    if (!open_) fail<DataError>(op_, "{}: expected an object of names and numbers, received {}", path_, value);
    fail<DataError>(op_, "{}: '{}': expected a whole number of at least 0 and 31 bits, received {}", path_, key_,
                    value);
  }
  void begin_object() override {
    if (open_) other("an object");
    open_ = true;
  }
  void key(const std::string& name) override { key_ = name; }
  void end_object() override {}
  void begin_list() override { other("a list"); }
  void end_list() override {}
  void damaged(std::size_t position) override {
    fail<DataError>(op_, "{}: expected JSON, which is damaged at its byte {}", path_, position);
  }

 private:
  const char* op_;
  const std::string& path_;
  bool open_ = false;
  std::string key_;
  std::map<std::string, std::int32_t> numbers_;
};

}  // namespace

std::map<std::string, std::int32_t> read_json_numbers(const char* op, const std::string& path) {
  return reading(op, path, [&] {
    InputFile file(op, path, InputFile::Gzip::text);
    NumbersReader reader(op, path);
    parse_json(read_all(file), reader);
    return reader.take();
  });
}

}  // namespace xtape::detail
