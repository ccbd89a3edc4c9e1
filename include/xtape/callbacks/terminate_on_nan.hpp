#pragma once

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of TerminateOnNaN.
struct TerminateOnNaNOptions {
  bool raise_error = false;  ///< throw instead of ending the training
};

/// Ends the training after a batch whose loss is NaN or infinite (keras.callbacks.TerminateOnNaN), and says so on
/// standard output. With raise_error it throws a RuntimeError instead, so that the callbacks' on_train_end is not
/// called. To find the op that made the NaN, see debug::CheckNumerics.
class TerminateOnNaN : public Callback {
 public:
  explicit TerminateOnNaN(const TerminateOnNaNOptions& options = {}) : options_(options) {}

  void on_train_batch_end(std::int64_t batch, const Logs& logs) override;

 private:
  TerminateOnNaNOptions options_;
};

}  // namespace xtape::callbacks
