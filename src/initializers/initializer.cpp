#include "xtape/initializers/initializer.hpp"

#include <algorithm>
#include <span>

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/initializers/constant.hpp"
#include "xtape/initializers/identity.hpp"
#include "xtape/initializers/ones.hpp"
#include "xtape/initializers/orthogonal.hpp"
#include "xtape/initializers/random_initializers.hpp"
#include "xtape/initializers/variance_scaling.hpp"
#include "xtape/initializers/zeros.hpp"

namespace xtape {
namespace {

template <class T>
Initializer make(const Config& config) {
  T initializer{};
  detail::read_fields(config, initializer);
  return initializer;
}

using namespace initializers;
constexpr detail::Named<Initializer (*)(const Config&)> known[] = {
    {"constant", make<Constant>},
    {"glorot_normal", make<GlorotNormal>},
    {"glorot_uniform", make<GlorotUniform>},
    {"he_normal", make<HeNormal>},
    {"he_uniform", make<HeUniform>},
    {"identity", make<Identity>},
    {"lecun_normal", make<LecunNormal>},
    {"lecun_uniform", make<LecunUniform>},
    {"ones", make<Ones>, {"one"}},
    {"orthogonal", make<Orthogonal>},
    {"random_normal", make<RandomNormal>, {"normal"}},
    {"random_uniform", make<RandomUniform>, {"uniform"}},
    {"truncated_normal", make<TruncatedNormal>},
    {"variance_scaling", make<VarianceScaling>},
    {"zeros", make<Zeros>, {"zero"}},
};

}  // namespace

Initializer::Initializer(const std::string& name)
    : Initializer(detail::get_named("Initializer", "initializer", known, name).value(Config())) {}

Initializer::Initializer(Function function, ConfigValue (*describe)(const Function&))
    : function_(std::move(function)), describe_(describe) {
  if (!function_) detail::fail<ValueError>("Initializer", "the callable is empty");
}

Initializer Initializer::from_config(const ConfigValue& value) {
  if (value.is_none()) return "glorot_uniform";
  if (const auto* name = value.get<std::string>()) return *name;
  const Config& config = detail::config_of(value);
  if (const auto maker = registry().find(config.class_name())) return (*maker)(config);
  return detail::get_named("Initializer", "initializer", known, config.class_name()).value(config);
}

detail::Registry<Initializer>& Initializer::registry() {
  static detail::Registry<Initializer> classes;
  return classes;
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
