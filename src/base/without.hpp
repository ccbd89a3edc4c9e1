#pragma once

#include "base/check.hpp"

namespace xtape::detail {

/// Throws the error of a call for which the library was built without what it needs: a library, the option of the build
/// that brings it, and its package in Debian.
[[noreturn]] inline void fail_without(const char* op, const char* library, const char* option, const char* package) {
  fail<RuntimeError>(op, "expected xtape built with {0}, received one built without: configure it with -D{1}=ON ({2})",
                     library, option, package);
}

}  // namespace xtape::detail
