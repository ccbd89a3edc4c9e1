#pragma once

#include "xtape/models/callback.hpp"

namespace xtape::callbacks {

/// Keyword arguments of TerminateOnNaN.
struct TerminateOnNaNOptions {
  bool raise_error = false;  ///< throw instead of ending the training
};

/// Ends the training after a batch whose loss is NaN or infinite (keras.callbacks.TerminateOnNaN), and says so on
/// standard output; or throws a RuntimeError, for what is not to hear that the training has ended. To see which op made
/// the NaN, see debug::CheckNumerics.
class TerminateOnNaN : public Callback {
 public:
  explicit TerminateOnNaN(const TerminateOnNaNOptions& options = {}) : options_(options) {}

  void on_train_batch_end(std::int64_t batch, const Logs& logs) override;

 private:
  TerminateOnNaNOptions options_;
};

}  // namespace xtape::callbacks
