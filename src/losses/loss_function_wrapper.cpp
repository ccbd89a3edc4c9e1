#include "xtape/losses/loss_function_wrapper.hpp"

#include "base/check.hpp"

namespace xtape::losses {

LossFunctionWrapper::LossFunctionWrapper(Function fn, std::string name, const std::string& reduction)
    : Loss(std::move(name), reduction), fn_(std::move(fn)) {
  if (!fn_) detail::fail<ValueError>(this->name().c_str(), "the callable is empty");
}

Config LossFunctionWrapper::config() const {
  Config config = Loss::config();
  if (typeid(*this) == typeid(LossFunctionWrapper)) config.set("fn", ConfigValue::custom());
  return config;
}

}  // namespace xtape::losses
