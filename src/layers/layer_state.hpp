#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "xtape/core/variable.hpp"

namespace xtape::detail {

struct LayerState {
  std::string name;
  bool named_by_user = false;
  bool built = false;
  bool trainable = true;

  struct Weight {
    std::string name;
    Variable variable;
    bool trainable;  ///< as it was added; freezing does not forget it
  };
  std::vector<Weight> weights;
  std::vector<std::shared_ptr<LayerState>> children;
  std::weak_ptr<LayerState> parent;

  /// "mlp/dense"
  std::string path() const;
  void set_trainable(bool value);

  /// The lists of variables, made again when the structure of any layer has changed.
  struct Lists {
    std::vector<Variable> all, trainable, frozen;
  };
  const Lists& lists();

 private:
  void collect(Lists& lists) const;
  std::mutex mutex_;
  std::atomic<std::uint64_t> version_{0};
  Lists lists_;
};

}  // namespace xtape::detail
