#include "xtape/plot/image_grid.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "plot/figure.hpp"

namespace xtape::plot {
namespace {

using detail::fail;
constexpr const char* op = "plot::image_grid";

struct Images {
  std::size_t count, height, width, channels;
  std::vector<double> levels;  ///< 0 to 255
};

Images read_images(const Tensor& images) {
  const int rank = images.rank();
  const bool fits = rank == 3 || (rank == 4 && (images.shape(3) == 1 || images.shape(3) == 3));
  if (!fits || images.size() == 0) {
    fail<ValueError>(op, "expected images [n, h, w], [n, h, w, 1] or [n, h, w, 3], received {}", images.shape());
  }
  if (!is_floating(images.dtype()) && images.dtype() != uint8) {
    fail<TypeError>(op, "expected floating or uint8 images, received {}", images.dtype());
  }
  const auto size = [&](int axis) { return static_cast<std::size_t>(images.shape(axis)); };
  Images result{size(0), size(1), size(2), rank == 4 ? size(3) : 1,
                detail::convert(images, float64).to_vector<double>()};
  if (is_floating(images.dtype())) {
    for (double& level : result.levels) level = level > 0 ? std::round(255 * std::min(level, 1.0)) : 0;  // NaN: 0
  }
  return result;
}

detail::Layer pixels(const Images& images, std::size_t image, bool inverted) {
  const auto [count, height, width, channels, levels] = images;
  // gnuplot takes no image of a single row or column.
  const std::size_t tall = height == 1 ? 2 : 1, wide = width == 1 ? 2 : 1;
  detail::Layer layer;
  layer.columns = 5;
  layer.style = "using 1:2:3:4:5 with rgbimage";
  layer.data.reserve(5 * height * width * tall * wide);
  for (std::size_t y = 0; y < height * tall; ++y) {
    for (std::size_t x = 0; x < width * wide; ++x) {
      layer.data.insert(layer.data.end(), {static_cast<double>(x), static_cast<double>(y)});
      const double* pixel = &levels[((image * height + y / tall) * width + x / wide) * channels];
      for (std::size_t c = 0; c < 3; ++c) {
        const double level = pixel[channels == 3 ? c : 0];
        layer.data.push_back(inverted && channels == 1 ? 255 - level : level);
      }
    }
  }
  return layer;
}

// Lines, and letters of the longest line, of all titles.
std::pair<std::size_t, std::size_t> extent(const std::vector<std::string>& titles) {
  std::size_t lines = 0, letters = 0;
  for (const auto& title : titles) {
    std::size_t line = 0, row = 1;
    for (const char c : title) {
      line = c == '\n' ? 0 : line + ((c & 0xc0) != 0x80);
      row += c == '\n';
      letters = std::max(letters, line);
    }
    lines = std::max(lines, title.empty() ? 0 : row);
  }
  return {lines, letters};
}

}  // namespace

bool image_grid(const Tensor& images, const std::vector<std::string>& titles, const std::string& path,
                const ImageGridOptions& options) {
  const Images data = read_images(images);
  if (!titles.empty() && titles.size() != data.count) {
    fail<ValueError>(op, "expected {} titles or none, received {}", data.count, titles.size());
  }
  const auto& colors = options.title_colors;
  if (!colors.empty() && colors.size() != data.count) {
    fail<ValueError>(op, "expected {} title colors or none, received {}", data.count, colors.size());
  }
  if (options.cmap != "gray" && options.cmap != "binary") {
    fail<ValueError>(op, "expected cmap \"gray\" or \"binary\", received \"{}\"", options.cmap);
  }
  if (options.columns < 1) fail<ValueError>(op, "expected columns >= 1, received {}", options.columns);
  if (options.size < 0) fail<ValueError>(op, "expected size >= 0, received {}", options.size);
  const auto [rows, columns] = detail::arrange(op, data.count, options.columns);

  // Everything in pixels.
  const auto h = static_cast<double>(data.height), w = static_cast<double>(data.width);
  const double size = options.size > 0 ? options.size : h * std::max(1.0, std::round(120 / h));
  const double image_width = std::round(size * w / h);
  const auto [lines, letters] = extent(titles);
  const double title_height = lines > 0 ? 8 + 17 * static_cast<double>(lines) : 0;
  const double cell_width = std::max(image_width, 7.5 * static_cast<double>(letters)) + 14;
  const double cell_height = size + title_height + 14;
  const double edge = 8, head = options.title.empty() ? 0 : 34;
  const double width = columns * cell_width + 2 * edge, height = rows * cell_height + 2 * edge + head;

  detail::FigureSpec figure{.title = options.title,
                            .width = static_cast<int>(width),
                            .height = static_cast<int>(height),
                            .rows = rows,
                            .columns = columns,
                            .sharp = true};
  for (std::size_t i = 0; i < data.count; ++i) {
    const auto row = static_cast<int>(i) / columns, column = static_cast<int>(i) % columns;
    detail::PanelSpec panel;
    if (!titles.empty()) panel.title = titles[i];
    if (!colors.empty()) panel.title_color = colors[i];
    panel.title_size = 11;
    panel.x.shown = panel.y.shown = panel.grid = false;
    panel.layers.push_back(pixels(data, i, options.cmap == "binary"));
    panel.x.limits = {-0.5, (data.width == 1 ? 2 : w) - 0.5};
    panel.y.limits = {(data.height == 1 ? 2 : h) - 0.5, -0.5};
    const double left = edge + column * cell_width + (cell_width - image_width) / 2;
    const double top = edge + head + row * cell_height + title_height + 4;
    panel.margins = {{left / width, (left + image_width) / width, 1 - (top + size) / height, 1 - top / height}};
    figure.panels.push_back(std::move(panel));
  }
  return detail::draw(op, figure, path);
}

}  // namespace xtape::plot
