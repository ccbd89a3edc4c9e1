#include "io/safetensors_header.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/check.hpp"
#include "io/file_tensor.hpp"

namespace xtape::detail {
namespace {

using Json = nlohmann::json;

struct DTypeName {
  DType dtype;
  std::string_view name;
};
constexpr DTypeName dtype_names[] = {{float64, "F64"}, {float32, "F32"}, {bfloat16, "BF16"}, {int64, "I64"},
                                     {int32, "I32"},   {uint8, "U8"},    {boolean, "BOOL"}};
constexpr const char* metadata_key = "__metadata__";

/// Takes the header as the parser reads it, so that a large one needs no tree of JSON values, and that names which come
/// twice are seen.
class HeaderReader {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  HeaderReader(const char* op, const std::string& path) : op_(op), path_(path) {}

  SafeTensorsHeader take() { return std::move(header_); }

  bool null() { return unexpected("null"); }
  bool boolean(bool value) { return unexpected(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) { return unexpected(fmt::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) { return unexpected(text); }
  bool binary(binary_t&) { return unexpected("bytes"); }
  bool number_unsigned(number_unsigned_t value) {
    if (list_ == nullptr) return unexpected(fmt::to_string(value));
    if (list_->size() == most_file_axes) {
      fail<DataError>(op_, "{}: expected at most {} numbers in {}, received more", path_, most_file_axes, place());
    }
    list_->push_back(value);
    return true;
  }

  bool string(string_t& text) {
    if (where_ == Where::metadata) {
      if (!header_.metadata.emplace(key_, text).second) {
        fail<DataError>(op_, "{}: metadata '{}' is there twice", path_, key_);
      }
      return true;
    }
    if (where_ != Where::entry || list_ != nullptr || key_ != "dtype") return unexpected('"' + text + '"');
    const auto* known = std::ranges::find(dtype_names, text, &DTypeName::name);
    if (known == std::end(dtype_names)) {
      fail<DataError>(op_, "{}: tensor '{}': expected a dtype of F64, F32, BF16, I64, I32, U8, BOOL, received {}",
                      path_, entry().name, text);
    }
    entry().dtype = known->dtype;
    return true;
  }

  bool start_object(std::size_t) {
    if (where_ == Where::outside) {
      where_ = Where::top;
    } else if (where_ == Where::top) {
      where_ = key_ == metadata_key ? Where::metadata : Where::entry;
      if (where_ == Where::entry) {
        header_.entries.emplace_back().name = key_;
        offsets_.clear();
        fields_.clear();
      }
    } else {
      return unexpected("an object");
    }
    return true;
  }
  bool key(string_t& name) {
    key_ = name;
    if (where_ == Where::top && !names_.insert(name).second) {
      fail<DataError>(op_, "{}: tensor '{}' is there twice", path_, name);
    }
    if (where_ != Where::entry) return true;
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      fail<DataError>(op_, "{}: tensor '{}': expected dtype, shape and data_offsets, received '{}'", path_,
                      entry().name, name);
    }
    if (!fields_.insert(name).second) {
      fail<DataError>(op_, "{}: tensor '{}': {} is there twice", path_, entry().name, name);
    }
    return true;
  }
  bool end_object() {
    if (where_ == Where::entry) {
      for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (!fields_.count(field)) fail<DataError>(op_, "{}: tensor '{}' has no {}", path_, entry().name, field);
      }
      if (offsets_.size() != 2) {
        fail<DataError>(op_, "{}: tensor '{}': expected two data_offsets, received {}", path_, entry().name,
                        offsets_.size());
      }
      entry().begin = offsets_[0];
      entry().end = offsets_[1];
    }
    where_ = where_ == Where::top ? Where::outside : Where::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (where_ != Where::entry || list_ != nullptr || key_ == "dtype") return unexpected("a list");
    list_ = key_ == "shape" ? &entry().shape : &offsets_;
    return true;
  }
  bool end_array() {
    list_ = nullptr;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    fail<DataError>(op_, "{}: expected a header in JSON, which is damaged at its byte {}", path_, position);
  }

 private:
  enum class Where { outside, top, entry, metadata };

  SafeTensorsEntry& entry() { return header_.entries.back(); }
  std::string place() {
    if (where_ == Where::entry) return fmt::format("{} of tensor '{}'", key_, entry().name);
    if (where_ == Where::metadata) return fmt::format("metadata '{}'", key_);
    return where_ == Where::top ? fmt::format("'{}'", key_) : "the header";
  }
  bool unexpected(const std::string& received) {
    const char* expected = "an object";
    if (where_ == Where::metadata || (where_ == Where::entry && key_ == "dtype")) {
      expected = "a text";
    } else if (where_ == Where::entry) {
      expected = "a list of numbers of at least 0";
    }
    fail<DataError>(op_, "{}: {}: expected {}, received {}", path_, place(), expected, received);
  }

  const char* op_;
  const std::string& path_;
  SafeTensorsHeader header_;
  Where where_ = Where::outside;
  std::string key_;
  std::set<std::string> names_, fields_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint64_t>* list_ = nullptr;
};

std::string quoted(const char* op, const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const Json::type_error&) {
    fail<ValueError>(op, "expected text in UTF-8, received '{}'",
                     Json(text).dump(-1, ' ', true, Json::error_handler_t::replace));
  }
}

}  // namespace

SafeTensorsHeader parse_safetensors_header(const char* op, const std::string& path, std::string_view text) {
  if (text.empty() || text.front() != '{') {
    fail<DataError>(op, "{}: expected a header in JSON, which begins with '{{': received {}", path,
                    text.empty() ? "an empty one" : fmt::format("a byte {:02x}", static_cast<unsigned char>(text[0])));
  }
  HeaderReader reader(op, path);
  Json::sax_parse(text, &reader);
  return reader.take();
}

std::string format_safetensors_header(const char* op, const SafeTensorsHeader& header) {
  std::vector<std::string> members;
  if (!header.metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : header.metadata) {
      pairs.push_back(fmt::format("{}:{}", quoted(op, key), quoted(op, value)));
    }
    members.push_back(fmt::format("\"{}\":{{{}}}", metadata_key, fmt::join(pairs, ",")));
  }
  std::set<std::string_view> names;
  for (const auto& entry : header.entries) {
    if (entry.name == metadata_key) fail<ValueError>(op, "a tensor cannot have the name {}", metadata_key);
    if (!names.insert(entry.name).second) fail<ValueError>(op, "tensor '{}' is there twice", entry.name);
    const auto* dtype = std::ranges::find(dtype_names, entry.dtype, &DTypeName::dtype);
    members.push_back(fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                                  quoted(op, entry.name), dtype->name, fmt::join(entry.shape, ","), entry.begin,
                                  entry.end));
  }
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

}  // namespace xtape::detail
