#pragma once

#include <span>

#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// Who looks at every op's result: see check_numerics.cpp.
class NumericsCheck {
 public:
  virtual ~NumericsCheck() = default;
  /// Of results that have been numbered.
  virtual void check(const char* name, const Inputs& inputs, std::span<const Tensor> outputs) = 0;
};

/// That of the calling thread, or null.
extern constinit thread_local NumericsCheck* numerics_check;

}  // namespace xtape::detail
