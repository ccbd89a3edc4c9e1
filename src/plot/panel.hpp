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

/// Puts the legend where no data are; beside the axes where there is no such corner.
void place_key(PanelSpec& panel, int width, int height);

/// Adds some room, a part of the distance, on both ends, or where these are not given in `fixed` as well.
plot::Limits with_room(plot::Limits data, const plot::Limits& fixed, bool log, double room);

}  // namespace xtape::detail
