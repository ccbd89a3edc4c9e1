#include "io/model_index.hpp"

#include <set>

#include "base/check.hpp"
#include "io/input_file.hpp"
#include "io/json.hpp"

namespace xtape::detail {
namespace {

constexpr const char* map_key = "weight_map";

/// Takes the map of names and files; what else the index says is passed over.
class IndexReader final : public JsonHandler {
 public:
  IndexReader(const char* op, const std::string& path) : op_(op), path_(path) {}

  std::vector<std::pair<std::string, std::string>> take() {
    if (!found_)
      fail<DataError>(op_, "{}: expected the index of a model in several files, with a \"weight_map\"", path_);
    return std::move(files_);
  }

  void number(std::uint64_t value) override { other(fmt::to_string(value)); }
  void text(const std::string& value) override {
    if (!in_map()) return other(fmt::format("\"{}\"", value));
    if (value.empty() || value == "." || value == ".." || value.find_first_of(std::string("/\0", 2)) != value.npos) {
      fail<DataError>(op_, "{}: tensor '{}': expected the name of a file beside the index, received '{}'", path_, key_,
                      value);
    }
    files_.emplace_back(key_, value);
  }
  void other(const std::string& value) override {
    if (depth_ == 0)
      fail<DataError>(op_, "{}: expected the index of a model in several files, received {}", path_, value);
    if (in_map() || at_map()) unexpected(value);
  }
  void begin_object() override {
    if (in_map()) unexpected("an object");
    if (at_map()) found_ = inside_ = true;
    ++depth_;
  }
  void key(const std::string& name) override {
    key_ = name;
    if (depth_ == 1 && name == map_key && found_) fail<DataError>(op_, "{}: {} is there twice", path_, map_key);
    if (in_map() && !names_.insert(name).second) fail<DataError>(op_, "{}: tensor '{}' is there twice", path_, name);
  }
  void end_object() override {
    --depth_;
    if (depth_ == 1) inside_ = false;
  }
  void begin_list() override {
    other("a list");
    ++depth_;
  }
  void end_list() override { --depth_; }
  void damaged(std::size_t position) override {
    fail<DataError>(op_, "{}: expected JSON, which is damaged at its byte {}", path_, position);
  }

 private:
  bool at_map() const { return depth_ == 1 && key_ == map_key; }
  bool in_map() const { return inside_ && depth_ == 2; }
  [[noreturn]] void unexpected(const std::string& received) {
    if (in_map())
      fail<DataError>(op_, "{}: tensor '{}': expected the name of a file, received {}", path_, key_, received);
    fail<DataError>(op_, "{}: {}: expected an object, received {}", path_, map_key, received);
  }

  const char* op_;
  const std::string& path_;
  int depth_ = 0;
  bool inside_ = false, found_ = false;
  std::string key_;
  std::set<std::string> names_;
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> read_model_index(const char* op, const std::string& path) {
  InputFile file(op, path, InputFile::Gzip::text);
  IndexReader reader(op, path);
  parse_json(read_all(file), reader);
  return reader.take();
}

io::NamedTensors load_indexed(
    const char* op, const std::string& path,
    const std::function<io::NamedTensors(const std::string&, const std::function<bool(const std::string&)>&)>& load) {
  const auto index = read_model_index(op, path);
  std::map<std::string, std::map<std::string, std::size_t>> files;  // each with its tensors' places in the index
  for (std::size_t i = 0; i < index.size(); ++i) files[index[i].second].emplace(index[i].first, i);
  io::NamedTensors tensors(index.size());
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  for (const auto& file : files) {  // clang++ 14 does not capture structured bindings
    const auto& places = file.second;
    const std::string shard = folder + file.first;
    for (auto& [name, value] : load(shard, [&](const std::string& tensor) { return places.contains(tensor); })) {
      const auto place = places.find(name);
      if (place != places.end()) tensors[place->second] = {name, std::move(value)};
    }
    for (const auto& [name, place] : places) {
      if (tensors[place].second.defined()) continue;
      fail<DataError>(op, "{}: tensor '{}': expected it in {}, which does not have it", path, name, shard);
    }
  }
  return tensors;
}

}  // namespace xtape::detail
