#include "io/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/check.hpp"
#include "io/file_tensor.hpp"
#include "io/json.hpp"

// The header, from the format's description (github.com/huggingface/safetensors): {"name": {"dtype": "F32", "shape":
// [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__": {"key": "text"}}. It is read as the parser finds it, without a
// tree of values, and each thing that is missing, there twice or of another type is an error that names it.
namespace xtape::detail {
namespace {

struct TypeName {
  std::string_view name;
  StoredType type;
};

constexpr std::array type_names{
    TypeName{"F32", StoredType::f32},     TypeName{"F64", StoredType::f64}, TypeName{"F16", StoredType::f16},
    TypeName{"BF16", StoredType::bf16},   TypeName{"I8", StoredType::i8},   TypeName{"I16", StoredType::i16},
    TypeName{"I32", StoredType::i32},     TypeName{"I64", StoredType::i64}, TypeName{"U8", StoredType::u8},
    TypeName{"U16", StoredType::u16},     TypeName{"U32", StoredType::u32}, TypeName{"U64", StoredType::u64},
    TypeName{"BOOL", StoredType::boolean}};

std::string all_names_in_files() {
  std::string names;
  for (const auto& known : type_names) names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  return names;
}

constexpr const char* metadata_key = "__metadata__";

/// Takes the header as the parser reads it.
class HeaderReader final : public JsonHandler {
 public:
  HeaderReader(const char* op, const std::string& path) : op_(op), path_(path) {}

  SafeTensorsHeader take() { return std::move(header_); }

  void other(const std::string& value) override { unexpected(value); }
  void number(std::uint64_t value) override {
    if (list_ == nullptr) unexpected(fmt::to_string(value));
    if (list_->size() == max_file_axes) {
      fail<DataError>(op_, "{}: expected at most {} numbers in {}, received more", path_, max_file_axes, place());
    }
    list_->push_back(value);
  }

  void text(const std::string& value) override {
    if (where_ == Where::metadata) {
      if (!header_.metadata.emplace(key_, value).second) {
        fail<DataError>(op_, "{}: metadata '{}' is there twice", path_, key_);
      }
      return;
    }
    if (where_ != Where::entry || list_ != nullptr || key_ != "dtype") unexpected(fmt::format("\"{}\"", value));
    const auto* known = std::ranges::find(type_names, value, &TypeName::name);
    if (known == type_names.end()) {
      fail<DataError>(op_, "{}: tensor '{}': expected a dtype of {}, received {}", path_, entry().name,
                      all_names_in_files(), value);
    }
    entry().type = known->type;
  }

  void begin_object() override {
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
      unexpected("an object");
    }
  }
  void key(const std::string& name) override {
    key_ = name;
    if (where_ == Where::top && !names_.insert(name).second) {
      fail<DataError>(op_, "{}: tensor '{}' is there twice", path_, name);
    }
    if (where_ != Where::entry) return;
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      fail<DataError>(op_, "{}: tensor '{}': expected dtype, shape and data_offsets, received '{}'", path_,
                      entry().name, name);
    }
    if (!fields_.insert(name).second) {
      fail<DataError>(op_, "{}: tensor '{}': {} is there twice", path_, entry().name, name);
    }
  }
  void end_object() override {
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
  }
  void begin_list() override {
    if (where_ != Where::entry || list_ != nullptr || key_ == "dtype") unexpected("a list");
    list_ = key_ == "shape" ? &entry().shape : &offsets_;
  }
  void end_list() override { list_ = nullptr; }
  void damaged(std::size_t position) override {
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
  [[noreturn]] void unexpected(const std::string& received) {
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
  if (auto json = to_json(text)) return *std::move(json);
  std::string shown = text;
  for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
  fail<ValueError>(op, "expected text in UTF-8, received '{}'", shown);
}

}  // namespace

std::string_view name_in_files(StoredType type) { return std::ranges::find(type_names, type, &TypeName::type)->name; }

SafeTensorsHeader parse_safetensors_header(const char* op, const std::string& path, std::string_view text) {
  if (text.empty() || text.front() != '{') {
    fail<DataError>(op, "{}: expected a header in JSON, which begins with '{{': received {}", path,
                    text.empty() ? "an empty one" : fmt::format("a byte {:02x}", static_cast<unsigned char>(text[0])));
  }
  HeaderReader reader(op, path);
  parse_json(text, reader);
  return reader.take();
}

std::string format_safetensors_header(const char* op, const SafeTensorsHeader& header) {
  std::string text = "{";
  if (!header.metadata.empty()) {
    text += fmt::format("\"{}\":{{", metadata_key);
    for (const auto& [key, value] : header.metadata) text += fmt::format("{}:{},", quoted(op, key), quoted(op, value));
    text.back() = '}';
    text += ',';
  }
  std::set<std::string_view> names;
  for (const auto& entry : header.entries) {
    if (entry.name == metadata_key) fail<ValueError>(op, "a tensor cannot have the name {}", metadata_key);
    if (!names.insert(entry.name).second) fail<ValueError>(op, "tensor '{}' is there twice", entry.name);
    std::string sizes;
    for (const auto size : entry.shape) sizes += fmt::format("{}{}", sizes.empty() ? "" : ",", size);
    text += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}},", quoted(op, entry.name),
                        name_in_files(entry.type), sizes, entry.begin, entry.end);
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  return text;
}

}  // namespace xtape::detail
