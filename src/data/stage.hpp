#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "xtape/data/any_dataset.hpp"

namespace xtape::detail {

/// One loop over a stage of a dataset.
class DataCursor {
 public:
  virtual ~DataCursor() = default;
  /// Makes the next element; false at the end.
  virtual bool next(Tensors& element) = 0;
  /// Starts again, for repeat(); in a new order if the stage shuffles.
  virtual void rewind() = 0;
};

using CursorPtr = std::unique_ptr<DataCursor>;

/// A stage of a dataset, which makes elements. Immutable except for what its loops share.
class DataStage {
 public:
  explicit DataStage(std::size_t tensors) : tensors_(tensors) {}
  virtual ~DataStage() = default;
  DataStage(const DataStage&) = delete;
  DataStage& operator=(const DataStage&) = delete;

  /// Starts a loop. What the order of the loop depends on is decided here, in the thread of the loop, so that threads
  /// that make elements ahead do not change it.
  virtual CursorPtr open() const = 0;
  virtual std::int64_t cardinality() const = 0;
  std::size_t tensors() const { return tensors_; }

 private:
  std::size_t tensors_;
};

using StagePtr = std::shared_ptr<const DataStage>;

using ElementFunction = std::function<Tensors(const Tensors&)>;

StagePtr batches_stage(const data::Batches& batches);
StagePtr batch_stage(StagePtr input, std::int64_t batch_size, bool drop_remainder);
StagePtr unbatch_stage(StagePtr input);
StagePtr shuffle_stage(StagePtr input, std::int64_t buffer_size, const data::ShuffleOptions& options);
StagePtr repeat_stage(StagePtr input, std::int64_t count);
StagePtr take_stage(StagePtr input, std::int64_t count);
StagePtr skip_stage(StagePtr input, std::int64_t count);
StagePtr concatenate_stage(StagePtr first, StagePtr second);
StagePtr zip_stage(StagePtr a, StagePtr b);
StagePtr map_stage(StagePtr input, ElementFunction f, std::size_t tensors);
StagePtr filter_stage(StagePtr input, std::function<bool(const Tensors&)> predicate);
StagePtr cache_stage(StagePtr input);
/// f, or the elements themselves where there is none, made ahead by `threads` threads.
StagePtr background_stage(StagePtr input, ElementFunction f, std::size_t tensors, int threads, std::size_t ahead);

}  // namespace xtape::detail
