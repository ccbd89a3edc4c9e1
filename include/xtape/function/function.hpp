#pragma once

#include <any>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "xtape/core/tensor.hpp"
#include "xtape/tape/structure.hpp"

namespace xtape {

/// Keyword arguments of function().
struct FunctionOptions {
  std::string name = "function";  ///< shown in messages
};

namespace detail {

struct FunctionImpl;

/// The arguments of a call: its tensors, and its numbers and texts as a key.
struct FunctionArguments {
  template <class A>
  void add(const A& argument) {
    if constexpr (LeafOrStructure<A>) {
      for_each_leaf(argument, [this](const auto& leaf) {
        static_assert(!std::derived_from<std::remove_cvref_t<decltype(leaf)>, Variable>,
                      "capture variables instead of giving them as arguments");
        tensors.push_back(&leaf);
      });
      // Tells structures apart that hold the same number of tensors in different places.
      add_text(std::to_string(tensors.size()));
    } else if constexpr (std::is_arithmetic_v<A> || std::is_enum_v<A>) {
      add_text(std::string(reinterpret_cast<const char*>(&argument), sizeof argument));
    } else {
      static_assert(std::is_convertible_v<A, std::string>,
                    "the arguments of a function are tensors, structures of tensors, numbers and texts");
      add_text(std::string(argument));
    }
  }

  void add_text(const std::string& text) {
    key += text;
    key += '\0';
  }

  PoolVector<const Tensor*> tensors;
  std::string key;
};

/// One call: decides whether it is replayed, and otherwise takes the trace.
class FunctionCall {
 public:
  FunctionCall(FunctionImpl& function, const FunctionArguments& arguments);
  FunctionCall(const FunctionCall&) = delete;
  ~FunctionCall();

  /// The results of a replay; null if f itself has to run.
  Tensors* results() noexcept { return replayed_ ? &results_ : nullptr; }
  /// The arguments with which f is traced.
  const Tensors& traced_arguments() const noexcept { return arguments_; }
  bool traces() const noexcept { return traces_; }
  /// Ends a trace: `results` are the tensors that f returned, `like` their structure without tensors.
  void finish(const Tensors& results, std::any like);
  const std::any& like() const noexcept;

 private:
  void begin(const FunctionArguments& arguments);
  void end() noexcept;

  FunctionImpl& function_;
  Tensors arguments_, results_;
  bool replayed_ = false, traces_ = false, busy_ = false;
};

std::shared_ptr<FunctionImpl> make_function(FunctionOptions options);
std::int64_t trace_count(const FunctionImpl& function) noexcept;
const std::string& obstacle(const FunctionImpl& function) noexcept;
std::string describe(const FunctionImpl& function);

}  // namespace detail

/// What function() returns: a callable with the arguments and the results of F.
template <class F>
class Function {
 public:
  Function(F f, FunctionOptions options) : f_(std::move(f)), impl_(detail::make_function(std::move(options))) {}

  template <class... A>
  requires std::invocable<F&, const A&...>
  auto operator()(const A&... arguments) -> std::invoke_result_t<F&, const A&...> {
    using Result = std::remove_cvref_t<std::invoke_result_t<F&, const A&...>>;
    detail::FunctionArguments given;
    (given.add(arguments), ...);
    detail::FunctionCall call(*impl_, given);
    if (const Tensors* results = call.results()) {
      if constexpr (std::is_void_v<Result>) {
        return;
      } else if constexpr (std::is_same_v<Result, Tensor>) {
        return (*results)[0];
      } else {
        Result result = std::any_cast<const Result&>(call.like());
        std::size_t i = 0;
        detail::for_each_leaf(result, [&](auto& leaf) { assign(leaf, (*results)[i++]); });
        return result;
      }
    }
    if (!call.traces()) return f_(arguments...);
    // Aliases: an argument may be the same tensor as another one, or as one that f has captured.
    [[maybe_unused]] std::size_t next = 0;
    [[maybe_unused]] const auto alias = [&]<class T>(const T& argument) {
      std::decay_t<const T&> copy = argument;  // decays an array of characters to a pointer
      if constexpr (detail::LeafOrStructure<T>) {
        detail::for_each_leaf(copy, [&](auto& leaf) { assign(leaf, call.traced_arguments()[next++]); });
      }
      return copy;
    };
    const std::tuple<std::decay_t<const A&>...> aliases{alias(arguments)...};
    if constexpr (std::is_void_v<Result>) {
      std::apply(f_, aliases);
      call.finish({}, {});
    } else {
      Result result = std::apply(f_, aliases);
      Tensors tensors;
      detail::for_each_leaf(result, [&](auto& leaf) { tensors.push_back(leaf); });
      Result like = result;
      detail::for_each_leaf(like, [](auto& leaf) { assign(leaf, Tensor()); });
      call.finish(tensors, std::move(like));
      return result;
    }
  }

  /// How often F was traced: once for each signature, and once more where the first call made variables.
  std::int64_t trace_count() const noexcept { return detail::trace_count(*impl_); }
  /// Why F itself runs in every call instead of a replay; empty if nothing prevents replays.
  const std::string& obstacle() const& noexcept { return detail::obstacle(*impl_); }
  std::string obstacle() const&& { return detail::obstacle(*impl_); }
  /// A line for each signature: its arguments, the number of steps, how many of them are fused, the bytes of the arena.
  std::string str() const { return detail::describe(*impl_); }

 private:
  template <class Leaf>
  static void assign(Leaf& leaf, const Tensor& t) {
    static_assert(std::is_same_v<Leaf, Tensor>, "a function takes and returns tensors, and structures of them");
    leaf = t;
  }

  F f_;
  std::shared_ptr<detail::FunctionImpl> impl_;
};

/// f as a graph (tf.function, the graph mode of TensorFlow 1). The first call for a signature runs f and notes every
/// kernel that it runs on tensors. Later calls run these kernels instead of f, in memory that was planned beforehand,
/// with chains of elementwise kernels fused. The results are the same bit for bit.
///
///     auto step = xp::function([&](const xp::Tensor& x, const xp::Tensor& y) {
///       xp::GradientTape tape;
///       auto loss = xp::reduce_mean(xp::losses::sparse_categorical_crossentropy(y, model(x, {.training = true})));
///       auto gradients = tape.gradient(loss, model.trainable_variables());
///       optimizer.apply_gradients(xp::zip(gradients, model.trainable_variables()));
///       return loss;
///     });
///     for (...) loss = step(x, y);
///
/// f takes and returns tensors and structures of tensors (vectors, arrays, tuples, pairs, maps). The signature consists
/// of the tensors' shapes and dtypes, whether they have masks (see get_mask), and the numbers and texts among the
/// arguments. Masks are passed in and out with their tensors. Each new signature is traced; from the second on, a
/// warning says so.
///
/// A replay repeats kernels, reads and assignments of variables, random draws, optimizers and metrics. It does not
/// repeat anything else that f does: printing, counting, appending to a vector. An `if` in f decides when f is traced,
/// for all replays. Tensors that f captures are constants; variables are not. Objects that f uses (models, optimizers,
/// metrics) must outlive the last call.
///
/// The trace of a call that makes variables (the first call of a model or an optimizer) is not kept: the next call is
/// traced. If f does what cannot be replayed, such as reading an element (Tensor::item), f itself runs in every call,
/// and one warning says why. f itself also runs while an outer tape records, and while another thread runs it. Inside
/// another function() that is being traced, it becomes part of that trace.
template <class F>
Function<std::decay_t<F>> function(F&& f, FunctionOptions options = {}) {
  return {std::forward<F>(f), std::move(options)};
}

}  // namespace xtape
