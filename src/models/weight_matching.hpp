#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "xtape/core/variable.hpp"
#include "xtape/io/named_tensors.hpp"
#include "xtape/models/saving.hpp"

// What readers of weights share: nothing is assigned before everything is found and fits.
namespace xtape {
class Model;
}

namespace xtape::detail {

/// Where a value of a file goes.
struct NewValue {
  Variable variable;
  Tensor value;
};

void assign_all(const std::vector<NewValue>& found);

/// Whether values of a file may become those of a variable: the same dtype, or both floating.
bool castable(DType from, DType to);

/// Collects what does not match.
class Differences {
 public:
  void note(std::string what) { notes_.push_back(std::move(what)); }
  void only_in_file(const std::string& name);
  /// Throws a DataError that lists them, unless there are none or they may be skipped. A long list is shortened.
  void check(const char* method, const std::string& path, bool skip) const;

 private:
  std::vector<std::string> notes_, only_in_file_;
};

/// The tensors of a file under the names that LoadWeightsOptions::rename gives them.
class FileTensors {
 public:
  struct Entry {
    std::string name, renamed;
    Tensor value;
    bool used = false;
    /// "'a.weight'", or "'a.weight' (renamed 'b.weight')"
    std::string shown_names() const;
  };

  /// Throws a ValueError for a regular expression that is none, and a DataError for two tensors that get one name.
  FileTensors(const char* method, const std::string& path, io::NamedTensors tensors,
              const std::vector<std::pair<std::string, std::string>>& rename);

  /// The tensor of this name, where '.' and '/' are the same unless two names differ in nothing else; null if there is
  /// none.
  Entry* find(const std::string& name);

  /// Drops all values.
  void release() {
    for (auto& entry : entries_) entry.value = Tensor();
  }
  /// Reports what was not used; unless `silent`, it is a difference.
  void finish(LoadedWeights& report, Differences& differences, bool silent) const;

 private:
  std::vector<Entry> entries_;  ///< in the order of the file
  std::unordered_map<std::string, std::size_t> exact_;
  std::unordered_map<std::string, std::vector<std::size_t>> dotted_;  ///< by their names with dots
};

/// "dense/kernel" -> "dense.kernel"
std::string dotted(std::string name);

/// Finds the values of a model's weights by their names in the model. What does not match is a DataError that lists it,
/// or left out as the options say. Nothing is assigned.
std::vector<NewValue> match_names(const char* method, const std::string& path, io::NamedTensors tensors, Model& model,
                                  const LoadWeightsOptions& options, LoadedWeights& report);

}  // namespace xtape::detail
