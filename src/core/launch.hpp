#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "core/element_access.hpp"
#include "core/trace.hpp"
#include "xtape/core/tensor.hpp"

// The only way to the elements of tensors. Kernels get them through launch(), which knows what a kernel reads and
// writes. function() needs this for replays; a profiler or another device would need it too. Other code on the host
// uses host_read() and host_write() and gives its name.
namespace xtape::detail {

/// A tensor as a kernel sees it, or none: the common base of Read and Write.
class Operand {
 public:
  bool defined() const noexcept { return impl_ != nullptr; }
  DType dtype() const noexcept { return impl_->dtype; }
  const Shape& shape() const noexcept { return impl_->shape; }
  int rank() const noexcept { return impl_->shape.rank(); }
  /// The number of elements.
  std::int64_t size() const noexcept { return impl_->numel; }
  std::int64_t size_in_bytes() const noexcept {
    return impl_->numel * static_cast<std::int64_t>(itemsize(impl_->dtype));
  }

 protected:
  explicit Operand(const Tensor& t) noexcept : impl_(t.impl()) {}
  /// The first element; null if there is no tensor.
  std::byte* elements() const { return impl_ == nullptr ? nullptr : ElementAccess::of(*impl_); }

 private:
  TensorImpl* impl_;
};

/// A tensor that a kernel reads.
class Read : public Operand {
 public:
  /// The elements in row-major order, null if there is no tensor. T is the type of the tensor's dtype, or std::byte.
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(elements());
  }
  const std::byte* bytes() const { return elements(); }

 private:
  friend struct OperandAccess;
  using Operand::Operand;
};

/// A tensor that a kernel writes; LaunchKind::pure kernels write all of it.
class Write : public Operand {
 public:
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(elements());
  }
  std::byte* bytes() const { return elements(); }

 private:
  friend struct OperandAccess;
  using Operand::Operand;
};

/// Makes operands from tensors, only for this header.
struct OperandAccess {
  template <class O>
  static O make(const Tensor& t) {
    return O(t);
  }
};

/// Lists of operands, for kernels of any number of tensors.
template <class O>
class OperandList {
 public:
  OperandList(const Operands& operands, std::size_t begin, std::size_t count)
      : operands_(operands), begin_(begin), count_(count) {}
  std::size_t size() const noexcept { return count_; }
  O operator[](std::size_t i) const { return OperandAccess::make<O>(operands_[begin_ + i]); }

 private:
  const Operands& operands_;
  std::size_t begin_, count_;
};
using Reads = OperandList<Read>;
using Writes = OperandList<Write>;

/// Derives from a kernel's parameters how many tensors it reads and then writes.
template <class Call>
struct KernelSignature : KernelSignature<decltype(&Call::operator())> {};
template <class K, class... P>
struct KernelSignature<void (K::*)(P...) const> {
  static constexpr std::size_t operands = sizeof...(P);
  static constexpr std::size_t writes = (std::size_t{std::is_same_v<P, Write>} + ... + std::size_t{0});
  static_assert(((std::is_same_v<P, Read> || std::is_same_v<P, Write>)&&...), "a kernel takes Reads, then Writes");
  static constexpr bool in_order() {
    constexpr bool written[] = {std::is_same_v<P, Write>...};
    for (std::size_t i = 0; i < operands; ++i) {
      if (written[i] != (i >= operands - writes)) return false;
    }
    return true;
  }
  static_assert(in_order(), "what a kernel writes stands after what it reads");

  template <std::size_t... i>
  static void run(const K& kernel, const Operands& current, std::index_sequence<i...>) {
    kernel(OperandAccess::make<P>(current[i])...);
  }
  template <class... T>
  static void run_on(const K& kernel, const T&... tensors) {
    kernel(OperandAccess::make<P>(tensors)...);
  }
};

/// Runs a kernel on tensors, now and in every replay of a function that is being traced:
///
///     launch([rows, n](Read x, Read gamma, Write y) {...}, x, gamma, y);
///
/// The types of the kernel's parameters say which tensors it reads and which it writes. It captures everything else by
/// value, since a replay passes different tensors of the same shapes and dtypes. Any of the tensors may be empty. The
/// results of a kernel without a Read are constants.
template <class K, class... T>
requires(std::is_same_v<T, Tensor>&&...) void launch(LaunchKind kind, K&& kernel, const T&... tensors) {
  using Signature = KernelSignature<std::remove_cvref_t<K>>;
  static_assert(Signature::operands == sizeof...(T), "as many tensors as the kernel has parameters");
  if (thread_state.tracer == nullptr) [[likely]] {
    Signature::run_on(kernel, tensors...);
    return;
  }
  const Tensor* const operands[] = {&tensors...};
  trace_launch(
      kind,
      [kernel = std::forward<K>(kernel)](const Operands& current) {
        Signature::run(kernel, current, std::make_index_sequence<sizeof...(T)>());
      },
      operands, Signature::writes);
}
template <class K, class... T>
requires(std::is_class_v<std::remove_cvref_t<K>> &&
         (std::is_same_v<T, Tensor> && ...)) void launch(K&& kernel, const T&... tensors) {
  launch(LaunchKind::pure, std::forward<K>(kernel), tensors...);
}

/// launch() for any number of tensors: kernel(const Reads&, const Writes&). `operands` are the tensors that it reads,
/// then the `outputs` that it writes.
template <class K>
void launch_list(K&& kernel, std::span<const Tensor* const> operands, std::size_t outputs,
                 LaunchKind kind = LaunchKind::pure) {
  const std::size_t inputs = operands.size() - outputs;
  auto call = [kernel = std::forward<K>(kernel), inputs, outputs](const Operands& current) {
    kernel(Reads(current, 0, inputs), Writes(current, inputs, outputs));
  };
  if (thread_state.tracer == nullptr) [[likely]] {
    call(Operands(operands.data()));
  } else {
    trace_launch(kind, std::move(call), operands, outputs);
  }
}

/// The elements for code on the host that is not a kernel, such as a metric or a file writer. A function that is being
/// traced then cannot be replayed if the elements may differ between calls; its obstacle() names `op`.
inline Read host_read(const char* op, const Tensor& t) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->host_read(op, t.impl());
  return OperandAccess::make<Read>(t);
}
/// The elements of a tensor that was just made or is not shared, for code on the host to write. A function that is
/// being traced cannot be replayed if it reads them later.
inline Write host_write(const char* op, const Tensor& t) {
  if (thread_state.tracer != nullptr) [[unlikely]]
    thread_state.tracer->host_written(op, t.impl());
  return OperandAccess::make<Write>(t);
}

}  // namespace xtape::detail
