#include "kernels/parallel.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sched.h>
#endif

#include "kernels/thread_limit.hpp"

// The pool of helpers that loops are shared with. It is not OpenMP's team: there a loop ends when every thread has come
// to its end, and where one of them has to wait for a processor, all wait with it for a slice of the scheduler's time
// (a step of 0.07 ms took 16 ms). Here the caller takes every piece that no helper has begun.
//
// A caller takes a Slot, writes the loop into it and sets `state`; its bit in Pool::open shows helpers that there is
// work. Pieces are handed out by compare-and-exchange of `state`, nothing else is locked. A helper that finds nothing
// spins for some time, then sleeps until `bell` changes.
namespace xtape::kernels {
namespace {

using Clock = std::chrono::steady_clock;

constinit thread_local bool inside_piece = false;

/// The processor that the thread runs on, -1 where the system does not tell.
int this_processor() noexcept {
#ifdef __linux__
  return sched_getcpu();
#else
  return -1;
#endif
}

int count_processors() noexcept {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Spins until `done()`, at most for that long and not while `hopeless()`. Reading the clock takes as long as many
/// looks at `done()`, so it is read once for 32 of them.
template <class Done, class Hopeless>
bool spin(Clock::duration time, const Done& done, const Hopeless& hopeless) {
  if (done()) return true;
  if (time <= Clock::duration::zero()) return false;
  const auto end = Clock::now() + time;
  do {
    if (hopeless()) return false;
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  } while (Clock::now() < end);
  return false;
}

/// Holds one loop at a time. A slot is never freed, because a helper may look at it long after the loop has ended; the
/// helper notices by the number in `state`.
struct alignas(64) Slot {
  // The number of the loop in the upper half, then the pieces that have not begun, [front, back), 16 bits each. The
  // caller takes pieces from the front and helpers from the back, so that each of two threads works on adjacent pieces.
  std::atomic<std::uint64_t> state{0};
  std::atomic<PieceFunction> run{nullptr};
  std::atomic<const void*> f{nullptr};
  std::atomic<std::uint32_t> finished{0};  ///< by helpers
  std::atomic<bool> waited_for{false};     ///< the caller sleeps until `finished` changes
  std::atomic<int> helper_at{-1};          ///< the processor of the helper that began last
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::atomic<bool> taken{false};
};

constexpr std::uint64_t front_of(std::uint64_t state) { return state >> 16 & 0xffff; }
constexpr std::uint64_t back_of(std::uint64_t state) { return state & 0xffff; }
constexpr std::int64_t max_pieces = 0xffff;
constexpr std::size_t slots = 32;

struct Pool {
  std::array<Slot, slots> slot;
  alignas(64) std::atomic<std::uint32_t> open{0};  ///< a bit for each slot with pieces that have not begun
  std::atomic<int> caller_at{-1};                  ///< the processor of the caller that came last
  alignas(64) std::atomic<std::uint32_t> sleepers{0};
  std::atomic<std::uint32_t> bell{0};  ///< changes to wake sleepers
  // If helpers come too late for short loops, they are not woken for some time, since waking one costs the caller a
  // system call.
  std::atomic<Clock::rep> no_call_before{0};
  std::atomic<Clock::rep> pause_of_calls{0};
  std::atomic<int> helpers{0};
  std::atomic<bool> no_more_helpers{false};  ///< the system has no more threads for us
  std::mutex starting;
  Pool* of_parent = nullptr;  ///< in a child of fork(): the parent's pool, kept so that it is no leak
};

// Never destroyed: helpers sleep in it until the process ends.
std::atomic<Pool*> pool{nullptr};

constexpr Clock::duration first_pause = std::chrono::microseconds(200), max_pause = std::chrono::milliseconds(20);
constexpr std::int64_t always_worth_a_call = 64;  ///< grains

/// How long a helper looks for the next loop before it sleeps. OMP_WAIT_POLICY has the meaning that OpenMP gives it.
Clock::duration patience() {
  static const Clock::duration time = [] {
    const char* policy = std::getenv("OMP_WAIT_POLICY");
    const std::string_view name = policy == nullptr ? "" : policy;
    if (name == "passive" || name == "PASSIVE") return std::chrono::microseconds(0);
    if (name == "active" || name == "ACTIVE") return std::chrono::microseconds(100'000);
    return std::chrono::microseconds(1000);
  }();
  return time;
}

/// How long a caller spins before it sleeps until the helpers' pieces are done.
constexpr Clock::duration wait_for_pieces = std::chrono::microseconds(200);

/// Whether each helper and the caller can have a processor; otherwise one that spins takes another one's.
bool as_many_processors(const Pool& p) {
  static const int processors = count_processors();
  return p.helpers.load(std::memory_order_relaxed) < processors;
}

/// After a piece has thrown, those that have not begun are skipped.
void run_piece(Slot& slot, PieceFunction run, const void* f, std::int64_t piece) noexcept {
  if (slot.failed.load(std::memory_order_relaxed)) return;
  try {
    run(f, piece);
  } catch (...) {
    if (!slot.failed.exchange(true, std::memory_order_relaxed)) slot.error = std::current_exception();
  }
}

/// Takes and runs one piece of the slot's loop; false if all pieces have begun.
bool help(Slot& slot) noexcept {
  std::uint64_t state = slot.state.load(std::memory_order_acquire);
  for (;;) {
    const std::uint64_t front = front_of(state), back = back_of(state);
    if (front >= back) return false;
    // What is read here belongs to the loop if its number is still there afterwards.
    const PieceFunction run = slot.run.load(std::memory_order_relaxed);
    const void* const f = slot.f.load(std::memory_order_relaxed);
    if (slot.state.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      slot.helper_at.store(this_processor(), std::memory_order_relaxed);
      run_piece(slot, run, f, static_cast<std::int64_t>(back) - 1);
      slot.finished.fetch_add(1, std::memory_order_seq_cst);
      if (slot.waited_for.load(std::memory_order_seq_cst)) slot.finished.notify_all();
      return true;
    }
  }
}

/// Runs a piece of any loop.
bool help_any(Pool& p) noexcept {
  for (std::uint32_t open = p.open.load(std::memory_order_seq_cst); open != 0; open &= open - 1) {
    if (help(p.slot[static_cast<std::size_t>(__builtin_ctz(open))])) return true;
  }
  return false;
}

[[noreturn]] void be_helper(Pool& p) {
  inside_piece = true;
#ifdef _OPENMP
  omp_set_num_threads(1);  // for the libraries that a piece calls
#endif
  for (;;) {
    while (help_any(p)) {
    }
    // A helper that spins on the caller's processor is in its way.
    const auto in_the_way = [&] {
      const int caller = p.caller_at.load(std::memory_order_relaxed);
      return caller >= 0 && caller == this_processor();
    };
    const auto time = as_many_processors(p) ? patience() : Clock::duration::zero();
    if (spin(
            time, [&] { return help_any(p); }, in_the_way))
      continue;
    p.sleepers.fetch_add(1, std::memory_order_seq_cst);
    const std::uint32_t bell = p.bell.load(std::memory_order_seq_cst);
    if (!help_any(p)) p.bell.wait(bell, std::memory_order_seq_cst);
    p.sleepers.fetch_sub(1, std::memory_order_seq_cst);
  }
}

/// Blocks all signals while helpers are started, which inherit that: handlers run in the user's own threads.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

void start_helpers(Pool& p, int wanted) {
  const std::lock_guard lock(p.starting);
  const NoSignals none;
  while (p.helpers.load(std::memory_order_relaxed) < wanted) {
    try {
      std::thread([&p] { be_helper(p); }).detach();
    } catch (const std::system_error&) {
      p.no_more_helpers.store(true, std::memory_order_relaxed);
      return;
    }
    p.helpers.fetch_add(1, std::memory_order_relaxed);
  }
}

Pool& the_pool() {
  if (Pool* const p = pool.load(std::memory_order_acquire)) return *p;
  static std::once_flag once;
  std::call_once(once, [] { pool.store(new Pool, std::memory_order_release); });
  return *pool.load(std::memory_order_acquire);
}

/// A slot for the calling thread, as a rule the one that it had last; null where more threads run loops than there are
/// slots.
Slot* free_slot(Pool& p, std::size_t& place) {
  thread_local std::size_t last = 0;
  for (std::size_t i = 0; i < slots; ++i) {
    place = (last + i) % slots;
    Slot& slot = p.slot[place];
    if (slot.taken.load(std::memory_order_relaxed)) continue;
    if (slot.taken.exchange(true, std::memory_order_acquire)) continue;
    last = place;
    return &slot;
  }
  return nullptr;
}

/// Wakes helpers for a loop. Whether one was woken.
bool call_helpers(Pool& p, std::int64_t pieces, std::int64_t grains) {
  if (p.sleepers.load(std::memory_order_seq_cst) == 0) return false;
  if (grains < always_worth_a_call &&
      Clock::now().time_since_epoch().count() < p.no_call_before.load(std::memory_order_relaxed)) {
    return false;
  }
  p.bell.fetch_add(1, std::memory_order_seq_cst);
  if (pieces == 2) {
    p.bell.notify_one();
  } else {
    p.bell.notify_all();
  }
  return true;
}

/// Notes whether a woken helper came in time. If not, the next call waits, twice as long each time.
void note_call(Pool& p, bool helper_came) {
  if (helper_came) {
    p.pause_of_calls.store(0, std::memory_order_relaxed);
    return;
  }
  const auto pause = std::clamp<Clock::rep>(2 * p.pause_of_calls.load(std::memory_order_relaxed), first_pause.count(),
                                            max_pause.count());
  p.pause_of_calls.store(pause, std::memory_order_relaxed);
  p.no_call_before.store(Clock::now().time_since_epoch().count() + pause, std::memory_order_relaxed);
}

/// Waits for the pieces that helpers have begun. Spinning is useless while the helper needs the caller's processor.
void wait_until_finished(Slot& slot, std::uint32_t helped) {
  const auto finished = [&] { return slot.finished.load(std::memory_order_acquire) == helped; };
  const auto same_processor = [&] {
    const int helper = slot.helper_at.load(std::memory_order_relaxed);
    return helper >= 0 && helper == this_processor();
  };
  if (spin(wait_for_pieces, finished, same_processor)) return;
  slot.waited_for.store(true, std::memory_order_seq_cst);
  for (std::uint32_t seen; (seen = slot.finished.load(std::memory_order_seq_cst)) != helped;) {
    slot.finished.wait(seen, std::memory_order_seq_cst);
  }
  slot.waited_for.store(false, std::memory_order_relaxed);
}

std::atomic<bool> is_forked{false};

// A child of fork() has none of the helpers, and what they held stays held there: the child gets a new pool.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] {
  is_forked.store(true, std::memory_order_relaxed);
  if (Pool* const before = pool.load(std::memory_order_relaxed)) {
    auto* const fresh = new Pool;
    fresh->of_parent = before;
    pool.store(fresh, std::memory_order_relaxed);
  }
});

}  // namespace

bool in_piece() noexcept { return inside_piece; }
bool forked() noexcept { return is_forked.load(std::memory_order_relaxed); }

void share_pieces(std::int64_t pieces, std::int64_t grains, PieceFunction run, const void* f) {
  Pool* p = nullptr;
  Slot* slot = nullptr;
  std::size_t place = 0;
  if (pieces > 1 && pieces <= max_pieces && may_share()) {
    p = &the_pool();
    slot = free_slot(*p, place);
  }
  if (slot == nullptr) {
    for (std::int64_t piece = 0; piece < pieces; ++piece) run(f, piece);
    return;
  }
  const int wanted = static_cast<int>(std::min<std::int64_t>(pieces, num_threads())) - 1;
  if (p->helpers.load(std::memory_order_relaxed) < wanted && !p->no_more_helpers.load(std::memory_order_relaxed))
    start_helpers(*p, wanted);

  const std::uint32_t bit = std::uint32_t{1} << place;
  slot->run.store(run, std::memory_order_relaxed);
  slot->f.store(f, std::memory_order_relaxed);
  slot->finished.store(0, std::memory_order_relaxed);
  slot->helper_at.store(-1, std::memory_order_relaxed);
  slot->failed.store(false, std::memory_order_relaxed);
  const std::uint64_t number = (slot->state.load(std::memory_order_relaxed) >> 32) + 1;
  slot->state.store(number << 32 | static_cast<std::uint64_t>(pieces), std::memory_order_release);
  p->caller_at.store(this_processor(), std::memory_order_relaxed);
  p->open.fetch_or(bit, std::memory_order_seq_cst);
  const bool called = call_helpers(*p, pieces, grains);

  std::uint64_t state = slot->state.load(std::memory_order_relaxed);
  inside_piece = true;
  while (front_of(state) < back_of(state)) {
    if (!slot->state.compare_exchange_weak(state, state + (1u << 16), std::memory_order_acq_rel)) continue;
    run_piece(*slot, run, f, static_cast<std::int64_t>(front_of(state)));
    state = slot->state.load(std::memory_order_relaxed);
  }
  inside_piece = false;
  p->open.fetch_and(~bit, std::memory_order_relaxed);
  const auto helped = static_cast<std::uint32_t>(static_cast<std::uint64_t>(pieces) - back_of(state));
  if (called) note_call(*p, helped > 0);
  if (helped > 0) wait_until_finished(*slot, helped);
  std::exception_ptr error;
  if (slot->failed.load(std::memory_order_relaxed)) [[unlikely]]
    error = std::exchange(slot->error, nullptr);
  slot->taken.store(false, std::memory_order_release);
  if (error != nullptr) [[unlikely]]
    std::rethrow_exception(std::move(error));
}

}  // namespace xtape::kernels
