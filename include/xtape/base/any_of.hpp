#pragma once

#include <memory>
#include <utility>

namespace xtape::detail {

[[noreturn]] void fail_null(const char* kind);
[[noreturn]] void fail_empty(const char* kind);

/// What the handles of objects of any class have in common: AnyLoss, AnyOptimizer, AnyMetric, AnyCallback. Copies share
/// the object; a default-constructed one has none. Derived says what it holds: `static constexpr const char* kind =
/// "loss"`.
template <class Derived, class T>
class AnyOf {
 public:
  AnyOf() noexcept = default;

  /// Whether there is an object.
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// The object. Throws a ValueError where there is none.
  T& operator*() const { return *checked(); }
  T* operator->() const { return checked(); }
  /// A pointer that shares the object; null where there is none.
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
