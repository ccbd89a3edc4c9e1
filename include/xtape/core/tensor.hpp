#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include "xtape/base/dtype.hpp"
#include "xtape/base/memory.hpp"
#include "xtape/base/shape.hpp"

namespace xt {
template <class D>
class xexpression;
}

namespace xtape {

class Tensor;
class IndexItem;

namespace detail {

struct Provenance;

/// What a Tensor points to: the description of an array. Its elements follow in the same block of memory. A view (a
/// reshape, a slice along axis 0) has none: it refers to the elements of another TensorImpl, its owner.
struct TensorImpl {
  /// `its_elements` is the address of `its_numel` elements. `its_shape` are the arguments of Shape's constructor.
  template <class... S>
  TensorImpl(DType its_dtype, std::int64_t its_numel, std::byte* its_elements, std::uint8_t its_size_class,
             const S&... its_shape)
      : dtype(its_dtype),
        size_class(its_size_class),
        elements(its_elements),
        numel(its_numel),
        owner(this),
        shape(its_shape...) {}

  std::atomic<std::uint32_t> references{1};
  DType dtype = DType::float32;
  bool weak = false;            ///< a plain number: takes the dtype of the tensor it is combined with
  std::uint8_t size_class = 0;  ///< of the allocator's block
  /// 1 + its index among the leaves of the last tape that watched it; 0 if none has. Every tape looks at this index
  /// first.
  std::atomic<std::uint32_t> leaf{0};
  bool of_variable = false;  ///< the value of a Variable, which may change
  std::uint64_t id = 0;      ///< the number of this op result on its thread; 0 if it was not recorded

 private:
  // Kernels get the elements through launch(), users through Tensor::data(), so that a tracer sees every access.
  friend struct ElementAccess;
  friend class ::xtape::Tensor;
  /// 64-byte aligned except for scalars and views; null for a sparse tensor whose elements were never read.
  std::atomic<std::byte*> elements{nullptr};

 public:
  std::int64_t numel = 0;
  TensorImpl* owner = nullptr;       ///< holds the elements; this object itself unless it is a view
  Provenance* provenance = nullptr;  ///< of this tensor alone, see core/provenance.hpp; null for most tensors
  Shape shape;

