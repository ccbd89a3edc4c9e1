#include "xtape/data/dataset.hpp"

#include <limits>
#include <mutex>

#include "base/check.hpp"
#include "core/trace.hpp"
#include "data/stage.hpp"
#include "data/take_rows.hpp"
#include "xtape/core/creation.hpp"

// A dataset is a chain of stages (stage.hpp); each loop over it opens a chain of cursors. Here are the stages that
// elements come from and the functions of AnyDataset; stage_elements.cpp has those that make new elements,
// stage_order.cpp those that choose and order, stage_background.cpp the threads.
namespace xtape {
namespace detail {
namespace {

/// Elements f(0), f(1), ...
class IndexedStage final : public DataStage {
 public:
  using Function = std::function<Tensors(std::int64_t)>;

  IndexedStage(std::int64_t count, std::size_t tensors, Function f)
      : DataStage(tensors), count_(count), f_(std::move(f)) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(count_, f_); }
  std::int64_t cardinality() const override { return count_; }

 private:
  struct Cursor final : DataCursor {
    Cursor(std::int64_t n, Function function) : count(n), f(std::move(function)) {}
    bool next(Tensors& element) override {
      if (at == count) return false;
      element = f(at++);
      return true;
    }
    void rewind() override { at = 0; }
    std::int64_t count, at = 0;
    Function f;
  };

  std::int64_t count_;
  Function f_;
};

/// Elements of a generator that each loop starts again from the first.
class GeneratorStage final : public DataStage {
 public:
  using Next = std::function<std::optional<Tensors>()>;

  GeneratorStage(std::size_t tensors, std::function<Next()> start) : DataStage(tensors), start_(std::move(start)) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(start_); }
  std::int64_t cardinality() const override { return data::unknown_cardinality; }

 private:
  struct Cursor final : DataCursor {
    explicit Cursor(std::function<Next()> s) : start(std::move(s)), generator(start()) {}
    bool next(Tensors& element) override {
      if (!generator) return false;
      auto result = generator();
      if (!result) {
        generator = nullptr;
        return false;
      }
      element = std::move(*result);
      return true;
    }
    void rewind() override { generator = start(); }
    std::function<Next()> start;
    Next generator;
  };

  std::function<Next()> start_;
};

/// The batches of a TensorDataset, each loop in a new order if they are shuffled.
class BatchesStage final : public DataStage {
 public:
  explicit BatchesStage(const data::Batches& batches) : DataStage(2), batches_(batches) {}

  // A loop works on a copy, and the original's generator moves on by one loop: what another thread repeats in its loop
  // then does not change the order of the next one.
  CursorPtr open() const override {
    const std::lock_guard lock(mutex_);
    auto cursor = std::make_unique<Cursor>(batches_);
    static_cast<void>(batches_.begin());
    return cursor;
  }
  std::int64_t cardinality() const override { return batches_.size(); }

 private:
  struct Cursor final : DataCursor {
    explicit Cursor(const data::Batches& b) : batches(b), at(batches.begin()) {}
    bool next(Tensors& element) override {
      if (at == std::default_sentinel) return false;
      data::Batch batch = *at;
      element.clear();
      element.push_back(std::move(batch.x));
      element.push_back(std::move(batch.y));
      ++at;
      return true;
    }
    void rewind() override { at = batches.begin(); }
    data::Batches batches;
    data::Batches::Iterator at;
  };

  mutable std::mutex mutex_;
  mutable data::Batches batches_;
};

}  // namespace

data::AnyDataset dataset_of(std::int64_t count, std::size_t tensors, std::function<Tensors(std::int64_t)> f) {
  return data::AnyDataset(std::make_shared<IndexedStage>(count, tensors, std::move(f)));
}

data::AnyDataset dataset_of(std::size_t tensors, std::function<std::function<std::optional<Tensors>()>()> start) {
  return data::AnyDataset(std::make_shared<GeneratorStage>(tensors, std::move(start)));
}

