#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "xtape/base/list_of.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"

// Bytes as a series of choices, of which a call with its arguments is made.
namespace xtape::fuzzing {

class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), end_(data + size) {}

  bool empty() const { return data_ == end_; }
  /// 0 after the end.
  std::uint8_t byte() { return data_ == end_ ? std::uint8_t{0} : *data_++; }
  std::size_t below(std::size_t n) { return (byte() + std::size_t{256} * (n > 256 ? byte() : 0)) % n; }

  /// Mostly a small number, at times one that overflows somewhere. None is a size that a machine might have room for
  /// and take long to fill.
  std::int64_t integer() {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t extreme[] = {most,
                                        -most - 1,
                                        most - 1,
                                        -most,
                                        std::int64_t{1} << 62,
                                        std::int64_t{1} << 48,
                                        64,
                                        -64,
                                        -(std::int64_t{1} << 40)};
    const std::uint8_t code = byte();
    if (code >= 250) return extreme[below(std::size(extreme))];
    return code % 12 - 3;
  }
  int small() { return static_cast<int>(byte() % 10) - 4; }
  double real() {
    constexpr double special[] = {0,
                                  -0.0,
                                  1,
                                  -1,
                                  0.5,
                                  1e-310,
                                  1e30,
                                  -1e30,
                                  1e308,
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()};
    const std::uint8_t code = byte();
    return code < 200 ? (code - 100) / 32.0 : special[code % std::size(special)];
  }
  DType dtype() {
    constexpr DType all[] = {float32, float64, float32, float64, int32, int64, uint8, boolean, bfloat16};
    return all[below(std::size(all))];
  }
  /// Of few elements.
  Shape shape() {
    constexpr std::int64_t sizes[] = {2, 3, 1, 4, 0, 5, 7, 2};
    const std::size_t rank = below(9) == 8 ? 7 : below(5);
    std::vector<std::int64_t> shape;
    std::int64_t n = 1;
    for (std::size_t i = 0; i < rank; ++i) {
      std::int64_t size = sizes[below(std::size(sizes))];
      if (n * size > 600) size = 1;
      shape.push_back(size);
      n *= size;
    }
    return Shape(shape);
  }
  /// Often that of a tensor before it, so that two fit together.
  Tensor tensor() {
    const std::uint8_t code = byte();
    const Shape s = !made_.empty() && code % 2 == 0 ? made_[code / 2 % made_.size()].shape() : shape();
    const DType type = !made_.empty() && code % 3 != 0 ? made_.back().dtype() : dtype();
    const std::uint8_t kind = byte();
    std::vector<double> values(static_cast<std::size_t>(s.numel()));
    for (double& value : values) value = kind % 4 == 0 ? real() : kind % 4 == 1 ? kind / 4 % 5 : (byte() - 100) / 32.0;
    Tensor t = cast(constant(std::span<const double>(values), s), type);
    made_.push_back(t);
    return t;
  }
  std::vector<Tensor> tensors() {
    std::vector<Tensor> all(1 + below(3));
    for (Tensor& t : all) t = tensor();
    return all;
  }
  /// The tensors so far.
  const std::vector<Tensor>& made() const { return made_; }

  template <class T>
  std::vector<T> numbers() {
    std::vector<T> all(below(5));
    for (T& number : all) number = static_cast<T>(sizeof(T) > 4 ? integer() : small());
    return all;
  }

 private:
  const std::uint8_t *data_, *end_;
  std::vector<Tensor> made_;
};

}  // namespace xtape::fuzzing
