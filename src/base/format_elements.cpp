#include "base/format_elements.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace xtape::detail {
namespace {

constexpr int max_precision = 8;

template <class T, class... Precision>
std::string written(T value, std::chars_format format, Precision... precision) {
  char buffer[512];  // the smallest double has 325 zeros before its first digit
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format, precision...).ptr};
}

/// The parts of d.ddde+xx.
struct Scientific {
  std::string whole, fraction, exponent;
};

Scientific parts(const std::string& text) {
  const auto e = text.find('e'), point = std::min(text.find('.'), e);
  return {text.substr(0, point), point == e ? "" : text.substr(point + 1, e - point - 1), text.substr(e + 1)};
}

void trim_zeros(std::string& digits) { digits.erase(digits.find_last_not_of('0') + 1); }

/// A number in positional notation: sign and integer, and the fraction's digits.
struct Positional {
  std::string whole, fraction;
};

Positional split(const std::string& text) {
  const auto point = text.find('.');
  return {text.substr(0, point), point == std::string::npos ? "" : text.substr(point + 1)};
}

/// The shortest digits that identify the number, but at most 8 after the point. If they end before the point, zeros
/// follow up to it, or with `exact` the exact digits of the number.
template <class T>
Positional positional(T value, bool exact) {
  const Scientific shortest = parts(written(value, std::chars_format::scientific));
  const int places = static_cast<int>(shortest.fraction.size()) - std::stoi(shortest.exponent);
  if (places > max_precision) {
    Positional rounded = split(written(value, std::chars_format::fixed, max_precision));
    trim_zeros(rounded.fraction);
    return rounded;
  }
  if (places >= 0) return split(written(value, std::chars_format::fixed));
  if (exact) return split(written(value, std::chars_format::fixed, 0));
  return {shortest.whole + shortest.fraction + std::string(static_cast<std::size_t>(-places), '0'), ""};
}

/// The shortest digits that identify the number, but at most 8 after the point.
template <class T>
Scientific scientific(T value) {
  Scientific number = parts(written(value, std::chars_format::scientific));
  if (number.fraction.size() > max_precision) {
    number = parts(written(value, std::chars_format::scientific, max_precision));
    trim_zeros(number.fraction);
  }
  return number;
}

/// With a fixed number of digits after the point: the shortest digits, followed by exact digits of the number.
template <class T>
Scientific scientific(T value, std::size_t precision) {
  const Scientific shortest = parts(written(value, std::chars_format::scientific));
  if (shortest.fraction.size() == precision) return shortest;
  return parts(written(value, std::chars_format::scientific, static_cast<int>(precision)));
}

/// NumPy's rule for scientific notation: the largest number is at least 1e8, the smallest below 1e-4, or their ratio
/// above 1000.
template <class T>
bool needs_exponents(const std::vector<T>& values) {
  T least = std::numeric_limits<T>::infinity(), largest = 0;
  for (const T value : values) {
    if (!std::isfinite(value) || value == 0) continue;
    least = std::min(least, std::abs(value));
    largest = std::max(largest, std::abs(value));
  }
  return largest > 0 && (largest >= 1e8 || static_cast<double>(least) < 1e-4 || largest / least > 1000);
}

std::string padded(std::size_t width, const std::string& text) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

template <class T>
std::vector<std::string> format_floating(const std::vector<T>& values) {
  const bool exponents = needs_exponents(values);
  std::size_t left = 0, precision = 0, exponent_digits = 0;
  bool finite_only = true, negative_infinity = false;
  for (const T value : values) {
    if (!std::isfinite(value)) {
      finite_only = false;
      negative_infinity = negative_infinity || value < 0;
    } else if (exponents) {
      const Scientific number = scientific(value);
      left = std::max(left, number.whole.size());
      precision = std::max(precision, number.fraction.size());
      exponent_digits = std::max(exponent_digits, number.exponent.size() - 1);
    } else {
      const Positional number = positional(value, /*exact=*/false);
      left = std::max(left, number.whole.size());
      precision = std::max(precision, number.fraction.size());
    }
  }
  const std::size_t right = precision + (exponents ? 2 + exponent_digits : 0);
  if (!finite_only) {
    const std::size_t text = negative_infinity ? 4 : 3;
    if (text > right + 1) left = std::max(left, text - right - 1);
  }
  std::vector<std::string> words;
  for (const T value : values) {
    if (!std::isfinite(value)) {
      words.push_back(padded(left + 1 + right, std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf"));
    } else if (exponents) {
      const Scientific number = scientific(value, precision);
      const std::string digits = number.exponent.substr(1);
      words.push_back(padded(left, number.whole) + "." + number.fraction + "e" + number.exponent[0] +
                      std::string(exponent_digits - std::min(exponent_digits, digits.size()), '0') + digits);
    } else {
      const Positional number = positional(value, /*exact=*/true);
      words.push_back(padded(left, number.whole) + "." + number.fraction +
                      std::string(precision - number.fraction.size(), ' '));
    }
  }
  return words;
}

template <class T>
std::string format_one(T value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::abs(static_cast<double>(value));
  if (size != 0 && (size < 1e-4 || size >= 1e16)) return written(value, std::chars_format::scientific);
  const Scientific shortest = parts(written(value, std::chars_format::scientific));
  const int places = static_cast<int>(shortest.fraction.size()) - std::stoi(shortest.exponent);
  if (places > 0) return written(value, std::chars_format::fixed);
  return shortest.whole + shortest.fraction + std::string(static_cast<std::size_t>(-places), '0') + ".0";
}

}  // namespace

std::vector<std::string> format_elements(const std::vector<float>& values) { return format_floating(values); }
std::vector<std::string> format_elements(const std::vector<double>& values) { return format_floating(values); }
std::string format_scalar(float value) { return format_one(value); }
std::string format_scalar(double value) { return format_one(value); }

}  // namespace xtape::detail
