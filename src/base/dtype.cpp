#include "xtape/base/dtype.hpp"

#include "base/check.hpp"

namespace xtape {

DType dtype(std::string_view name) {
  std::string names;
  for (const DType each : detail::all_dtypes) {
    if (xtape::name(each) == name) return each;
    names += (names.empty() ? "" : ", ") + std::string(xtape::name(each));
  }
  detail::fail<ValueError>("dtype", "expected one of {}, received \"{}\"", detail::Whole{names}, name);
}

}  // namespace xtape
