#pragma once

#include <atomic>
#include <cstdint>

#include "xtape/core/tensor.hpp"

/// Random tensors from Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011).
/// Every number is a function of the seed and of its place in the sequence: a seed gives the same numbers whatever the
/// number of threads.
namespace xtape::detail {
/// The number of the trace that the calling thread takes for function(); 0 where it takes none.
std::uint64_t current_trace() noexcept;
}  // namespace xtape::detail

namespace xtape::random {

/// All that determines what a Generator gives next, for checkpoints.
struct GeneratorState {
  std::uint64_t seed = 0;
  std::uint64_t position = 0;  ///< blocks of the sequence that have been handed out
  friend bool operator==(const GeneratorState&, const GeneratorState&) = default;
};

/// A sequence of random numbers. A copy gives the same numbers again. Several threads may draw from one generator: each
/// call takes a part of the sequence of its own, in whichever order the calls come.
///
/// In a function() the tensors that a generator draws are drawn anew in every call, as they are without it; those of a
/// generator that is made in the function are the same in every call. Numbers for the host (below, next_u64, state) of
/// a generator from outside keep it from being replayed.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) noexcept : seed_(seed) {}
  Generator(const Generator& other) { set_state(other.state()); }
  Generator& operator=(const Generator& other) {
    set_state(other.state());
    return *this;
  }

  /// Normally distributed numbers (by inversion: algorithm AS 241). Throws a ValueError for a mean or stddev that is
  /// not finite or a stddev below 0, a TypeError for a dtype that is not floating.
  Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);

  /// Evenly distributed numbers in [low, high): multiples of 2^-24 (float64: 2^-53) of the way for floating dtypes,
  /// every integer equally often for int32, int64 and uint8. Throws a ValueError unless low < high in the dtype and,
  /// for integers, both are whole numbers in its range, a TypeError for bool.
  Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32);

  /// Normally distributed numbers within two standard deviations of the mean: the distribution of TensorFlow's
  /// truncated_normal, which draws again what lies outside. Errors as of normal.
  Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);

  /// The int64 numbers 0 ... n - 1 in random order, every order equally likely. Throws a ValueError for n < 0.
  Tensor permutation(std::int64_t n);

  /// 64 random bits.
  std::uint64_t next_u64();
  /// A number in [0, n), each equally likely. Throws a ValueError for n < 1.
  std::int64_t below(std::int64_t n);

  GeneratorState state() const;
  void set_state(const GeneratorState& state);
  /// Goes back from one state to an earlier one of the same seed; does nothing and returns false where another draw has
  /// come after it.
  bool take_back(const GeneratorState& after, const GeneratorState& before) noexcept;

 private:
  template <class Fill>
  void draw(std::uint64_t blocks, Fill fill, const Tensor& out);
  void use_on_host(const char* op) const;
  Tensor gaussian(const char* op, const Shape& shape, double mean, double stddev, DType dtype, bool truncated);

  std::atomic<std::uint64_t> seed_{0};
  std::atomic<std::uint64_t> position_{0};
  std::uint64_t trace_ = detail::current_trace();  ///< in which it was made
};

/// The generator behind the functions below, initialisers and Dropout layers without a seed of their own. Its seed is 0
/// until set_seed: a program repeats its numbers from run to run.
Generator& default_generator();
/// Starts the default generator's sequence for this seed (tf.random.set_seed).
void set_seed(std::uint64_t seed);

/// The same of the default generator.
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);
Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32);
Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);
Tensor permutation(std::int64_t n);

}  // namespace xtape::random
