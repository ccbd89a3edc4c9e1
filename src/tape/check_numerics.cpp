#include "xtape/tape/check_numerics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/check.hpp"
#include "base/per_thread.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "tape/tape_impl.hpp"

namespace xtape {
namespace detail {
namespace {

/// A summary of a tensor's elements.
struct Summary {
  std::int64_t nan = 0, infinite = 0, first_bad = -1;
  double low = INFINITY, high = -INFINITY;  ///< of the finite elements
};

template <class T>
bool all_finite(const T* x, std::int64_t n) {
  bool bad = false;
  for (std::int64_t i = 0; i < n; ++i) bad |= !(x[i] - x[i] == T(0));
  return !bad;
}

/// f(elements), for floating tensors.
template <class F>
void visit_elements(const Read& t, F&& f) {
  kernels::visit(t.dtype(), [&]<class T>(kernels::Type<T>) {
    if constexpr (!std::is_integral_v<T>) f(t.data<T>());
  });
}

bool is_fine(const Read& t) {
  bool fine = true;
  visit_elements(t, [&]<class T>(const T* x) {
    if constexpr (std::is_same_v<T, BFloat16>) {
      fine = std::all_of(x, x + t.size(), [](BFloat16 v) { return std::isfinite(static_cast<float>(v)); });
    } else {
      fine = all_finite(x, t.size());
    }
  });
  return fine;
}

Summary summary_of(const Read& t) {
  Summary s;
  visit_elements(t, [&]<class T>(const T* x) {
    for (std::int64_t i = 0; i < t.size(); ++i) {
      double value = 0;
      if constexpr (std::is_same_v<T, BFloat16>) {
        value = static_cast<float>(x[i]);
      } else {
        value = static_cast<double>(x[i]);
      }
      if (std::isfinite(value)) {
        s.low = std::min(s.low, value);
        s.high = std::max(s.high, value);
        continue;
      }
      (std::isnan(value) ? s.nan : s.infinite) += 1;
      if (s.first_bad < 0) s.first_bad = i;
    }
  });
  return s;
}

/// "(4, 0)"
std::string place(const Shape& shape, std::int64_t index) {
  PoolVector<std::int64_t> at(static_cast<std::size_t>(shape.rank()));
  for (int axis = shape.rank(); axis-- > 0;) {
    at[static_cast<std::size_t>(axis)] = index % shape[axis];
    index /= shape[axis];
  }
  return Shape(at).str();
}

/// "3 NaN and 1 infinite of 320 elements, first at (4, 0)"
std::string faults(const Shape& shape, const Summary& s) {
  const char* both = s.nan > 0 && s.infinite > 0 ? " and " : "";
  return fmt::format("{}{}{} of {} elements, first at {}", s.nan > 0 ? fmt::format("{} NaN", s.nan) : "", both,
                     s.infinite > 0 ? fmt::format("{} infinite", s.infinite) : "", shape.numel(),
                     place(shape, s.first_bad));
}

std::string range(const Summary& s) {
  return s.low <= s.high ? fmt::format("within [{:.6g}, {:.6g}]", s.low, s.high) : "without finite elements";
}

}  // namespace
}  // namespace detail

namespace debug {

/// Has an inner tape on the thread, so that all ops are reported, and remembers the latest ones.
struct CheckNumerics::Impl final : detail::Observer {
  struct Op {
    std::uint64_t id = 0;
    std::uint64_t number = 0;  ///< counts the ops
    const char* name = nullptr;
  };
  static constexpr std::size_t remembered = 1 << 14;
  static constexpr const char* reader = "debug::CheckNumerics";

  detail::TapeImpl tape{{.watch_accessed_variables = false}};
  std::vector<Op> ops{remembered};
  std::uint64_t count = 0;

  Impl() {
    tape.observer = this;
    tape.start();
  }

  /// "subtract #11", or "a tensor from outside".
  std::string origin(const detail::TensorImpl* t) const {
    const Op& op = ops[t->id % remembered];
    return t->id != 0 && op.id == t->id ? fmt::format("{} #{}", op.name, op.number) : "a tensor from outside";
  }

  void check(const char* name, const Inputs& inputs, std::span<const Tensor> outputs) override {
    ++count;
    for (const auto& output : outputs) {
      ops[output.impl()->id % remembered] = {output.impl()->id, count, name};
      if (!is_floating(output.dtype())) continue;
      const auto elements = detail::host_read(reader, output);
      if (detail::is_fine(elements)) continue;
      const detail::Summary found = detail::summary_of(elements);
      std::string text = fmt::format("{} #{} -> {} {} has {}; fed by", name, count, output.dtype(), output.shape(),
                                     detail::faults(output.shape(), found));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == nullptr) continue;
        detail::retain(inputs[i]);
        const Tensor input = Tensor::adopt(inputs[i]);
        text += fmt::format("{} {} -> {} {}", i == 0 ? "" : ",", origin(inputs[i]), input.dtype(), input.shape());
        if (!is_floating(input.dtype())) continue;
        const detail::Summary own = detail::summary_of(detail::host_read(reader, input));
        text += fmt::format(" {}", detail::range(own));
        if (own.first_bad >= 0) text += fmt::format(" with {}", detail::faults(input.shape(), own));
      }
      detail::fail<RuntimeError>("check_numerics", "{}", text);
    }
  }
};

CheckNumerics::CheckNumerics() : impl_(std::make_unique<Impl>()) {}
CheckNumerics::~CheckNumerics() = default;

namespace {
std::optional<CheckNumerics>& enabled() {
  static auto* const of_thread = new detail::PerThread<std::optional<CheckNumerics>>;
  return of_thread->get();
}
}  // namespace

void enable_check_numerics() {
  if (!enabled()) enabled().emplace();
}
void disable_check_numerics() { enabled().reset(); }

Tensor check_numerics(const Tensor& x, const std::string& message) {
  if (!is_floating(x.dtype())) return x;
  detail::launch(
      detail::LaunchKind::throws,
      [message](detail::Read elements) {
        if (detail::is_fine(elements)) return;
        detail::fail<RuntimeError>("check_numerics", "{}: {} {} has {}", message, elements.dtype(), elements.shape(),
                                   detail::faults(elements.shape(), detail::summary_of(elements)));
      },
      x);
  return x;
}

}  // namespace debug
}  // namespace xtape
