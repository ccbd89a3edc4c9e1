#pragma once

#include <cstdint>
#include <string>

namespace xtape::detail {

/// The equation of an EinsumDense.
struct EinsumEquation {
  enum class Ellipsis : std::uint8_t { none, first, last };

  std::string input, kernel, output;  ///< the letters, without "..."
  Ellipsis ellipsis = Ellipsis::none;

  /// Throws a ValueError for another form than the three of the layer.
  static EinsumEquation parse(const std::string& equation);

  /// How many axes of an input of this rank are those of "...".
  int elided(int rank) const { return rank - static_cast<int>(input.size()); }
  /// The place of a letter in the input of this rank; -1 if it has none.
  int place_in_input(char letter, int rank) const { return place(input, letter, rank); }
  /// The same in the result.
  int place_in_output(char letter, int rank) const { return place(output, letter, rank); }
  /// How many of the first axes of an input of this rank are the first axes of the result.
  int kept_axes(int rank) const;

 private:
  int place(const std::string& letters, char letter, int rank) const {
    const auto at = letters.find(letter);
    if (at == std::string::npos) return -1;
    return static_cast<int>(at) + (ellipsis == Ellipsis::first ? elided(rank) : 0);
  }
};

}  // namespace xtape::detail
