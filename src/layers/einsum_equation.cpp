#include "layers/einsum_equation.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace xtape::detail {
namespace {

constexpr const char* op = "EinsumDense";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters, none of them twice.
bool are_labels(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) && std::count(text.begin(), text.end(), c) == 1;
  });
}

/// Takes "..." from the front or the end of a term; whether it was there.
bool take_dots(std::string& term, bool front) {
  const bool has = front ? term.starts_with("...") : term.ends_with("...");
  if (has) term.erase(front ? 0 : term.size() - 3, 3);
  return has;
}

}  // namespace

EinsumEquation EinsumEquation::parse(const std::string& equation) {
  const auto refuse = [&]() {
    fail<ValueError>(op,
                     "Invalid einsum equation '{}'. Equations must be in the form [X],[Y]->[Z], ...[X],[Y]->...[Z], or "
                     "[X]...,[Y]->[Z]..., with different letters in each of X, Y and Z",
                     equation);
  };
  const std::size_t comma = equation.find(','), arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || arrow < comma) refuse();
  EinsumEquation e;
  e.input = equation.substr(0, comma);
  e.kernel = equation.substr(comma + 1, arrow - comma - 1);
  e.output = equation.substr(arrow + 2);
  for (const bool front : {true, false}) {
    const bool in_input = take_dots(e.input, front), in_output = take_dots(e.output, front);
    if (in_input != in_output) refuse();
    if (!in_input) continue;
    if (e.ellipsis != Ellipsis::none) refuse();
    e.ellipsis = front ? Ellipsis::first : Ellipsis::last;
  }
  if (!are_labels(e.input) || !are_labels(e.kernel) || !are_labels(e.output)) refuse();
  for (const char letter : e.output) {
    if (e.input.find(letter) == std::string::npos && e.kernel.find(letter) == std::string::npos) {
      fail<ValueError>(op,
                       "Dimension '{}' was specified in the output '{}' but has no corresponding dim in the input spec "
                       "'{}' or weight spec '{}'",
                       letter, e.output, e.input, e.kernel);
    }
  }
  for (const char letter : e.kernel) {
    if (e.input.find(letter) == std::string::npos && e.output.find(letter) == std::string::npos) {
      fail<ValueError>(op,
                       "Weight dimension '{}' did not have a match in either the input spec '{}' or the output spec "
                       "'{}'. For this layer, the weight must be fully specified",
                       letter, e.input, e.output);
    }
  }
  return e;
}

int EinsumEquation::kept_axes(int rank) const {
  int kept = 0;
  while (kept < static_cast<int>(std::min(input.size(), output.size())) &&
         input[static_cast<std::size_t>(kept)] == output[static_cast<std::size_t>(kept)]) {
    ++kept;
  }
  const bool all = kept == static_cast<int>(input.size()) && input.size() == output.size();
  if (ellipsis == Ellipsis::first || (ellipsis == Ellipsis::last && all)) kept += elided(rank);
  return kept;
}

}  // namespace xtape::detail
