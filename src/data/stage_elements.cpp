#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <vector>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "data/stage.hpp"
#include "data/take_rows.hpp"

// The stages that make new elements of others: map, filter, batch, unbatch, cache. `waits`: an element was taken from
// the input and the function threw on it; the next next() tries it again instead of losing it.
namespace xtape::detail {
namespace {

using data::unknown_cardinality;

class MapStage final : public DataStage {
 public:
  MapStage(StagePtr input, ElementFunction f, std::size_t tensors)
      : DataStage(tensors), input_(std::move(input)), f_(std::move(f)) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open(), f_); }
  std::int64_t cardinality() const override { return input_->cardinality(); }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, ElementFunction function) : input(std::move(i)), f(std::move(function)) {}
    bool next(Tensors& element) override {
      if (!waits && !input->next(taken)) return false;
      waits = true;
      element = f(taken);
      waits = false;
      taken.clear();
      return true;
    }
    void rewind() override {
      input->rewind();
      waits = false;
    }
    CursorPtr input;
    ElementFunction f;
    Tensors taken;
    bool waits = false;  ///< f has thrown and will be called again
  };
  StagePtr input_;
  ElementFunction f_;
};

class FilterStage final : public DataStage {
 public:
  using Predicate = std::function<bool(const Tensors&)>;

  FilterStage(StagePtr input, Predicate predicate)
      : DataStage(input->tensors()), input_(std::move(input)), predicate_(std::move(predicate)) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open(), predicate_); }
  std::int64_t cardinality() const override { return input_->cardinality() == 0 ? 0 : unknown_cardinality; }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, Predicate p) : input(std::move(i)), predicate(std::move(p)) {}
    bool next(Tensors& element) override {
      while (waits || input->next(taken)) {
        waits = true;
        const bool passes = predicate(taken);
        waits = false;
        if (!passes) continue;
        element = std::move(taken);
        taken = {};
        return true;
      }
      return false;
    }
    void rewind() override {
      input->rewind();
      waits = false;
    }
    CursorPtr input;
    Predicate predicate;
    Tensors taken;
    bool waits = false;  ///< the predicate has thrown and will be called again
  };
  StagePtr input_;
  Predicate predicate_;
};

/// The tensors of several elements, stacked along a new first axis.
Tensors stack(const std::vector<Tensors>& rows) {
  Tensors batch;
  for (std::size_t k = 0; k < rows[0].size(); ++k) {
    const Tensor& first = rows[0][k];
    Shape shape(std::vector<std::int64_t>(static_cast<std::size_t>(first.rank()) + 1));
    shape[0] = static_cast<std::int64_t>(rows.size());
    std::ranges::copy(first.shape(), shape.begin() + 1);
    Tensor to = make_tensor(shape, first.dtype());
    const std::size_t bytes = static_cast<std::size_t>(first.size()) * itemsize(first.dtype());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Tensor& from = rows[i][k];
      if (from.shape() != first.shape() || from.dtype() != first.dtype()) {
        fail<ValueError>("Dataset.batch",
                         "expected elements of one shape and dtype: tensor {} is {} of {} at first, {} of {} {} "
                         "elements later",
                         k, first.shape(), first.dtype(), from.shape(), from.dtype(), i);
      }
      if (bytes > 0)
        std::memcpy(host_write("Dataset", to).bytes() + i * bytes, host_read("Dataset", from).bytes(), bytes);
    }
    batch.push_back(std::move(to));
  }
  return batch;
}

class BatchStage final : public DataStage {
 public:
  BatchStage(StagePtr input, std::int64_t batch_size, bool drop_remainder)
      : DataStage(input->tensors()),
        input_(std::move(input)),
        batch_size_(batch_size),
        drop_remainder_(drop_remainder) {}

  CursorPtr open() const override {
    return std::make_unique<Cursor>(input_->open(), static_cast<std::size_t>(batch_size_), drop_remainder_);
  }
  std::int64_t cardinality() const override {
    const std::int64_t n = input_->cardinality();
    return n < 0 ? n : n / batch_size_ + (!drop_remainder_ && n % batch_size_ != 0);
  }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, std::size_t n, bool drop) : input(std::move(i)), size(n), drop_remainder(drop) {}
    bool next(Tensors& element) override {
      Tensors row;
      while (rows.size() < size && input->next(row)) rows.push_back(std::move(row)), row = {};
      if (rows.empty() || (drop_remainder && rows.size() < size)) return false;
      element = stack(rows);
      rows.clear();
      return true;
    }
    void rewind() override {
      input->rewind();
      rows.clear();
    }
    CursorPtr input;
    std::size_t size;
    bool drop_remainder;
    std::vector<Tensors> rows;  ///< of the batch at hand; kept where making one more throws
  };
  StagePtr input_;
  std::int64_t batch_size_;
  bool drop_remainder_;
};