StagePtr batches_stage(const data::Batches& batches) { return std::make_shared<BatchesStage>(batches); }

data::AnyDataset slices_of(Tensors tensors) {
  constexpr const char* op = "from_tensor_slices";
  if (tensors.empty()) fail<ValueError>(op, "expected at least one tensor");
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) fail<ValueError>(op, "tensor {} is empty", i);
    if (tensors[i].rank() == 0) fail<ValueError>(op, "expected tensors with rows: tensor {} is a scalar", i);
    if (tensors[i].shape(0) != tensors[0].shape(0)) {
      fail<ValueError>(op, "tensors 0 and {} differ in their number of rows: {} and {}", i, tensors[0].shape(),
                       tensors[i].shape());
    }
  }
  const std::int64_t rows = tensors[0].shape(0);
  const std::size_t count = tensors.size();
  return dataset_of(rows, count, [tensors = std::move(tensors)](std::int64_t i) {
    Tensors element;
    for (const auto& t : tensors) element.push_back(data::row(t, i));
    return element;
  });
}

void check_tensors_per_element(const data::AnyDataset& dataset, std::size_t tensors) {
  if (dataset.tensors_per_element() == tensors) return;
  fail<ValueError>("Dataset", "expected elements of {} tensors, received {}", tensors, dataset.tensors_per_element());
}

}  // namespace detail

