#pragma once

#include <new>
#include <stdexcept>
#include <string>

#include "xtape/base/compiler.hpp"

namespace xtape {

/// The common base of xtape's exceptions, beside their standard types: `catch (const xtape::Error&)` catches them all.
/// The text has one form, `[function] what was expected: what was received`; layers add where it happened.
class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  virtual ~Error() = default;

  const std::string& message() const& noexcept { return message_; }
  std::string message() const&& { return message_; }
  /// Appends where the error happened, such as "in layer 'dense_1' of model 'mlp'".
  void add_context(const std::string& where) { message_ += "\n  " + where; }

 protected:
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

 private:
  std::string message_;
};

namespace detail {
template <class Standard>
class ErrorOf : public Standard, public Error {
 public:
  explicit ErrorOf(const std::string& message) : Standard(message), Error(message) {}
  const char* what() const noexcept override { return message().c_str(); }
};
}  // namespace detail

/// A value, shape or option that the function cannot take (Python's ValueError).
struct ValueError : detail::ErrorOf<std::invalid_argument> {
  using ErrorOf::ErrorOf;
};
/// A dtype or kind of argument that the function cannot take (Python's TypeError).
struct TypeError : detail::ErrorOf<std::invalid_argument> {
  using ErrorOf::ErrorOf;
};
/// An index or axis outside its range (Python's IndexError).
struct IndexError : detail::ErrorOf<std::out_of_range> {
  using ErrorOf::ErrorOf;
};
/// A call at the wrong time, such as a second gradient() of a non-persistent tape (Python's RuntimeError).
struct RuntimeError : detail::ErrorOf<std::logic_error> {
  using ErrorOf::ErrorOf;
};
/// A gradient that has not been defined (TensorFlow's LookupError).
struct LookupError : detail::ErrorOf<std::logic_error> {
  using ErrorOf::ErrorOf;
};
/// A file that is missing, truncated or of another format.
struct DataError : detail::ErrorOf<std::runtime_error> {
  using ErrorOf::ErrorOf;
};

/// The system has no memory left, even after the cached blocks were returned to it. The text says how many bytes were
/// requested, for what and by which op, and how many are in use. If memory for this text is missing too, it is "[out of
/// memory]".
struct OutOfMemoryError : std::bad_alloc, Error {
  explicit OutOfMemoryError(std::string message) : Error(std::move(message)) {}
  const char* what() const noexcept override { return message().c_str(); }
};

}  // namespace xtape
