#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"
#include "xtape/tape/explanation.hpp"
#include "xtape/tape/record.hpp"
#include "xtape/tape/structure.hpp"

namespace xtape {

/// Keyword arguments of GradientTape.
struct GradientTapeOptions {
  /// gradient() may be called several times. While the tape records, the ops of gradient() are recorded as well, for
  /// higher orders; a warning says so once per process.
  bool persistent = false;
  bool watch_accessed_variables = true;  ///< trainable variables are watched when they are read
  bool profile = false;                  ///< notes the time and the bytes of every op, for dot() and profile()
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

/// Keyword arguments of GradientTape::jacobian.
struct JacobianOptions {
  /// An empty Tensor (none) or zeros (zero) for a source that the target does not depend on.
  UnconnectedGradients unconnected_gradients = UnconnectedGradients::none;
};

namespace detail {
class TapeImpl;

/// A source of a gradient: a tensor, or a variable, which is not read because reading would watch it.
struct Source {
  Source(const Tensor& t) : tensor(&t) {}
  Source(const Variable& v) : variable(&v) {}
  /// The tensor, or the value of the variable, without watching it.
  const Tensor& peek() const& { return tensor != nullptr ? *tensor : variable->peek(); }
  Tensor peek() const&& { return peek(); }
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
/// that run while it records, those of an inner tape's gradient() included: this gives higher orders. With two tapes
/// side by side, as for a generator and a discriminator, the second one would record the first one's gradient()
/// needlessly: stop() both first.
///
/// A tape belongs to the thread that made it and records only that thread's ops. Other threads may move and destroy it,
/// even after its own thread has ended; everything else throws a RuntimeError there. A recording tape that another
/// thread destroys goes on recording until its own thread makes or stops a tape.
class GradientTape {
 public:
  explicit GradientTape(GradientTapeOptions options = {});
  GradientTape(GradientTape&&) noexcept;
  GradientTape& operator=(GradientTape&&) noexcept;
  ~GradientTape();

  /// Makes a tensor a leaf: ops that use it from here on are recorded. Watching a tensor that is not floating only
  /// gives a warning. Throws a RuntimeError when the tape does not record.
  void watch(const Tensor& tensor);
  void watch(const Variable& variable);
  void watch(std::initializer_list<detail::Source> sources);
  /// The same for tensors and variables in vectors, arrays, tuples, pairs and maps, nested in any way.
  template <detail::Structure S>
  void watch(const S& sources) {
    detail::for_each_leaf(sources, [&](const auto& leaf) { watch(leaf); });
  }

  /// Ends the recording (leaves Python's `with`); does nothing if the recording has ended already, for example with its
  /// thread.
  void stop();
  bool is_recording() const noexcept;

  /// Resumes the recording of a stopped tape until the returned object is destroyed. The tape must outlive that object.
  /// Throws a ValueError "Tape is still recording" when it records. After the gradient() of a non-persistent tape a new
  /// record begins.
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
  [[nodiscard]] Scope scope() &;

  /// Suspends the recording until the returned object is destroyed. The tape must outlive that object. Throws a
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
  [[nodiscard]] Pause stop_recording() &;

  /// Forgets all that was recorded and watched. Throws a ValueError when the tape does not record.
  void reset();

  /// The variables watched so far, in the order of their construction; still known after gradient().
  std::vector<Variable> watched_variables() const;

  /// The number of ops with a gradient that the tape holds.
  std::size_t num_records() const noexcept;

