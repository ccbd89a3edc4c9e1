#include "xtape/initializers/initializer.hpp"

#include "core/check.hpp"
#include "xtape/initializers/glorot_uniform.hpp"
#include "xtape/initializers/he_normal.hpp"
#include "xtape/initializers/ones.hpp"
#include "xtape/initializers/zeros.hpp"

namespace xtape {
namespace {

struct Named {
  const char* name;
  const char* class_name;
  Initializer (*make)();
};

template <class T>
Initializer make() {
  return T{};
}

using namespace initializers;
constexpr Named known[] = {
    {"glorot_uniform", "GlorotUniform", make<GlorotUniform>},
    {"he_normal", "HeNormal", make<HeNormal>},
    {"ones", "Ones", make<Ones>},
    {"zeros", "Zeros", make<Zeros>},
};

}  // namespace

Initializer::Initializer(const std::string& name) {
  std::string names;
  for (const auto& entry : known) {
    if (name == entry.name || name == entry.class_name) {
      *this = entry.make();
      return;
    }
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  }
  detail::fail<ValueError>("Initializer", "unknown initializer '{}', expected one of: {}", name, names);
}

Initializer::Initializer(Function function, int) : function_(std::move(function)) {
  if (!function_) detail::fail<ValueError>("Initializer", "the callable is empty");
}

Tensor Initializer::operator()(const Shape& shape, DType dtype) const {
  Tensor value = function_(shape, dtype);
  if (!value.defined() || value.shape() != shape || value.dtype() != dtype) {
    detail::fail<ValueError>("Initializer", "expected the callable to return {} {}, received {}", dtype, shape,
                             value ? fmt::format("{} {}", value.dtype(), value.shape()) : "an empty tensor");
  }
  return value;
}

}  // namespace xtape
