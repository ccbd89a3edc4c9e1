#pragma once

#include <string>
#include <vector>

#include "plot/figure.hpp"
#include "xtape/plot/axes.hpp"

namespace xtape::detail {

/// A panel with the texts, scales and limits of the axes. Throws a ValueError for a scale that is not "linear" or
/// "log".
PanelSpec make_panel(const char* op, const plot::Axes& axes);

/// One curve: x and y of the same length, x counted from 0 where it is empty. Throws ValueErrors for other lengths, for
/// no numbers and for an unknown style.
Layer make_curve(const char* op, const plot::Series& series, std::size_t index);

/// Gives each axis that has no limits those of the data, columns 0 and 1 of the layers, and some room around them.
void fit_limits(PanelSpec& panel);

/// Puts the legend into a corner without data, or beside the axes if there is none.
void place_key(PanelSpec& panel, int width, int height);

/// The range of the data with some room, a part of its length, at both ends; ends that `fixed` has replace them.
plot::Limits with_room(plot::Limits data, const plot::Limits& fixed, bool log, double room);

}  // namespace xtape::detail