namespace data {

using detail::fail;

namespace {

/// Refuses to gather so many elements of a dataset without an end: memory would be full before the first one came out.
void check_gathered(const char* op, std::int64_t count, const AnyDataset& from) {
  constexpr std::int64_t max_elements = std::int64_t{1} << 30;
  if (count <= max_elements || from.cardinality() != infinite_cardinality) return;
  fail<ValueError>(op, "expected at most {} elements at once of a dataset without an end, received {}", max_elements,
                   count);
}

}  // namespace

AnyDataset::AnyDataset(const TensorDataset& data) : AnyDataset(detail::slices_of({data.x, data.y})) {}
AnyDataset::AnyDataset(const Batches& batches) : stage_(detail::batches_stage(batches)) {}

AnyDataset::Iterator& AnyDataset::Iterator::operator++() {
  if (detail::thread_state.tracer != nullptr)
    detail::thread_state.tracer->give_up("it takes elements of a Dataset, which differ from call to call");
  if (!cursor_->next(element_)) {
    element_.clear();
    cursor_.reset();
  }
  return *this;
}

AnyDataset::Iterator AnyDataset::begin() const { return Iterator(stage_->open()); }
std::int64_t AnyDataset::cardinality() const { return stage_->cardinality(); }
std::size_t AnyDataset::tensors_per_element() const { return stage_->tensors(); }

AnyDataset AnyDataset::map(std::function<Tensors(const Tensors&)> f, std::size_t tensors,
                           const MapOptions& options) const {
  constexpr int max_threads = 1024;
  const int threads = options.num_parallel_calls;
  if (threads < 0) fail<ValueError>("Dataset.map", "expected num_parallel_calls of at least 0, received {}", threads);
  if (threads > max_threads) {
    fail<ValueError>("Dataset.map", "expected num_parallel_calls of at most {}, received {}", max_threads, threads);
  }
  if (threads == 0) return AnyDataset(detail::map_stage(stage_, std::move(f), tensors));
  return AnyDataset(
      detail::background_stage(stage_, std::move(f), tensors, threads, 2 * static_cast<std::size_t>(threads)));
}

AnyDataset AnyDataset::filter(std::function<bool(const Tensors&)> predicate) const {
  return AnyDataset(detail::filter_stage(stage_, std::move(predicate)));
}

AnyDataset AnyDataset::shuffle(std::int64_t buffer_size, const ShuffleOptions& options) const {
  if (buffer_size < 1)
    fail<ValueError>("Dataset.shuffle", "expected a buffer size of at least 1, received {}", buffer_size);
  check_gathered("Dataset.shuffle", buffer_size, *this);
  return AnyDataset(detail::shuffle_stage(stage_, buffer_size, options));
}

AnyDataset AnyDataset::batch(std::int64_t batch_size, const BatchOptions& options) const {
  if (batch_size < 1) fail<ValueError>("Dataset.batch", "expected a batch size of at least 1, received {}", batch_size);
  check_gathered("Dataset.batch", batch_size, *this);
  return AnyDataset(detail::batch_stage(stage_, batch_size, options.drop_remainder));
}

AnyDataset AnyDataset::unbatch() const { return AnyDataset(detail::unbatch_stage(stage_)); }

AnyDataset AnyDataset::repeat(std::int64_t count) const {
  if (count < -1) fail<ValueError>("Dataset.repeat", "expected a count of at least -1, received {}", count);
  return AnyDataset(detail::repeat_stage(stage_, count));
}

AnyDataset AnyDataset::take(std::int64_t count) const {
  if (count < -1) fail<ValueError>("Dataset.take", "expected a count of at least -1, received {}", count);
  return count == -1 ? *this : AnyDataset(detail::take_stage(stage_, count));
}

AnyDataset AnyDataset::skip(std::int64_t count) const {
  if (count < -1) fail<ValueError>("Dataset.skip", "expected a count of at least -1, received {}", count);
  check_gathered("Dataset.skip", count, *this);
  return count == -1 ? take(0) : AnyDataset(detail::skip_stage(stage_, count));
}

AnyDataset AnyDataset::concatenate(const AnyDataset& next) const {
  if (tensors_per_element() != next.tensors_per_element()) {
    fail<ValueError>("Dataset.concatenate", "expected elements of {} tensors, received {}", tensors_per_element(),
                     next.tensors_per_element());
  }
  return AnyDataset(detail::concatenate_stage(stage_, next.stage_));
}

AnyDataset AnyDataset::enumerate(std::int64_t start) const {
  return detail::dataset_of(infinite_cardinality, 1,
                            [start](std::int64_t i) {
                              std::int64_t number = 0;
                              if (__builtin_add_overflow(start, i, &number)) {
                                fail<ValueError>("Dataset.enumerate", "no int64 holds {} + {}", start, i);
                              }
                              return Tensors{constant(number, int64)};
                            })
      .zip(*this);
}

AnyDataset AnyDataset::cache() const { return AnyDataset(detail::cache_stage(stage_)); }

AnyDataset AnyDataset::prefetch(std::int64_t buffer_size) const {
  if (buffer_size < 1)
    fail<ValueError>("Dataset.prefetch", "expected a buffer size of at least 1, received {}", buffer_size);
  check_gathered("Dataset.prefetch", buffer_size, *this);
  return AnyDataset(
      detail::background_stage(stage_, nullptr, tensors_per_element(), 1, static_cast<std::size_t>(buffer_size)));
}

AnyDataset AnyDataset::zip(const AnyDataset& other) const {
  return AnyDataset(detail::zip_stage(stage_, other.stage_));
}

Dataset<1> range(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) fail<ValueError>("range", "expected a step other than 0");
  // In unsigned arithmetic, which holds every distance.
  const auto distance = static_cast<std::uint64_t>(stop) - static_cast<std::uint64_t>(start);
  const auto stride = static_cast<std::uint64_t>(step);
  std::uint64_t count = 0;
  if (step > 0 && start < stop) count = (distance - 1) / stride + 1;
  if (step < 0 && start > stop) count = (0 - distance - 1) / (0 - stride) + 1;
  if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail<ValueError>("range", "expected at most 2^63 - 1 elements: from {} to {} by {} there are {}", start, stop, step,
                     count);
  }
  return Dataset<1>(detail::dataset_of(static_cast<std::int64_t>(count), 1, [start, stride](std::int64_t i) {
    const std::uint64_t number = static_cast<std::uint64_t>(start) + static_cast<std::uint64_t>(i) * stride;
    return Tensors{constant(static_cast<std::int64_t>(number), int64)};
  }));
}

}  // namespace data
}  // namespace xtape
