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
  std::string name = "function";  ///< in messages
};

namespace detail {

struct FunctionImpl;

/// A call's arguments: its tensors, and its numbers and texts as a key.
struct FunctionArguments {
  template <class A>
  void add(const A& argument) {
    if constexpr (LeafOrStructure<A>) {
      for_each_leaf(argument, [this](const auto& leaf) {
        static_assert(!std::derived_from<std::remove_cvref_t<decltype(leaf)>, Variable>,
                      "capture variables instead of giving them as arguments");
        tensors.push_back(&leaf);
      });
      // Two structures with as many tensors in other places are not the same.
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

/// One call: says whether it is replayed, and takes the trace where it is not.
class FunctionCall {
 public:
  FunctionCall(FunctionImpl& function, const FunctionArguments& arguments);
  FunctionCall(const FunctionCall&) = delete;
  ~FunctionCall();

  /// The results of a replay; null when the function has to be run.
  Tensors* results() noexcept { return replayed_ ? &results_ : nullptr; }
  /// The arguments to run it with.
  const Tensors& traced_arguments() const noexcept { return arguments_; }
  bool traces() const noexcept { return traces_; }
  /// Hands in what it returned; `like` holds its structure, without tensors.
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
    // Aliases, so that an argument is not taken for a tensor that f has captured, nor for another argument.
    [[maybe_unused]] std::size_t next = 0;
    [[maybe_unused]] const auto alias = [&]<class T>(const T& argument) {
      std::decay_t<const T&> copy = argument;  // a text's characters as a pointer
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
  /// Why F runs as it is instead of being replayed; empty when nothing stands in the way.
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

/// f as a graph (tf.function, the graph mode of TensorFlow 1): the first call for a signature runs f and writes down
/// every kernel that it ran on tensors; later calls run these kernels again, in memory that was laid out beforehand,
/// with chains of elementwise ones fused, and not f itself. The results are the same bit for bit.
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
/// f takes and returns tensors and structures of tensors (vectors, arrays, tuples, pairs, maps); numbers and texts
/// among its arguments are part of the signature, as are the tensors' shapes and dtypes, and whether they have masks
/// (see get_mask), which are arguments and results as well. A new signature is traced
/// anew; from the second on, a warning says so.
///
/// What a replay repeats: kernels, reading and assigning variables, drawing random numbers, optimizers, metrics. What
/// it does not: everything else that f does, such as printing, counting, appending to a vector, or deciding by an `if`
/// what to compute; that happens when f is traced, and stays as it was decided then. Tensors that f captures are
/// constants; variables are not. What f uses (models, optimizers, metrics) must live as long as the function is called.
///
/// A call that makes variables (the first call of a model, of an optimizer) is not kept: the next one is traced. Where
/// f does what cannot be replayed, such as reading an element (Tensor::item), f simply runs in every call, and a
/// warning says why, once. It also simply runs while a tape outside of it records, and while it is running already in
/// another thread. Inside of another function that is being traced, it becomes part of that one.
template <class F>
Function<std::decay_t<F>> function(F&& f, FunctionOptions options = {}) {
  return {std::forward<F>(f), std::move(options)};
}

}  // namespace xtape
