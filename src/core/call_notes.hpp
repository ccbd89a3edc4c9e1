#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/trace.hpp"
#include "xtape/base/config.hpp"
#include "xtape/base/dtype.hpp"
#include "xtape/core/random.hpp"
#include "xtape/core/tensor.hpp"
#include "xtape/core/variable.hpp"

// What ops and layers are called with, while somebody asks: an export, or the node of an op on symbolic tensors. This
// is the only place that has the arguments of an op as data. The first line of each op is
//
//     XTAPE_NOTE(nn::softmax, x, axis);
//
// which notes the call and then makes it. Usually nobody asks, and it is one load and a branch.
namespace xtape::detail {

template <class T>
concept IsListOfTensors = requires(const T& list) {
  requires std::same_as<std::decay_t<decltype(*list.begin())>, Tensor>;
};

/// What is called if it is not an op; a layer, which this part does not know.
struct Called {
  virtual ~Called() = default;
};

struct CallNote {
  const char* op = nullptr;  ///< null: not an op
  std::shared_ptr<const Called> called = {};
  Tensors operands = {};  ///< in the op's order, lists last; empty ones for those that are left out
  std::vector<Config::Entry> attributes = {};  ///< the other arguments, under their names
  Tensors results = {};
  std::vector<CallNote> inner = {};  ///< the calls of which it is made
};

/// The calls that a thread makes, for a Tracer.
class CallNotes {
 public:
  CallNotes() = default;
  CallNotes(const CallNotes&) = delete;

  /// Whether the function that asks has to note its call; not if it is the one that is being noted.
  bool wanted() noexcept { return !std::exchange(entering_, false); }
  template <class F>
  auto run(CallNote note, const F& call) {
    const Inside inside(*this, note.inner);
    entering_ = true;
    auto result = call();
    add_results(note.results, result);
    inside.outer.push_back(std::move(note));
    return result;
  }
  const std::vector<CallNote>& all() const noexcept { return all_; }
  /// The variables that were read.
  const std::vector<Variable>& variables() const noexcept { return variables_; }
  void add_variable(const Variable& variable) { variables_.push_back(variable); }

 private:
  struct Inside {
    Inside(CallNotes& its_notes, std::vector<CallNote>& inner)
        : notes(its_notes), outer(*std::exchange(its_notes.current_, &inner)) {}
    Inside(const Inside&) = delete;
    ~Inside() {
      notes.current_ = &outer;
      notes.entering_ = false;
    }
    CallNotes& notes;
    std::vector<CallNote>& outer;
  };

  template <class R>
  static void add_results(Tensors& all, const R& result) {
    if constexpr (std::same_as<R, Tensor>) {
      all.push_back(result);
    } else if constexpr (requires { result.begin(); }) {
      all.insert(all.end(), result.begin(), result.end());
    } else if constexpr (requires { result.first; }) {
      add_results(all, result.first);
      add_results(all, result.second);
    } else if constexpr (sizeof(R) == 2 * sizeof(Tensor)) {
      const auto& [a, b] = result;
      all.insert(all.end(), {a, b});
    } else if constexpr (sizeof(R) == 3 * sizeof(Tensor)) {
      const auto& [a, b, c] = result;
      all.insert(all.end(), {a, b, c});
    } else {
      const auto& [a, b, c, d] = result;
      all.insert(all.end(), {a, b, c, d});
    }
  }

  std::vector<CallNote> all_;
  std::vector<Variable> variables_;
  std::vector<CallNote>* current_ = &all_;
  bool entering_ = false;
};

/// Whether the calling function has to note its call.
inline bool noting() noexcept {
  const Tracer* const tracer = thread_state.tracer;
  return tracer != nullptr && tracer->notes != nullptr && tracer->notes->wanted();
}

/// Adds an argument of an op to its note, under the next of the names.
template <class T>
void add_argument(CallNote& note, std::string_view name, const T& argument) {
  if constexpr (std::same_as<T, Tensor>) {
    note.operands.push_back(argument);
  } else if constexpr (HasFields<T>) {
    std::vector<Config::Entry> fields;
    argument.fields([&](std::string_view field, const auto& value) {
      if constexpr (std::same_as<std::decay_t<decltype(value)>, Tensor>) {
        note.operands.push_back(value);
      } else {
        fields.emplace_back(field, value);
      }
    });
    note.attributes.emplace_back(name, Config("", std::move(fields)));
  } else if constexpr (std::same_as<T, DType>) {
    note.attributes.emplace_back(name, xtape::name(argument));
  } else if constexpr (std::is_enum_v<T>) {
    note.attributes.emplace_back(name, static_cast<std::int64_t>(argument));
  } else if constexpr (!std::same_as<T, random::Generator> && !IsListOfTensors<T>) {
    note.attributes.emplace_back(name, argument);
  }
}

template <class... T>
CallNote note_of(const char* op, std::string_view names, const T&... arguments) {
  CallNote note;
  note.op = op;
  visit_named(
      [&](std::string_view name, const auto& argument) {
        add_argument(note, name.substr(0, name.find_last_not_of('_') + 1), argument);
      },
      names, arguments...);
  const auto add_list = [&](const auto& argument) {
    if constexpr (IsListOfTensors<std::decay_t<decltype(argument)>>) {
      note.operands.insert(note.operands.end(), argument.begin(), argument.end());
    }
  };
  (add_list(arguments), ...);
  return note;
}

/// "nn::softmax" -> "softmax"
constexpr const char* without_namespaces(const char* name) {
  for (const char* c = name; *c != 0; ++c) {
    if (*c == ':') name = c + 1;
  }
  return name;
}

}  // namespace xtape::detail

/// The first line of an op: if somebody asks, notes its arguments under the names of the parameters, of which an
/// underscore at the end is left out, and makes the call inside the note. That is a function of its own, so that the op
/// has no more to do than the question.
#define XTAPE_NOTE(op, ...)                                                                              \
  if (::xtape::detail::noting()) [[unlikely]]                                                            \
    return [&]() __attribute__((noinline, cold)) {                                                       \
      return ::xtape::detail::thread_state.tracer->notes->run(                                           \
          ::xtape::detail::note_of(::xtape::detail::without_namespaces(#op), #__VA_ARGS__, __VA_ARGS__), \
          [&]() { return op(__VA_ARGS__); });                                                            \
    }                                                                                                    \
  ()
