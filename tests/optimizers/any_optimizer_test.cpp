#include "xtape/optimizers/any_optimizer.hpp"

#include <type_traits>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/optimizers/adadelta.hpp"
#include "xtape/optimizers/adafactor.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamax.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lamb.hpp"
#include "xtape/optimizers/lars.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/muon.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/radam.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/schedule_free_adamw.hpp"
#include "xtape/optimizers/sgd.hpp"

using namespace xtape;
using namespace xtape::optimizers;

namespace {

template <class O>
bool makes(const AnyOptimizer& optimizer) {
  return dynamic_cast<O*>(optimizer.get().get()) != nullptr;
}

}  // namespace

TEST_CASE("any optimizer: Keras's names, in lower case or the class's") {
  CHECK(makes<Adadelta>("adadelta"));
  CHECK(makes<Adadelta>("Adadelta"));
  CHECK(makes<Adafactor>("adafactor"));
  CHECK(makes<Adagrad>("adagrad"));
  CHECK(makes<Adam>("adam"));
  CHECK_FALSE(makes<AdamW>("adam"));
  CHECK(makes<Adam>(std::string("Adam")));
  CHECK(makes<Adamax>("adamax"));
  CHECK(makes<AdamW>("adamw"));
  CHECK(makes<AdamW>("AdamW"));
  CHECK(makes<Ftrl>("ftrl"));
  CHECK(makes<Lamb>("lamb"));
  CHECK(makes<LARS>("lars"));
  CHECK(makes<Lion>("lion"));
  CHECK(makes<Muon>("muon"));
  CHECK(makes<Nadam>("nadam"));
  CHECK(makes<RAdam>("radam"));
  CHECK(makes<RMSprop>("rmsprop"));
  CHECK(makes<RMSprop>("RMSprop"));
  CHECK(makes<ScheduleFreeAdamW>("schedulefreeadamw"));
  CHECK(makes<ScheduleFreeAdamW>("schedule_free_adamw"));
  CHECK(makes<SGD>("sgd"));
  CHECK(makes<SGD>("SGD"));
  CHECK(AnyOptimizer("adam").get()->learning_rate() == 0.001);
  CHECK(AnyOptimizer("sgd").get()->learning_rate() == 0.01);
  CHECK_THROWS_TEXT(ValueError,
                    "[AnyOptimizer] unknown optimizer 'typo', expected one of: adadelta, adafactor, adagrad, adam, "
                    "adamax, adamw, ftrl, lamb, lars, lion, muon, nadam, radam, rmsprop, schedule_free_adamw, sgd",
                    AnyOptimizer("typo"));
}

TEST_CASE("any optimizer: objects are moved in, pointers shared, copies share") {
  struct Options {
    AnyOptimizer optimizer = "rmsprop";
  };
  CHECK(makes<RMSprop>(Options().optimizer));
  const Options options{.optimizer = SGD({.learning_rate = 0.5})};
  CHECK(options.optimizer.get()->learning_rate() == 0.5);
  Adam adam({.learning_rate = 0.25});
  const AnyOptimizer moved = std::move(adam);
  CHECK(moved.get()->learning_rate() == 0.25);
  const auto shared = std::make_shared<Adam>();
  const AnyOptimizer pointer = shared, copy = pointer;
  CHECK(copy.get() == shared);
  CHECK_THROWS_TEXT(ValueError, "[AnyOptimizer] expected an optimizer, received a null pointer",
                    AnyOptimizer(std::shared_ptr<Adam>()));
  static_assert(std::is_convertible_v<Adam, AnyOptimizer>);
  static_assert(!std::is_constructible_v<AnyOptimizer, Adam&>);
  static_assert(!std::is_constructible_v<AnyOptimizer, const Adam&>);
  static_assert(!std::is_constructible_v<AnyOptimizer, Optimizer&>);
}
