#pragma once

#include <list>

#include "xtape/core/variable.hpp"

namespace xtape::detail {

/// While it lives, floating variables of another dtype read as casts to this one on the calling thread, recorded as
/// other ops are. Each read makes a new one, as in Keras; they live as long as the scope.
class AutocastScope : public Autocast {
 public:
  explicit AutocastScope(DType to) noexcept;

 private:
  ThreadStateScope<&ThreadState::autocast> current_;
  std::list<Tensor, PoolAllocator<Tensor>> casts_;
};

}  // namespace xtape::detail
