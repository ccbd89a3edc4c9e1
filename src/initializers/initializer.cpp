#include "xtape/initializers/initializer.hpp"

#include <algorithm>
#include <span>

#include "base/check.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/initializers/glorot_uniform.hpp"
#include "xtape/initializers/he_normal.hpp"
#include "xtape/initializers/identity.hpp"
#include "xtape/initializers/ones.hpp"
#include "xtape/initializers/orthogonal.hpp"
#include "xtape/initializers/random_initializers.hpp"
#include "xtape/initializers/variance_scaling.hpp"
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
    {"constant", "Constant", make<Constant>},
    {"glorot_normal", "GlorotNormal", make<GlorotNormal>},
    {"glorot_uniform", "GlorotUniform", make<GlorotUniform>},
    {"he_normal", "HeNormal", make<HeNormal>},
    {"he_uniform", "HeUniform", make<HeUniform>},
    {"identity", "Identity", make<Identity>},
    {"lecun_normal", "LecunNormal", make<LecunNormal>},
    {"lecun_uniform", "LecunUniform", make<LecunUniform>},
    {"ones", "Ones", make<Ones>},
    {"orthogonal", "Orthogonal", make<Orthogonal>},
    {"random_normal", "RandomNormal", make<RandomNormal>},
    {"random_uniform", "RandomUniform", make<RandomUniform>},
    {"truncated_normal", "TruncatedNormal", make<TruncatedNormal>},
    {"variance_scaling", "VarianceScaling", make<VarianceScaling>},
    {"zeros", "Zeros", make<Zeros>},
};
/// Keras's other names, which the list for an unknown one leaves out.
constexpr Named aliases[] = {
    {"normal", "normal", make<RandomNormal>},
    {"one", "one", make<Ones>},
    {"uniform", "uniform", make<RandomUniform>},
    {"zero", "zero", make<Zeros>},
};

const Named* find(std::span<const Named> table, const std::string& name) {
  const auto same = [&](const Named& entry) { return name == entry.name || name == entry.class_name; };
  const auto found = std::find_if(table.begin(), table.end(), same);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

Initializer::Initializer(const std::string& name) {
  const Named* entry = find(known, name);
  if (entry == nullptr) entry = find(aliases, name);
  if (entry != nullptr) {
    *this = entry->make();
    return;
  }
  std::string names;
  for (const auto& other : known) names += fmt::format("{}{}", names.empty() ? "" : ", ", other.name);
  detail::fail<ValueError>("Initializer", "unknown initializer '{}', expected one of: {}", name, names);
}

Initializer::Initializer(Function function, int) : function_(std::move(function)) {
  if (!function_) detail::fail<ValueError>("Initializer", "the callable is empty");
}

Tensor Initializer::operator()(const Shape& shape, DType dtype) const {
  Tensor value = function_(shape, dtype);
  if (!value.defined() || value.shape() != shape || value.dtype() != dtype) {
    detail::fail<ValueError>("Initializer", "expected the callable to return {} {}, received {}", dtype, shape,
                             value.defined() ? fmt::format("{} {}", value.dtype(), value.shape()) : "an empty tensor");
  }
  return value;
}

}  // namespace xtape
