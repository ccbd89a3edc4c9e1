#include "xtape/optimizers/any_optimizer.hpp"

#include <cctype>

#include "base/check.hpp"
#include "base/named.hpp"
#include "xtape/optimizers/adadelta.hpp"
#include "xtape/optimizers/adafactor.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamax.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lamb.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/sgd.hpp"

namespace xtape {
namespace {

using namespace optimizers;

template <class O>
std::shared_ptr<Optimizer> make() {
  return std::make_shared<O>();
}

constexpr detail::Named<std::shared_ptr<Optimizer> (*)()> known[] = {
    {"adadelta", make<Adadelta>}, {"adafactor", make<Adafactor>}, {"adagrad", make<Adagrad>}, {"adam", make<Adam>},
    {"adamax", make<Adamax>},     {"adamw", make<AdamW>},         {"ftrl", make<Ftrl>},       {"lamb", make<Lamb>},
    {"lion", make<Lion>},         {"nadam", make<Nadam>},         {"rmsprop", make<RMSprop>}, {"sgd", make<SGD>},
};

}  // namespace

AnyOptimizer::AnyOptimizer(const std::string& name)
    : AnyOf(detail::get_named("AnyOptimizer", "optimizer", known, name).value()) {}

}  // namespace xtape
