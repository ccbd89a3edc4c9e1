#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/tape/record.hpp"

namespace xtape {

/// Keyword arguments of GradientTape.
struct GradientTapeOptions {
  bool persistent = false;               ///< gradient() may be called several times
  bool watch_accessed_variables = true;  ///< trainable variables are watched when they are read
};

/// What gradient() gives for a source that the target does not depend on.
enum class UnconnectedGradients { none, zero };

/// Keyword arguments of GradientTape::gradient.
struct GradientOptions {
  /// The gradient to start from for each target, of its shape; empty: ones.
  std::vector<Tensor> output_gradients = {};
  /// An empty Tensor (none) or zeros of the source's shape and dtype (zero) for an unconnected source.
  UnconnectedGradients unconnected_gradients = UnconnectedGradients::none;
};

namespace detail {
class TapeImpl;

/// What a gradient is asked for: a tensor or a variable, told apart because reading a variable would watch it.
struct Source {
  Source(const Tensor& t) : tensor(&t) {}
  Source(const Variable& v) : variable(&v) {}
  const Tensor* tensor = nullptr;
  const Variable* variable = nullptr;
};
}  // namespace detail

/// Records the ops of its scope for automatic differentiation in reverse mode, as tf.GradientTape does.
///
///     GradientTape tape;
///     tape.watch(x);                 // trainable Variables are watched by themselves
///     auto y = x * x;
///     auto dy_dx = tape.gradient(y, x);
///
/// Recording begins with the constructor (Python's `with`) and ends with stop(), a gradient() of a non-persistent tape,
/// or the destructor. An op is recorded when one of its inputs is watched or was itself recorded, and floating. The
/// tape keeps what it recorded until gradient() (not persistent), reset() or its end. Tapes nest: each sees the ops
/// that run while it records, those of an inner tape's gradient() included, which is how higher orders come about. A
/// tape belongs to the thread that made it and sees only that thread's ops.
class GradientTape {
 public:
  explicit GradientTape(GradientTapeOptions options = {});
  GradientTape(GradientTape&&) noexcept;
  GradientTape& operator=(GradientTape&&) noexcept;
  ~GradientTape();

  /// Makes a tensor a leaf: ops that use it from here on are recorded. Watching something not floating has no effect
  /// but a warning. Throws a RuntimeError when the tape does not record.
  void watch(const Tensor& tensor);
  void watch(const Variable& variable);
  void watch(std::span<const Tensor> tensors);
  void watch(std::initializer_list<detail::Source> sources);

  /// Ends the recording (leaves Python's `with`); no error if it has ended already.
  void stop() noexcept;
  bool is_recording() const noexcept;

  /// Resumes the recording of a tape that was stopped; stops it again at the end of the returned object's life, which
  /// the tape must not end before. Throws a ValueError "Tape is still recording" when it records. After the gradient()
  /// of a non-persistent tape a new record begins.
  class Scope {
   public:
    Scope(Scope&& other) noexcept : tape_(std::exchange(other.tape_, nullptr)) {}
    Scope(const Scope&) = delete;
    ~Scope();

   private:
    friend class GradientTape;
    explicit Scope(detail::TapeImpl* tape) : tape_(tape) {}
    detail::TapeImpl* tape_;
  };
  [[nodiscard]] Scope scope();

  /// Suspends the recording until the end of the returned object's life, which the tape must not end before. Throws a
  /// ValueError when the tape does not record, a RuntimeError after the gradient() of a non-persistent tape.
  class Pause {
   public:
    Pause(Pause&& other) noexcept : tape_(std::exchange(other.tape_, nullptr)) {}
    Pause(const Pause&) = delete;
    ~Pause();

   private:
    friend class GradientTape;
    explicit Pause(detail::TapeImpl* tape) : tape_(tape) {}
    detail::TapeImpl* tape_;
  };
  [[nodiscard]] Pause stop_recording();

  /// Forgets all that was recorded and watched. Throws a ValueError when the tape does not record.
  void reset();

  /// The variables watched so far, in the order of their construction; still known after gradient().
  std::vector<Variable> watched_variables() const;

  /// The number of ops that the tape holds.
  std::size_t num_records() const noexcept;

  /// d target / d source; of a target that is not a scalar, the gradient of the sum of its elements. The source is a
  /// watched tensor or variable or anything computed from one. The result has the source's shape and dtype; it is an
  /// empty Tensor (or zeros, see GradientOptions) when the target does not depend on the source.
  ///
  /// Throws a RuntimeError for a second call on a tape that is not persistent, a ValueError for output_gradients of
  /// another number or shape, whatever a rule throws, and a ValueError naming the op whose rule returned a gradient of
  /// the wrong number, shape or dtype.
  Tensor gradient(const Tensor& target, const Tensor& source, const GradientOptions& options = {});
  Tensor gradient(const Tensor& target, const Variable& source, const GradientOptions& options = {});
  /// The same for several sources at once, in their order.
  Tensors gradient(const Tensor& target, const std::vector<Variable>& sources, const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, const std::vector<Tensor>& sources, const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, std::initializer_list<detail::Source> sources,
                   const GradientOptions& options = {});
  /// The gradient of the sum of all elements of several targets.
  Tensors gradient(const std::vector<Tensor>& targets, std::initializer_list<detail::Source> sources,
                   const GradientOptions& options = {});
  Tensors gradient(const std::vector<Tensor>& targets, const std::vector<Variable>& sources,
                   const GradientOptions& options = {});
  Tensors gradient(const std::vector<Tensor>& targets, const std::vector<Tensor>& sources,
                   const GradientOptions& options = {});

 private:
  Tensors compute(std::span<const Tensor> targets, std::span<const detail::Source> sources,
                  const GradientOptions& options);
  detail::TapeImpl& impl() const;

  std::unique_ptr<detail::TapeImpl> impl_;
};

}  // namespace xtape
