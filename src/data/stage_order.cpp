#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "data/stage.hpp"
#include "xtape/core/random.hpp"

// The stages that select and order elements without changing them.
namespace xtape::detail {
namespace {

using data::infinite_cardinality;
using data::unknown_cardinality;

/// A stage on another one.
class OnInput : public DataStage {
 public:
  explicit OnInput(StagePtr input) : DataStage(input->tensors()), input_(std::move(input)) {}

 protected:
  StagePtr input_;
};

/// tf.data's shuffle: a buffer is kept full, each element is drawn from it at random.
class ShuffleStage final : public OnInput {
 public:
  ShuffleStage(StagePtr input, std::int64_t buffer_size, const data::ShuffleOptions& options)
      : OnInput(std::move(input)),
        buffer_size_(static_cast<std::size_t>(buffer_size)),
        seed_(options.seed ? *options.seed : random::default_generator().next_u64()),
        reshuffle_(options.reshuffle_each_iteration) {}

  CursorPtr open() const override {
    const std::uint64_t loop = reshuffle_ ? loops_.fetch_add(1) : 0;
    return std::make_unique<Cursor>(input_->open(), buffer_size_, random::Generator(seed_), loop, reshuffle_);
  }
  std::int64_t cardinality() const override { return input_->cardinality(); }

 private:
  class Cursor final : public DataCursor {
   public:
    Cursor(CursorPtr input, std::size_t size, random::Generator seeds, std::uint64_t loop, bool reshuffle)
        : input_(std::move(input)), size_(size), reshuffle_(reshuffle), seeds_(seeds), generator_(0) {
      // Loop number `loop` has the seed at that position of the stage's sequence; repetitions within it (rewind) draw
      // theirs from a generator with this seed. So the orders do not depend on which loop runs first or how far.
      random::GeneratorState state = seeds_.state();
      state.position = loop;
      seeds_.set_state(state);
      seeds_ = random::Generator(seeds_.next_u64());
      generator_ = random::Generator(seeds_.next_u64());
      first_ = generator_;
    }
    bool next(Tensors& element) override {
      while (!ended_ && buffer_.size() < size_) {
        Tensors more;
        ended_ = !input_->next(more);
        if (!ended_) buffer_.push_back(std::move(more));
      }
      if (buffer_.empty()) return false;
      const auto at = static_cast<std::size_t>(generator_.below(static_cast<std::int64_t>(buffer_.size())));
      element = std::move(buffer_[at]);
      if (at + 1 != buffer_.size()) buffer_[at] = std::move(buffer_.back());
      buffer_.pop_back();
      return true;
    }
    void rewind() override {
      input_->rewind();
      buffer_.clear();
      ended_ = false;
      generator_ = reshuffle_ ? random::Generator(seeds_.next_u64()) : first_;
    }

   private:
    CursorPtr input_;
    std::size_t size_;
    bool reshuffle_, ended_ = false;
    random::Generator seeds_, generator_, first_{0};
    std::vector<Tensors> buffer_;
  };

  std::size_t buffer_size_;
  std::uint64_t seed_;
  bool reshuffle_;
  mutable std::atomic<std::uint64_t> loops_{0};
};

class RepeatStage final : public OnInput {
 public:
  RepeatStage(StagePtr input, std::int64_t count) : OnInput(std::move(input)), count_(count) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open(), count_); }
  std::int64_t cardinality() const override {
    const std::int64_t n = input_->cardinality();
    if (count_ == 0 || n == 0) return 0;
    if (count_ < 0 || n == infinite_cardinality) return infinite_cardinality;
    if (n == unknown_cardinality || n > std::numeric_limits<std::int64_t>::max() / count_) return unknown_cardinality;
    return n * count_;
  }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, std::int64_t n) : input(std::move(i)), count(n) {}
    bool next(Tensors& element) override {
      while (round != count) {
        if (input->next(element)) return some = true;
        if (!some) return false;  // an empty dataset, repeated for ever, is empty
        if (++round != count) input->rewind();
        some = false;
      }
      return false;
    }
    void rewind() override {
      input->rewind();
      round = 0;
      some = false;
    }
    CursorPtr input;
    std::int64_t count, round = 0;
    bool some = false;
  };
  std::int64_t count_;
};