 private:
  [[gnu::always_inline]] std::byte* data() {
    std::byte* there = elements.load(std::memory_order_acquire);
    return there != nullptr ? there : fill_in();
  }
  [[gnu::cold]] std::byte* fill_in();  ///< makes the elements of a sparse tensor
};

/// Frees a TensorImpl that nobody refers to any more.
void destroy(TensorImpl* impl) noexcept;

/// Whether the process has never had a second thread, as far as the C library knows. References are then counted
/// without locked instructions, which take much of the time of an op on few elements.
inline bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

inline void retain(TensorImpl* impl) noexcept {
  if (single_threaded()) {
    impl->references.store(impl->references.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  } else {
    impl->references.fetch_add(1, std::memory_order_relaxed);
  }
}
inline void release(TensorImpl* impl) noexcept {
  // The last owner needs no read-modify-write: nobody else can be copying its handle.
  const std::uint32_t references = impl->references.load(std::memory_order_acquire);
  if (references == 1) {
    destroy(impl);
  } else if (single_threaded()) {
    impl->references.store(references - 1, std::memory_order_relaxed);
  } else if (impl->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy(impl);
  }
}

/// Specialised in xtape/core/xtensor.hpp for xtensor's expressions.
template <class E>
struct FromXtensor {
  static_assert(sizeof(E) == 0, "include <xtape/core/xtensor.hpp> to make a Tensor of an xtensor expression");
};
template <class T>
struct ArrayView {
  static_assert(sizeof(T) == 0, "include <xtape/core/xtensor.hpp> to use Tensor::array<T>()");
};

template <class E>
concept XtensorExpression = std::is_class_v<E> && std::is_base_of_v<xt::xexpression<E>, E>;

void check_dtype(const char* op, const TensorImpl* impl, DType wanted);

template <class T>
void elements_do_not_change() {
  static_assert(
      sizeof(T) == 0,
      "the elements of a tensor do not change: write v.assign_slice({...}, value) for a Variable v, otherwise "
      "make a new tensor, by where(), concat() or tensor_scatter_update()");
}

}  // namespace detail

/// An immutable n-dimensional array with a run-time dtype: a small handle that is cheap to copy, whose copies share the
/// elements. The elements are contiguous in row-major order.
///
/// A default-constructed Tensor is empty: it stands for "no tensor", such as the gradient of an unconnected source, and
/// defined() is false.
class Tensor {
 public:
  Tensor() noexcept = default;
  Tensor(const Tensor& other) noexcept : impl_(other.impl_) {
    if (impl_ != nullptr) detail::retain(impl_);
  }
  Tensor(Tensor&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Tensor& operator=(Tensor other) & noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~Tensor() {
    if (impl_ != nullptr) detail::release(impl_);
  }

  /// A scalar from a plain number, so that `x * 2` and `maximum(x, 0)` work. Combined with a tensor, it takes that
  /// tensor's dtype. Alone it is float32 (from a floating number), int32 or int64 (from an integer), or bool (from a
  /// bool).
  template <class T>
  requires std::is_arithmetic_v<T> Tensor(T number) : Tensor(number_tag{}, number) {}

  /// A copy of an xtensor container, view or expression, with its shape and value type. Needs
  /// `xtape/core/xtensor.hpp`.
  template <detail::XtensorExpression E>
  Tensor(const E& expression) : Tensor(detail::FromXtensor<E>::convert(expression)) {}

  /// Whether there is a tensor; false for the gradient of an unconnected source.
  bool defined() const noexcept { return impl_ != nullptr; }
  /// The truth of a bool tensor with one element, as in NumPy, so that `if (loss < best)` and std::min work; false for
  /// an empty Tensor. Throws a ValueError for a bool tensor with another number of elements (see reduce_any and
  /// reduce_all), a TypeError for another dtype. Use defined() to ask whether there is a tensor, and `t != 0` to
  /// compare with zero.
  explicit operator bool() const { return impl_ != nullptr && truth(); }

  const Shape& shape() const& { return checked()->shape; }
  Shape shape() const&& { return checked()->shape; }
  /// The size of one axis; negative counts from the end. Throws an IndexError outside the rank.
  std::int64_t shape(int axis) const { return checked()->shape.at(axis); }
  int rank() const { return checked()->shape.rank(); }
  /// The number of elements.
  std::int64_t size() const { return checked()->numel; }
  DType dtype() const { return checked()->dtype; }

  /// Python's brackets: `x[0]`, `x[{all, 0}]`, `x[{Slice(1, -1), newaxis, ellipsis}]`. See index(), whose header,
  /// `xtape/ops/indexing.hpp`, they need.
  Tensor operator[](const IndexItem& item) const;
  Tensor operator[](std::initializer_list<IndexItem> items) const;
  /// Not compiled: an op says what is meant.
  template <class T>
  requires std::is_base_of_v<Tensor, T> Tensor operator[](const T&) const {
    static_assert(sizeof(T) == 0, "x[tensor]: write gather(x, indices), or boolean_mask(x, mask)");
    return *this;
  }
  /// Not compiled: x[0] is a tensor of its own.
  template <class T>
  void operator=(T&&) && {
    detail::elements_do_not_change<T>();
  }
  template <class T>
  void operator+=(const T&) && {
    detail::elements_do_not_change<T>();
  }
  template <class T>
  void operator-=(const T&) && {
    detail::elements_do_not_change<T>();
  }
  template <class T>
  void operator*=(const T&) && {
    detail::elements_do_not_change<T>();
  }
  template <class T>
  void operator/=(const T&) && {
    detail::elements_do_not_change<T>();
  }

  /// The elements in row-major order, valid as long as this or another handle of the tensor lives (so not of a
  /// temporary: see to_vector). Throws a TypeError when T is not the tensor's dtype.
  template <Element T>
  std::span<const T> data() const& {
    detail::check_dtype("Tensor.data", checked(), dtype_of<T>);
    return {reinterpret_cast<const T*>(impl_->data()), static_cast<std::size_t>(impl_->numel)};
  }
  template <Element T>
  std::span<const T> data() const&& = delete;

  /// A copy of the elements in row-major order. Throws a TypeError when T is not the tensor's dtype.
  template <Element T>
  std::vector<T> to_vector() const {
    const auto elements = data<T>();
    return {elements.begin(), elements.end()};
  }

  /// An xtensor view of the elements, without a copy, valid as long as this or another handle of the tensor lives.
  /// Needs `xtape/core/xtensor.hpp`. Throws a TypeError when T is not the tensor's dtype.
  template <Element T>
  auto array() const& {
    return detail::ArrayView<T>::make(*this);
  }
  /// The same with the rank known at compile time, which saves xtensor about 100 ns per use. Throws a ValueError for
  /// another rank.
  template <Element T, std::size_t rank>
  auto array() const& {
    return detail::ArrayView<T>::template make<rank>(*this);
  }
  template <Element T>
  auto array() const&& = delete;
  template <Element T, std::size_t rank>
  auto array() const&& = delete;

  /// The value of a tensor with one element, converted to T. Throws a ValueError for any other number of elements, and
  /// for a value outside the range of an integer T.
  template <class T = double>
  requires std::is_arithmetic_v<T> T item()
  const {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(item_float());
    } else if constexpr (std::is_same_v<T, bool>) {
      return item_float() != 0;
    } else {
      return static_cast<T>(item_int(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
  }

  /// The values as NumPy prints them.
  std::string str() const;

  /// Whether both handles refer to the same tensor. To compare elements use equal or allclose.
  bool is_same(const Tensor& other) const noexcept { return impl_ == other.impl_; }

  /// For the library, and for users' own ops.
  detail::TensorImpl* impl() const noexcept { return impl_; }
  /// Takes over one reference.
  static Tensor adopt(detail::TensorImpl* impl) noexcept {
    Tensor t;
    t.impl_ = impl;
    return t;
  }

 private:
  struct number_tag {};
  template <class T>
  Tensor(number_tag, T number) {
    if constexpr (std::is_same_v<T, bool>) {
      make_bool(number);
    } else if constexpr (std::is_integral_v<T>) {
      if (std::is_unsigned_v<T> && static_cast<std::int64_t>(number) < 0) throw_too_large(number);
      make_number(static_cast<std::int64_t>(number));
    } else {
      make_number(static_cast<double>(number));
    }
  }
  void make_bool(bool value);
  void make_number(std::int64_t value);
  void make_number(double value);
  bool truth() const;
  double item_float() const;
  std::int64_t item_int(std::int64_t least, std::uint64_t largest) const;

  detail::TensorImpl* checked() const {
    if (impl_ == nullptr) throw_empty();
    return impl_;
  }
  [[noreturn]] static void throw_empty();
  [[noreturn]] static void throw_too_large(std::uint64_t number);

  detail::TensorImpl* impl_ = nullptr;
};

/// Several tensors, such as the gradients of a vector of sources: a vector with xtape's allocator, which converts from
/// and to a std::vector<Tensor>.
class Tensors : public detail::PoolVector<Tensor> {
 public:
  using detail::PoolVector<Tensor>::vector;
  Tensors() = default;
  Tensors(const std::vector<Tensor>& tensors) : detail::PoolVector<Tensor>(tensors.begin(), tensors.end()) {}
  Tensors(detail::PoolVector<Tensor> tensors) noexcept : detail::PoolVector<Tensor>(std::move(tensors)) {}
  operator std::vector<Tensor>() const { return {begin(), end()}; }
};

namespace detail {

/// A new tensor with uninitialized elements. Throws a ValueError for negative sizes, and without memory an
/// OutOfMemoryError that names `op`, by default the calling function.
Tensor make_tensor(const Shape& shape, DType dtype, const char* op = __builtin_FUNCTION());
/// The same with the shape of an existing tensor, which needs no check.
Tensor make_like(const Tensor& like, DType dtype, const char* op = __builtin_FUNCTION());
/// A tensor of another shape that shares the elements of `source`, from element `offset` on.
Tensor make_view(const Tensor& source, const Shape& shape, std::int64_t offset = 0);
/// A tensor that shares the elements of `source` and has its own identity: tapes tell the two apart.
inline Tensor make_alias(const Tensor& source) { return make_view(source, source.shape()); }
/// Whether the elements may be overwritten: only this handle reaches them, and nothing depends on their values (logits,
/// slices or a mask, see TensorImpl::provenance).
inline bool is_unique(const Tensor& t) {
  return t.impl()->references.load(std::memory_order_acquire) == 1 && t.impl()->owner == t.impl() &&
         t.impl()->provenance == nullptr;
}

/// The elements of a tensor that was just made, for host code to write. It keeps a function() that is being traced from
/// being replayed.
std::byte* elements_to_fill(const Tensor& made);

/// The value of a plain number (TensorImpl::weak) as it was written, before rounding to float32. An int64 one is exact
/// only as an element.
double weak_value(const Tensor& number);

}  // namespace detail
}  // namespace xtape
