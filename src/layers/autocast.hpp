#pragma once

#include <list>

#include "xtape/core/variable.hpp"

namespace xtape::detail {

/// While it lives, reads of floating variables on the calling thread are cast to this dtype; the casts are recorded.
/// Each read makes a new cast, as in Keras, which lives as long as the scope.
class AutocastScope : public Autocast {
 public:
  explicit AutocastScope(DType to) noexcept;

 private:
  ThreadStateScope<&ThreadState::autocast> current_;
  std::list<Tensor, PoolAllocator<Tensor>> casts_;
};

}  // namespace xtape::detail
