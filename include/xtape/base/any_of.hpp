#pragma once

#include <memory>
#include <utility>

#include "xtape/base/compiler.hpp"

namespace xtape::detail {

[[noreturn]] void fail_null(const char* kind);
[[noreturn]] void fail_empty(const char* kind);

/// The common base of the handles AnyLoss, AnyOptimizer, AnyMetric and AnyCallback, which hold an object of any derived
/// class. Copies share the object; a default-constructed handle is empty. Derived names the kind of object: `static
/// constexpr const char* kind = "loss"`.
template <class Derived, class T>
class AnyOf {
 public:
  AnyOf() noexcept = default;

  /// Whether there is an object.
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// The object. Throws a ValueError for an empty handle.
  T& operator*() const { return *checked(); }
  T* operator->() const { return checked(); }
  /// A pointer that shares the object; null for an empty handle.
  std::shared_ptr<T> get() const noexcept { return object_; }

 protected:
  /// Throws a ValueError for a null pointer.
  explicit AnyOf(std::shared_ptr<T> object) : object_(std::move(object)) {
    if (object_ == nullptr) fail_null(Derived::kind);
  }
  T* checked() const {
    if (object_ == nullptr) fail_empty(Derived::kind);
    return object_.get();
  }

 private:
  std::shared_ptr<T> object_;
};

}  // namespace xtape::detail
