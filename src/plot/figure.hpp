#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xtape/plot/axes.hpp"

// The contents of a picture, and the gnuplot script that draws it. The same figure gives the same text.
namespace xtape::detail {

struct AxisSpec {
  std::string label = {};
  plot::Limits limits = {};
  bool log = false;
  bool shown = true;
  double step = 0;                                         ///< Between tics; 0: gnuplot's choice.
  std::vector<std::pair<double, std::string>> names = {};  ///< Instead of numbers.
  bool rotate = false;                                     ///< The names stand upright.
};

/// Rows of numbers and how they are drawn.
struct Layer {
  std::vector<double> data = {};
  std::size_t columns = 2;
  std::size_t row_break = 0;  ///< An empty line after so many rows: a grid.
  std::string style = {};     ///< gnuplot's: "with lines linewidth 2", after a "using" where needed.
  std::string label = {};     ///< In the legend; empty: none.
  /// If not empty: instead of the data, a grid of x, y, z, its contours at these levels are drawn.
  std::vector<double> contours = {};
};

struct TextSpec {
  double x = 0;
  double y = 0;
  std::string text = {};
  std::string color = {};
  double size = 11;
};

struct PanelSpec {
  std::string title = {};
  std::string title_color = "#262626";
  double title_size = 13;
  AxisSpec x = {};
  AxisSpec y = {};
  bool grid = true;
  bool frame = false;    ///< Lines on all four sides, not only at the axes.
  bool equal = false;    ///< One unit is as long in x as in y.
  std::string key = {};  ///< Where the legend is, "top right"; empty: none.
  std::vector<std::string> palette = {};
  plot::Limits colors = {};  ///< The values of the palette's ends.
  bool colorbox = false;
  std::vector<Layer> layers = {};
  std::vector<TextSpec> texts = {};
  std::optional<std::array<double, 4>> margins = {};  ///< Left, right, bottom, top, as fractions of the picture.
};

struct FigureSpec {
  std::string title = {};
  int width = 640;
  int height = 480;
  int rows = 1;
  int columns = 1;
  bool sharp = false;  ///< Images show their pixels.
  std::vector<PanelSpec> panels = {};
};

enum class PictureFormat { png, svg };

std::string gnuplot_script(const FigureSpec& figure, PictureFormat format);

/// A text as an expression of gnuplot's whose value is the text: 'it'."'".'s'."\n".'two lines'. (Not 'it''s': gnuplot
/// takes two apostrophes after one for an end.) What is not UTF-8 becomes U+FFFD.
std::string in_quotes(std::string_view text);

/// Colors that people with any kind of color vision tell apart (Okabe and Ito, 2002), the most distinct first.
const std::string& series_color(std::size_t i);

/// Draws with gnuplot: see xtape/plot/axes.hpp.
bool draw(const char* op, const FigureSpec& figure, const std::string& path);

/// Rows and columns for n places; `columns` 0: as square as possible. Throws a ValueError for negative columns.
std::pair<int, int> arrange(const char* op, std::size_t n, int columns);

}  // namespace xtape::detail