class TakeStage final : public OnInput {
 public:
  TakeStage(StagePtr input, std::int64_t count) : OnInput(std::move(input)), count_(count) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open(), count_); }
  std::int64_t cardinality() const override {
    const std::int64_t n = input_->cardinality();
    if (n == infinite_cardinality || count_ == 0) return count_;
    return n == unknown_cardinality ? n : std::min(n, count_);
  }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, std::int64_t n) : input(std::move(i)), count(n) {}
    bool next(Tensors& element) override { return at < count && input->next(element) && ++at > 0; }
    void rewind() override {
      input->rewind();
      at = 0;
    }
    CursorPtr input;
    std::int64_t count, at = 0;
  };
  std::int64_t count_;
};

class SkipStage final : public OnInput {
 public:
  SkipStage(StagePtr input, std::int64_t count) : OnInput(std::move(input)), count_(count) {}

  CursorPtr open() const override { return std::make_unique<Cursor>(input_->open(), count_); }
  std::int64_t cardinality() const override {
    const std::int64_t n = input_->cardinality();
    return n < 0 ? n : std::max<std::int64_t>(n - count_, 0);
  }

 private:
  struct Cursor final : DataCursor {
    Cursor(CursorPtr i, std::int64_t n) : input(std::move(i)), count(n) {}
    bool next(Tensors& element) override {
      for (; at < count; ++at) {
        if (!input->next(element)) return false;
      }
      return input->next(element);
    }
    void rewind() override {
      input->rewind();
      at = 0;
    }
    CursorPtr input;
    std::int64_t count, at = 0;
  };
  std::int64_t count_;
};

class ConcatenateStage final : public OnInput {
 public:
  ConcatenateStage(StagePtr first, StagePtr second) : OnInput(std::move(first)), second_(std::move(second)) {}

  CursorPtr open() const override {
    auto cursor = std::make_unique<Cursor>();
    cursor->first = input_->open();  // in this order: if both are one stage that shuffles, it counts its loops
    cursor->second = second_->open();
    return cursor;
  }
  std::int64_t cardinality() const override {
    const std::int64_t a = input_->cardinality(), b = second_->cardinality();
    if (a == infinite_cardinality || b == infinite_cardinality) return infinite_cardinality;
    std::int64_t sum = 0;
    return a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum) ? unknown_cardinality : sum;
  }

 private:
  struct Cursor final : DataCursor {
    bool next(Tensors& element) override {
      if (in_first && first->next(element)) return true;
      in_first = false;
      return second->next(element);
    }
    void rewind() override {
      first->rewind();
      second->rewind();
      in_first = true;
    }
    CursorPtr first, second;
    bool in_first = true;
  };
  StagePtr second_;
};

class ZipStage final : public DataStage {
 public:
  ZipStage(StagePtr a, StagePtr b) : DataStage(a->tensors() + b->tensors()), a_(std::move(a)), b_(std::move(b)) {}

  CursorPtr open() const override {
    auto cursor = std::make_unique<Cursor>();
    cursor->a = a_->open();
    cursor->b = b_->open();
    return cursor;
  }
  std::int64_t cardinality() const override {
    const std::int64_t a = a_->cardinality(), b = b_->cardinality();
    if (a == infinite_cardinality || b == infinite_cardinality) return a == infinite_cardinality ? b : a;
    return a < 0 || b < 0 ? unknown_cardinality : std::min(a, b);
  }

 private:
  struct Cursor final : DataCursor {
    bool next(Tensors& element) override {
      if (!waits && !a->next(first)) return false;
      waits = true;
      if (!b->next(rest)) return false;
      waits = false;
      element = std::move(first);
      first = {};
      element.insert(element.end(), rest.begin(), rest.end());
      return true;
    }
    void rewind() override {
      a->rewind();
      b->rewind();
      waits = false;
    }
    CursorPtr a, b;
    Tensors first, rest;
    bool waits = false;  ///< `first` is there, and b has thrown
  };
  StagePtr a_, b_;
};

}  // namespace

StagePtr shuffle_stage(StagePtr input, std::int64_t buffer_size, const data::ShuffleOptions& options) {
  return std::make_shared<ShuffleStage>(std::move(input), buffer_size, options);
}
StagePtr repeat_stage(StagePtr input, std::int64_t count) {
  return std::make_shared<RepeatStage>(std::move(input), count);
}
StagePtr take_stage(StagePtr input, std::int64_t count) { return std::make_shared<TakeStage>(std::move(input), count); }
StagePtr skip_stage(StagePtr input, std::int64_t count) { return std::make_shared<SkipStage>(std::move(input), count); }
StagePtr concatenate_stage(StagePtr first, StagePtr second) {
  return std::make_shared<ConcatenateStage>(std::move(first), std::move(second));
}
StagePtr zip_stage(StagePtr a, StagePtr b) { return std::make_shared<ZipStage>(std::move(a), std::move(b)); }

}  // namespace xtape::detail