class UnbatchStage final : public DataStage {
 public:
  explicit UnbatchStage(StagePtr input) : DataStage(input->tensors()), input_(std::move(input)) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open()); }
  std::int64_t cardinality() const override { return input_->cardinality() == 0 ? 0 : unknown_cardinality; }

 private:
  struct Cursor final : DataCursor {
    explicit Cursor(CursorPtr i) : input(std::move(i)) {}
    bool next(Tensors& element) override {
      while (at == end) {
        if (!waits && !input->next(batch)) return false;
        waits = true;
        const std::int64_t rows = rows_of(batch);
        waits = false;
        at = 0;
        end = rows;
      }
      element.clear();
      for (const auto& t : batch) element.push_back(data::row(t, at));
      ++at;
      return true;
    }
    void rewind() override {
      input->rewind();
      at = end = 0;
      waits = false;
    }
    static std::int64_t rows_of(const Tensors& batch) {
      for (const auto& t : batch) {
        if (t.rank() == 0) fail<ValueError>("Dataset.unbatch", "expected tensors with rows, received a scalar");
        if (t.shape(0) != batch[0].shape(0)) {
          fail<ValueError>("Dataset.unbatch", "tensors differ in their number of rows: {} and {}", batch[0].shape(),
                           t.shape());
        }
      }
      return batch[0].shape(0);
    }
    CursorPtr input;
    Tensors batch;
    std::int64_t at = 0, end = 0;
    bool waits = false;  ///< the batch has no rows, which is told again
  };
  StagePtr input_;
};

class CacheStage final : public DataStage {
 public:
  explicit CacheStage(StagePtr input) : DataStage(input->tensors()), input_(std::move(input)) {}

  CursorPtr open() const override {
    const std::lock_guard lock(mutex_);
    if (!kept_ || kept_->failed()) kept_ = std::make_shared<Kept>(input_->open());
    return std::make_unique<Cursor>(kept_);
  }
  std::int64_t cardinality() const override { return input_->cardinality(); }

 private:
  /// One loop over the input that all loops share: it goes on where any of them needs the next element, so that what is
  /// kept does not depend on how far each of them goes.
  class Kept {
   public:
    explicit Kept(CursorPtr input) : input_(std::move(input)) {}

    bool get(std::size_t i, Tensors& element) {
      const std::lock_guard lock(mutex_);
      if (i == elements_.size() && !make()) return false;
      element = elements_[i];
      return true;
    }
    bool failed() {
      const std::lock_guard lock(mutex_);
      return error_ != nullptr;
    }

   private:
    bool make() {
      if (error_) std::rethrow_exception(error_);
      if (!input_) return false;
      try {
        Tensors element;
        if (input_->next(element)) {
          elements_.push_back(std::move(element));
          return true;
        }
      } catch (...) {
        error_ = std::current_exception();
        input_.reset();
        throw;
      }
      input_.reset();
      return false;
    }

    std::mutex mutex_;
    CursorPtr input_;  // until its end
    std::vector<Tensors> elements_;
    std::exception_ptr error_;
  };

  struct Cursor final : DataCursor {
    explicit Cursor(std::shared_ptr<Kept> k) : kept(std::move(k)) {}
    bool next(Tensors& element) override {
      if (!kept->get(at, element)) return false;
      ++at;
      return true;
    }
    void rewind() override { at = 0; }
    std::shared_ptr<Kept> kept;
    std::size_t at = 0;
  };

  StagePtr input_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<Kept> kept_;
};

}  // namespace

StagePtr map_stage(StagePtr input, ElementFunction f, std::size_t tensors) {
  return std::make_shared<MapStage>(std::move(input), std::move(f), tensors);
}
StagePtr filter_stage(StagePtr input, std::function<bool(const Tensors&)> predicate) {
  return std::make_shared<FilterStage>(std::move(input), std::move(predicate));
}
StagePtr batch_stage(StagePtr input, std::int64_t batch_size, bool drop_remainder) {
  return std::make_shared<BatchStage>(std::move(input), batch_size, drop_remainder);
}
StagePtr unbatch_stage(StagePtr input) { return std::make_shared<UnbatchStage>(std::move(input)); }
StagePtr cache_stage(StagePtr input) { return std::make_shared<CacheStage>(std::move(input)); }

}  // namespace xtape::detail
