#include "xtape/base/any_of.hpp"

#include <string>
#include <string_view>

#include "base/check.hpp"

namespace xtape::detail {
namespace {

/// "loss" -> "AnyLoss"
std::string class_of_kind(const char* kind) {
  std::string name = std::string("Any") + kind;
  name[3] = static_cast<char>(name[3] - 'a' + 'A');
  return name;
}

}  // namespace

void fail_null(const char* kind) {
  const bool vowel = std::string_view("aeiou").find(kind[0]) != std::string_view::npos;
  fail<ValueError>(class_of_kind(kind).c_str(), "expected {} {}, received a null pointer", vowel ? "an" : "a", kind);
}

void fail_empty(const char* kind) { fail<ValueError>(class_of_kind(kind).c_str(), "there is no {}", kind); }

}  // namespace xtape::detail
