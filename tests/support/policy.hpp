#pragma once

#include "support/warning_capture.hpp"
#include "xtape/layers/dtype_policy.hpp"

namespace xtape::testing {

/// Sets the global policy until the end of its life; the warning that it is slow here, given once, is not printed.
class Policy {
 public:
  explicit Policy(DTypePolicy policy) : before_(mixed_precision::dtype_policy()) {
    const WarningCapture unseen;
    mixed_precision::set_dtype_policy(policy);
  }
  ~Policy() { mixed_precision::set_dtype_policy(before_); }
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

 private:
  DTypePolicy before_;
};

}  // namespace xtape::testing
