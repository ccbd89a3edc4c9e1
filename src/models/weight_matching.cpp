#include "models/weight_matching.hpp"

#include <algorithm>
#include <regex>

#include "base/check.hpp"
#include "models/named_weights.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"

namespace xtape::detail {
namespace {

constexpr std::size_t max_listed = 25;
/// std::regex goes deeper into the stack with each character.
constexpr std::size_t max_renamed_name = 1000;

std::string listed(const std::vector<std::string>& lines, const char* more) {
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), max_listed); ++i) text += "\n  " + lines[i];
  if (lines.size() > max_listed) text += fmt::format("\n  and {} more {}", lines.size() - max_listed, more);
  return text;
}

std::vector<std::pair<std::regex, std::string>> compiled(
    const char* method, const std::vector<std::pair<std::string, std::string>>& rename) {
  std::vector<std::pair<std::regex, std::string>> patterns;
  for (const auto& [pattern, replacement] : rename) {
    try {
      patterns.emplace_back(std::regex(pattern), replacement);
    } catch (const std::regex_error& error) {
      fail<ValueError>(method, "rename: expected a regular expression, received \"{}\": {}", pattern, error.what());
    }
  }
  return patterns;
}

std::string renamed(const char* method, const std::string& path, std::string name,
                    const std::vector<std::pair<std::regex, std::string>>& patterns) {
  for (const auto& [pattern, replacement] : patterns) {
    if (name.size() > max_renamed_name) {
      fail<DataError>(method, "{}: expected names of at most {} bytes to rename, received '{}'", path, max_renamed_name,
                      name);
    }
    try {
      name = std::regex_replace(name, pattern, replacement);
    } catch (const std::regex_error& error) {  // a pattern that goes back too often
      fail<ValueError>(method, "rename: {}: '{}': {}", path, name, error.what());
    }
  }
  return name;
}

bool looks_like_pytorch(const std::string& name) {
  for (const char* end : {".weight", ".running_mean", ".weight_ih_l0", ".in_proj_weight"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

}  // namespace

void assign_all(const std::vector<NewValue>& found) {
  for (auto [variable, value] : found) variable.assign(value);
}

bool castable(DType from, DType to) { return from == to || (is_floating(from) && is_floating(to)); }

void Differences::only_in_file(const std::string& name) {
  only_in_file_.push_back(fmt::format("{} is in the file only", Whole{name}));
}

void Differences::check(const char* method, const std::string& path, bool skip) const {
  if (skip || (notes_.empty() && only_in_file_.empty())) return;
  const std::string text = listed(notes_, "differences") + listed(only_in_file_, "in the file only");
  fail<DataError>(method, "{} does not match the model:{}", path, Whole{text});
}

std::string FileTensors::Entry::shown_names() const {
  return name == renamed ? fmt::format("'{}'", shown(name))
                         : fmt::format("'{}' (renamed '{}')", shown(name), shown(renamed));
}

FileTensors::FileTensors(const char* method, const std::string& path, io::NamedTensors tensors,
                         const std::vector<std::pair<std::string, std::string>>& rename) {
  const auto patterns = compiled(method, rename);
  for (auto& [name, value] : tensors) {
    const std::size_t i = entries_.size();
    const std::string& now =
        entries_.emplace_back(Entry{name, renamed(method, path, name, patterns), std::move(value)}).renamed;
    if (now.empty() && !name.empty()) continue;
    const auto [other, is_new] = exact_.emplace(now, i);
    if (!is_new) {
      fail<DataError>(method, "{}: expected names that differ, '{}' and '{}' both become '{}'", path,
                      entries_[other->second].name, name, now);
    }
    dotted_[dotted(now)].push_back(i);
  }
}

FileTensors::Entry* FileTensors::find(const std::string& name) {
  if (const auto at = exact_.find(name); at != exact_.end()) return &entries_[at->second];
  const auto at = dotted_.find(dotted(name));
  return at != dotted_.end() && at->second.size() == 1 ? &entries_[at->second[0]] : nullptr;
}

void FileTensors::finish(LoadedWeights& report, Differences& differences, bool silent) const {
  for (const auto& entry : entries_) {
    if (entry.used) continue;
    report.unused.push_back(entry.name);
    const bool left_out = entry.renamed.empty() && !entry.name.empty();
    if (!silent && !left_out) differences.only_in_file(entry.shown_names());
  }
}

std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::vector<NewValue> match_names(const char* method, const std::string& path, io::NamedTensors tensors, Model& model,
                                  const LoadWeightsOptions& options, LoadedWeights& report) {
  FileTensors file(method, path, std::move(tensors), options.rename);
  std::vector<NewValue> found;
  Differences differences;
  report.matched_by = "names";
  for (const auto& [name, variable] : named_weights(model)) {
    auto* entry = file.find(name);
    if (entry == nullptr) {
      report.missing.push_back(name);
      if (!options.by_name) differences.note(fmt::format("'{}' is missing in the file", shown(name)));
      continue;
    }
    entry->used = true;
    const Tensor& value = entry->value;
    if (value.shape() != variable.shape() || !castable(value.dtype(), variable.dtype())) {
      report.missing.push_back(name);
      differences.note(fmt::format("'{}' is {} {} in the file, expected {} {}", shown(name), value.dtype(),
                                   value.shape(), variable.dtype(), variable.shape()));
      continue;
    }
    report.loaded.push_back(name);
    found.push_back({variable, cast(value, variable.dtype())});
  }
  file.finish(report, differences, options.by_name);
  const auto& unused = report.unused;
  if (!report.missing.empty() && std::any_of(unused.begin(), unused.end(), looks_like_pytorch)) {
    differences.note("the names are those of PyTorch's modules: {.layout = \"pytorch\"} takes them");
  }
  differences.check(method, path, options.skip_mismatch);
  return found;
}

}  // namespace xtape::detail
