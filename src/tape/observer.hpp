#pragma once

#include <span>

#include "xtape/tape/record.hpp"

namespace xtape::detail {

/// Is shown the result of every op of a thread: see TapeImpl::observer.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Of results that have been numbered.
  virtual void check(const char* name, const Inputs& inputs, std::span<const Tensor> outputs) = 0;
};

}  // namespace xtape::detail
