#pragma once

#include "xtape/core/tensor.hpp"

// Integers as bits, in two's complement, with broadcasting; dtypes and plain numbers are as in math.hpp. No gradients.
// Throws a TypeError for tensors that are not integer; bools have logical_and and so on.
namespace xtape {

/// The bits that are set in both; in one of them or both; in exactly one of them.
Tensor bitwise_and(const Tensor& a, const Tensor& b);
Tensor bitwise_or(const Tensor& a, const Tensor& b);
Tensor bitwise_xor(const Tensor& a, const Tensor& b);
/// Each bit inverted: -x - 1, or 255 - x of uint8.
Tensor bitwise_not(const Tensor& x);
/// a 2^b without the bits beyond the dtype's. As in NumPy it is 0 where b is negative or at least the number of bits.
Tensor bitwise_left_shift(const Tensor& a, const Tensor& b);
/// a / 2^b rounded down. As in NumPy it is 0, or -1 for a negative a, where b is negative or at least the number of
/// bits.
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b);

}  // namespace xtape
