#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "data/stage.hpp"

namespace xtape::detail {
namespace {

/// Elements made ahead by threads, handed out in the input's order. A thread takes the next element of the input and a
/// place in the queue under one lock, so that places are in the input's order, makes the element without a lock, and
/// fills the place. next() waits for the first place.
///
/// An exception is handed out in its place. Then all threads rest: what is in the queue is still handed out, and a
/// further next() tries the failed element again, as it would without threads.
class BackgroundCursor final : public DataCursor {
 public:
  BackgroundCursor(CursorPtr input, const ElementFunction& f, int threads, std::size_t ahead)
      : input_(std::move(input)), functions_(static_cast<std::size_t>(threads), f), ahead_(ahead) {
    start();
  }
  ~BackgroundCursor() override { stop(); }

  bool next(Tensors& element) override {
    if (waits_) {
      element = functions_.front()(taken_);
      waits_ = false;
      taken_.clear();
      return true;
    }
    if (resting_ && places_.empty()) {
      if (exhausted_) return false;
      start();
    }
    Place place;
    {
      std::unique_lock lock(mutex_);
      made_.wait(lock, [&] { return places_.empty() ? ended_ : places_.front().made; });
      if (places_.empty() && failure_ == nullptr) return false;
      if (places_.empty()) {
        lock.unlock();
        stop();
        resting_ = true;
        std::rethrow_exception(std::exchange(failure_, nullptr));
      }
      place = std::move(places_.front());
      places_.pop_front();
      ++first_;
    }
    room_.notify_one();
    if (place.error) {
      stop();
      resting_ = true;
      waits_ = !place.of_input;
      if (waits_) taken_ = std::move(place.element);
      std::rethrow_exception(place.error);
    }
    element = std::move(place.element);
    return true;
  }

  void rewind() override {
    stop();
    places_.clear();
    waits_ = exhausted_ = false;
    input_->rewind();
    start();
  }

 private:
  struct Place {
    Tensors element;
    std::exception_ptr error;
    bool made = false;
    bool of_input = false;  ///< it is the input that has thrown, not the function
  };

  void start() {
    ended_ = resting_ = false;
    failure_ = nullptr;
    try {
      for (auto& f : functions_) threads_.emplace_back([this, &f] { work_safely(f); });
    } catch (const std::system_error& error) {
      const std::size_t started = threads_.size();
      stop();
      fail<RuntimeError>("Dataset", "cannot start {} threads, the system allowed {}: {}", functions_.size(), started,
                         error.what());
    } catch (...) {
      stop();
      throw;
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    room_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  /// Exceptions that belong to no element, such as no memory for a place, come out of next() too.
  void work_safely(const ElementFunction& f) noexcept {
    try {
      work(f);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failure_ == nullptr) failure_ = std::current_exception();
      ended_ = true;
    }
    made_.notify_one();
    room_.notify_all();
  }

  void work(const ElementFunction& f) {
    Place place;
    while (const auto number = take(place)) {
      if (f && !place.error) {
        try {
          place.element = f(place.element);
        } catch (...) {
          place.error = std::current_exception();
        }
      }
      {
        const std::lock_guard lock(mutex_);
        ended_ = ended_ || place.error;
        place.made = true;
        places_[static_cast<std::size_t>(*number - first_)] = std::exchange(place, {});
      }
      made_.notify_one();
    }
  }

  /// The next element of the input, and its number; nothing at the end. One thread at a time waits for room and asks
  /// the input.
  std::optional<std::uint64_t> take(Place& place) {
    const std::lock_guard one_at_a_time(input_mutex_);
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return ended_ || places_.size() < ahead_; });
    if (ended_) return std::nullopt;
    places_.emplace_back();
    const std::uint64_t number = first_ + places_.size() - 1;
    lock.unlock();
    bool more = true;
    try {
      more = input_->next(place.element);
    } catch (...) {
      place.error = std::current_exception();
      place.of_input = true;
      lock.lock();
      ended_ = true;  // the input gives this element when it is asked again, and no other one before
      lock.unlock();
      room_.notify_all();
    }
    if (more) return number;
    lock.lock();
    places_.pop_back();
    ended_ = exhausted_ = true;
    lock.unlock();
    made_.notify_one();
    room_.notify_all();
    return std::nullopt;
  }

  CursorPtr input_;
  std::vector<ElementFunction> functions_;  // each thread's own copy, which may have a state
  std::size_t ahead_;
  std::vector<std::thread> threads_;

  std::mutex input_mutex_, mutex_;
  std::condition_variable room_, made_;
  std::deque<Place> places_;  // of the elements from number first_ on
  std::uint64_t first_ = 0;
  // After an error no thread runs: what they have made is handed out, then they start again.
  bool resting_ = false;
  bool exhausted_ = false;  // the input has ended
  bool waits_ = false;      // the function has thrown on `taken_` and will be called again
  Tensors taken_;
  bool ended_ = false;          // no more elements will be made
  std::exception_ptr failure_;  // of a thread, after the elements in places_
};

class BackgroundStage final : public DataStage {
 public:
  BackgroundStage(StagePtr input, ElementFunction f, std::size_t tensors, int threads, std::size_t ahead)
      : DataStage(tensors), input_(std::move(input)), f_(std::move(f)), threads_(threads), ahead_(ahead) {}

  CursorPtr open() const override { return std::make_unique<BackgroundCursor>(input_->open(), f_, threads_, ahead_); }
  std::int64_t cardinality() const override { return input_->cardinality(); }

 private:
  StagePtr input_;
  ElementFunction f_;
  int threads_;
  std::size_t ahead_;
};

}  // namespace

StagePtr background_stage(StagePtr input, ElementFunction f, std::size_t tensors, int threads, std::size_t ahead) {
  return std::make_shared<BackgroundStage>(std::move(input), std::move(f), tensors, threads, ahead);
}

}  // namespace xtape::detail
