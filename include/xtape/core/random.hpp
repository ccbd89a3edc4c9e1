#pragma once

#include <atomic>
#include <cstdint>

#include "xtape/core/tensor.hpp"

/// Random tensors from Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011).
/// Every number is a function of the seed and of its position in the sequence, so a seed gives the same numbers for any
/// number of threads.
namespace xtape::detail {
/// The number of the trace that function() takes on the calling thread; 0 if it takes none.
std::uint64_t current_trace() noexcept;
}  // namespace xtape::detail

namespace xtape::random {

/// The state of a Generator, for checkpoints: it determines all further numbers.
struct GeneratorState {
  std::uint64_t seed = 0;
  std::uint64_t position = 0;  ///< how many blocks of the sequence were drawn
  friend bool operator==(const GeneratorState&, const GeneratorState&) = default;
};

/// A sequence of random numbers. A copy gives the same numbers again. Several threads may draw from one generator: each
/// call takes the next part of the sequence.
///
/// Inside function(), the tensors of a generator are drawn anew in every call, as they are without function(). A
/// generator that is made inside gives the same tensors in every call. A function that takes numbers for the host
/// (below, next_u64, state) from a generator made outside is not replayed.
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

  /// Uniformly distributed numbers in [low, high). Floating dtypes: low + u (high - low), u a multiple of 2^-24
  /// (float64: 2^-53). int32, int64 and uint8: every integer equally likely. Throws a ValueError unless low < high in
  /// the dtype and, for integers, both are whole numbers in its range, a TypeError for bool.
  Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32);

  /// Normally distributed numbers within two standard deviations of the mean: the distribution of TensorFlow's
  /// truncated_normal, which draws again what lies outside. Throws what normal() throws.
  Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);

  /// The int64 numbers 0 ... n - 1 in random order, every order equally likely. Throws a ValueError for n < 0.
  Tensor permutation(std::int64_t n);

  /// 64 random bits.
  std::uint64_t next_u64();
  /// A number in [0, n), each equally likely. Throws a ValueError for n < 1.
  std::int64_t below(std::int64_t n);

  GeneratorState state() const;
  void set_state(const GeneratorState& state);
  /// Sets the state back from `after` to the earlier state `before` of the same seed. Returns false and does nothing if
  /// the state is not `after` any more, because of another draw.
  bool take_back(const GeneratorState& after, const GeneratorState& before) noexcept;

 private:
  template <class Fill>
  void draw(std::uint64_t blocks, Fill fill, const Tensor& out);
  void use_on_host(const char* op) const;
  Tensor gaussian(const char* op, const Shape& shape, double mean, double stddev, DType dtype, bool truncated);

  std::atomic<std::uint64_t> seed_{0};
  std::atomic<std::uint64_t> position_{0};
  std::uint64_t trace_ = detail::current_trace();  ///< the trace in which it was made
};

/// The generator of the functions below, and of initializers and Dropout layers without a seed. Its seed is 0 until
/// set_seed(), so a program draws the same numbers in every run.
Generator& default_generator();
/// Starts the default generator's sequence for this seed (tf.random.set_seed).
void set_seed(std::uint64_t seed);

/// The same, drawn from the default generator.
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);
Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32);
Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32);
Tensor permutation(std::int64_t n);

}  // namespace xtape::random