  /// d target / d source. For a target that is not a scalar, the gradient of the sum of its elements. The source is a
  /// watched tensor or variable or anything computed from one. The result has the source's shape and dtype; it is an
  /// empty Tensor (or zeros, see GradientOptions) when the target does not depend on the source.
  ///
  /// Throws a RuntimeError for a second call on a tape that is not persistent, a ValueError for output_gradients of
  /// another number or shape, what a rule throws, and a ValueError naming the op whose rule returned a gradient of the
  /// wrong number, shape or dtype.
  Tensor gradient(const Tensor& target, const Tensor& source, const GradientOptions& options = {});
  Tensor gradient(const Tensor& target, const Variable& source, const GradientOptions& options = {});
  /// The same for several sources at once, in their order.
  Tensors gradient(const Tensor& target, const std::vector<Variable>& sources, const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, const std::vector<Tensor>& sources, const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, std::initializer_list<detail::Source> sources,
                   const GradientOptions& options = {});
  Tensors gradient(const Tensor& target, std::span<const detail::Source> sources, const GradientOptions& options = {}) {
    return compute({&target, 1}, sources, options);
  }
  /// The gradient of the sum of all elements of several targets.
  Tensors gradient(const std::vector<Tensor>& targets, std::initializer_list<detail::Source> sources,
                   const GradientOptions& options = {});
  Tensors gradient(const std::vector<Tensor>& targets, std::span<const detail::Source> sources,
                   const GradientOptions& options = {}) {
    return compute(targets, sources, options);
  }
  Tensors gradient(const std::vector<Tensor>& targets, const std::vector<Variable>& sources,
                   const GradientOptions& options = {});
  Tensors gradient(const std::vector<Tensor>& targets, const std::vector<Tensor>& sources,
                   const GradientOptions& options = {});
  /// The same for targets and sources in arrays, tuples, pairs, maps and vectors, nested in any way: the gradients have
  /// the structure of the sources.
  ///
  ///     auto [dw, db] = tape.gradient(loss, std::tuple(w, b));
  ///     std::map<std::string, Tensor> grads = tape.gradient(loss, parameters);  // a std::map<std::string, Variable>
  template <detail::LeafOrStructure Target, detail::LeafOrStructure Sources>
  requires(detail::Structure<Target> || detail::Structure<Sources>) auto gradient(const Target& target,
                                                                                  const Sources& sources,
                                                                                  const GradientOptions& options = {}) {
    detail::PoolVector<Tensor> targets;
    detail::for_each_leaf(target, [&](const Tensor& t) { targets.push_back(t); });
    detail::PoolVector<detail::Source> leaves;
    detail::for_each_leaf(sources, [&](const auto& leaf) { leaves.push_back(leaf); });
    const Tensors gradients = compute(targets, leaves, options);
    return detail::map_leaves(sources, [next = gradients.begin()](const auto&) mutable { return *next++; });
  }

  /// The matrix of all derivatives: d target[i...] / d source[j...] at [i..., j...], of the shape of the target
  /// followed by that of the source; for several sources, one each, in their order or structure. Takes one backward
  /// pass for each element of the target, one after the other, so it needs no more memory than one pass and the result.
  /// Uses up a tape that is not persistent.
  ///
  /// Throws what gradient() throws, and a RuntimeError for a tape that is not persistent and whose gradient() has been
  /// called.
  Tensor jacobian(const Tensor& target, const Tensor& source, const JacobianOptions& options = {});
  Tensor jacobian(const Tensor& target, const Variable& source, const JacobianOptions& options = {});
  Tensors jacobian(const Tensor& target, std::initializer_list<detail::Source> sources,
                   const JacobianOptions& options = {});
  template <detail::Structure Sources>
  auto jacobian(const Tensor& target, const Sources& sources, const JacobianOptions& options = {}) {
    detail::PoolVector<detail::Source> leaves;
    detail::for_each_leaf(sources, [&](const auto& leaf) { leaves.push_back(leaf); });
    const Tensors jacobians = compute_jacobian(target, leaves, options);
    return detail::map_leaves(sources, [next = jacobians.begin()](const auto&) mutable { return *next++; });
  }

  /// The Jacobians of a batch of examples, of a target [b, y...] and a source [b, x...]: [b, y..., x...], assuming that
  /// target[i] depends on source[i] alone. Takes one backward pass for each element of target[0]. Zeros for an
  /// unconnected source, as in TensorFlow. Throws a ValueError unless both have the same first size.
  Tensor batch_jacobian(const Tensor& target, const Tensor& source);

  /// Why `target` has no gradient for `source`, or through which ops it flows. Also works after gradient().
  ///
  ///     if (!grads[0].defined()) fmt::print("{}\n", tape.explain(loss, w).text);
  Explanation explain(const Tensor& target, const Tensor& source) const;
  Explanation explain(const Tensor& target, const Variable& source) const;

  /// The recorded graph in Graphviz's language, ops with the shapes of their results; with profiling, times and bytes.
  /// Also works after gradient().
  ///
  ///     std::ofstream("graph.dot") << tape.dot();      // dot -Tsvg graph.dot > graph.svg
  std::string dot() const;

  /// Writes the times of all ops as a Chrome trace, for chrome://tracing or ui.perfetto.dev: one row for the forward,
  /// one for the backward pass. An op's forward time begins where the op before it ended. Throws a RuntimeError for a
  /// tape without `profile` and for a file that cannot be written.
  void profile(const std::string& path) const;

 private:
  Tensors compute_jacobian(const Tensor& target, std::span<const detail::Source> sources,
                           const JacobianOptions& options);
  Tensors compute(std::span<const Tensor> targets, std::span<const detail::Source> sources,
                  const GradientOptions& options);
  detail::TapeImpl& impl() const;

  std::unique_ptr<detail::TapeImpl> impl_;
};

}  // namespace xtape
