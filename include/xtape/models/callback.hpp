#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "xtape/base/any_of.hpp"
#include "xtape/models/logs.hpp"

namespace xtape {

class Model;

/// The base of callbacks (keras.callbacks.Callback), which fit, evaluate and predict call while they run. A user's
/// callback overrides the functions that it needs:
///
///     struct PrintLoss : xp::Callback {
///       void on_epoch_end(int epoch, const xp::Logs& logs) override {
///         fmt::print("{}: {:.4f}\n", epoch, logs["loss"]);
///       }
///     };
///
/// Epochs and batches count from 0. The logs of an epoch include those of the validation, as "val_loss", ...
class Callback {
 public:
  Callback() = default;
  virtual ~Callback() = default;

  /// Called before on_train_begin: whether the model must have its weights by then, for example to restore them. If so,
  /// fit calls an unbuilt model on the first batch to build it. Otherwise the first training step builds it.
  virtual bool needs_built_model() const { return false; }
  virtual void on_train_begin() {}
  /// Called after on_train_begin: the first epoch to run. A callback that has restored a training returns a later one.
  virtual int first_epoch(int initial_epoch) { return initial_epoch; }
  virtual void on_train_end(const Logs& /*logs*/) {}
  virtual void on_epoch_begin(int /*epoch*/) {}
  /// Called before the on_epoch_end of all callbacks, to add values to the logs of the epoch.
  virtual void extend_logs(Logs& /*logs*/) {}
  virtual void on_epoch_end(int /*epoch*/, const Logs& /*logs*/) {}
  virtual void on_train_batch_begin(std::int64_t /*batch*/) {}
  /// The logs are the running means since the epoch began.
  virtual void on_train_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/) {}
  /// Of evaluate, and of the validation in fit.
  virtual void on_test_begin() {}
  virtual void on_test_end(const Logs& /*logs*/) {}
  virtual void on_test_batch_begin(std::int64_t /*batch*/) {}
  virtual void on_test_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/) {}
  virtual void on_predict_begin() {}
  virtual void on_predict_end() {}
  virtual void on_predict_batch_begin(std::int64_t /*batch*/) {}
  virtual void on_predict_batch_end(std::int64_t /*batch*/) {}
  /// Called instead of all that would come after it when fit, evaluate or predict ends with an exception, whoever threw
  /// it: closes files, and puts back what was changed for a while. What it throws itself is lost.
  virtual void on_failure() {}

  /// What fit is about to do.
  struct Params {
    int epochs = 1;
    std::int64_t steps = -1;  ///< of an epoch, -1 where it is not known
    int verbose = 0;
  };

  /// The model that is running. Throws a RuntimeError outside of fit, evaluate and predict, where params() are the
  /// defaults.
  Model& model() const;
  const Params& params() const& noexcept { return params_; }
  Params params() const&& { return params_; }
  /// Called before all other functions.
  virtual void set_model(Model& model) { model_ = &model; }
  virtual void set_params(const Params& params) { params_ = params; }

 protected:
  // Protected, since a Callback by value would lose its class.
  Callback(const Callback&) = default;
  Callback& operator=(const Callback&) = default;

 private:
  Model* model_ = nullptr;
  Params params_;
};

/// A callback as an option of fit: an object, which is moved or copied; a std::shared_ptr; or a pointer to an object
/// that the caller keeps.
///
///     .callbacks = {callbacks::EarlyStopping({.patience = 3}), &my_callback}
class AnyCallback : public detail::AnyOf<AnyCallback, Callback> {
 public:
  static constexpr const char* kind = "callback";

  /// None.
  AnyCallback() = default;
  template <class C>
  requires std::derived_from<std::decay_t<C>, Callback> AnyCallback(C&& callback)
      : AnyOf(std::make_shared<std::decay_t<C>>(std::forward<C>(callback))) {}
  template <std::derived_from<Callback> C>
  AnyCallback(std::shared_ptr<C> callback) : AnyOf(std::move(callback)) {}
  AnyCallback(Callback* callback);
};

}  // namespace xtape
