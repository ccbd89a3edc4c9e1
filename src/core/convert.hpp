#pragma once

#include "core/element_access.hpp"
#include "xtape/core/tensor.hpp"

namespace xtape::detail {

/// A copy of the elements, not recorded; a plain number becomes an ordinary scalar.
Tensor copy(const Tensor& t);

/// The elements in another dtype, not recorded (xtape::cast is the recorded form). Floating to integer truncates
/// towards zero, saturates, and takes NaN to 0; to bool is `!= 0`. A plain number keeps its full value.
Tensor convert(const Tensor& t, DType dtype);

/// The dtype to compute in: float32 for bfloat16.
constexpr DType widened(DType dtype) { return dtype == bfloat16 ? float32 : dtype; }

/// Writes a plain number as an element of that dtype, converted as by convert().
void convert_number(const Tensor& number, DType dtype, void* element);

/// The elements of a tensor; for a plain number its element converted to a dtype, without making a tensor.
class Element {
 public:
  Element(const Tensor& t, DType dtype) : data_(t.impl()->weak ? element_ : ElementAccess::of(t)) {
    if (t.impl()->weak) convert_number(t, dtype, element_);
  }
  Element(const Element&) = delete;
  const void* data() const { return data_; }

 private:
  alignas(8) std::byte element_[8];
  const std::byte* data_;
};

}  // namespace xtape::detail
