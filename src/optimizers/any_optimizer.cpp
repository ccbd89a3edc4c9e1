#include "xtape/optimizers/any_optimizer.hpp"

#include <cctype>

#include "base/check.hpp"
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

namespace xtape::optimizers {
namespace {

struct Named {
  const char* name;
  std::shared_ptr<Optimizer> (*make)();
};

template <class O>
std::shared_ptr<Optimizer> make() {
  return std::make_shared<O>();
}

constexpr Named known[] = {
    {"adadelta", make<Adadelta>}, {"adafactor", make<Adafactor>}, {"adagrad", make<Adagrad>}, {"adam", make<Adam>},
    {"adamax", make<Adamax>},     {"adamw", make<AdamW>},         {"ftrl", make<Ftrl>},       {"lamb", make<Lamb>},
    {"lion", make<Lion>},         {"nadam", make<Nadam>},         {"rmsprop", make<RMSprop>}, {"sgd", make<SGD>},
};

}  // namespace

AnyOptimizer::AnyOptimizer(const std::string& name) {
  std::string lower = name, names;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& entry : known) {
    if (lower == entry.name) {
      optimizer_ = entry.make();
      return;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  }
  detail::fail<ValueError>("AnyOptimizer", "unknown optimizer '{}', expected one of: {}", name, names);
}

void AnyOptimizer::check() const {
  if (!optimizer_) detail::fail<ValueError>("AnyOptimizer", "the pointer to an optimizer is empty");
}

}  // namespace xtape::optimizers
