#pragma once

#include <cstdint>
#include <functional>

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of LambdaCallback: Callback's functions with their arguments. Empty ones do nothing.
struct LambdaCallbackOptions {
  std::function<void(int epoch)> on_epoch_begin = {};
  std::function<void(int epoch, const Logs& logs)> on_epoch_end = {};
  std::function<void()> on_train_begin = {};
  std::function<void(const Logs& logs)> on_train_end = {};
  std::function<void(std::int64_t batch)> on_train_batch_begin = {};
  std::function<void(std::int64_t batch, const Logs& logs)> on_train_batch_end = {};
  std::function<void()> on_test_begin = {};
  std::function<void(const Logs& logs)> on_test_end = {};
  std::function<void(std::int64_t batch)> on_test_batch_begin = {};
  std::function<void(std::int64_t batch, const Logs& logs)> on_test_batch_end = {};
  std::function<void()> on_predict_begin = {};
  std::function<void()> on_predict_end = {};
  std::function<void(std::int64_t batch)> on_predict_batch_begin = {};
  std::function<void(std::int64_t batch)> on_predict_batch_end = {};
  std::function<void()> on_failure = {};
};

/// A callback made of functions (keras.callbacks.LambdaCallback):
///
///     .callbacks = {callbacks::LambdaCallback({.on_epoch_end = [&](int epoch, const Logs& logs) {
///       fmt::print(file, "{} {}\n", epoch, logs["loss"]);
///     }})}
class LambdaCallback : public Callback {
 public:
  explicit LambdaCallback(LambdaCallbackOptions options) : f_(std::move(options)) {}

  void on_epoch_begin(int epoch) override { call(f_.on_epoch_begin, epoch); }
  void on_epoch_end(int epoch, const Logs& logs) override { call(f_.on_epoch_end, epoch, logs); }
  void on_train_begin() override { call(f_.on_train_begin); }
  void on_train_end(const Logs& logs) override { call(f_.on_train_end, logs); }
  void on_train_batch_begin(std::int64_t batch) override { call(f_.on_train_batch_begin, batch); }
  void on_train_batch_end(std::int64_t batch, const Logs& logs) override { call(f_.on_train_batch_end, batch, logs); }
  void on_test_begin() override { call(f_.on_test_begin); }
  void on_test_end(const Logs& logs) override { call(f_.on_test_end, logs); }
  void on_test_batch_begin(std::int64_t batch) override { call(f_.on_test_batch_begin, batch); }
  void on_test_batch_end(std::int64_t batch, const Logs& logs) override { call(f_.on_test_batch_end, batch, logs); }
  void on_predict_begin() override { call(f_.on_predict_begin); }
  void on_predict_end() override { call(f_.on_predict_end); }
  void on_predict_batch_begin(std::int64_t batch) override { call(f_.on_predict_batch_begin, batch); }
  void on_predict_batch_end(std::int64_t batch) override { call(f_.on_predict_batch_end, batch); }
  void on_failure() override { call(f_.on_failure); }

 private:
  template <class F, class... Args>
  static void call(const F& function, const Args&... args) {
    if (function) function(args...);
  }

  LambdaCallbackOptions f_;
};

}  // namespace xtape::callbacks
