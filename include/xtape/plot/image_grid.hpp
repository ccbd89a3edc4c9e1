#pragma once

#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"

namespace xtape::plot {

/// Keyword arguments of image_grid().
struct ImageGridOptions {
  std::string title = {};
  int columns = 5;
  /// One for each image, "#rrggbb" or a name that gnuplot knows: green for right and red for wrong predictions, say.
  std::vector<std::string> title_colors = {};
  std::string cmap = "gray";  ///< Of images with one channel: "gray" shows 0 black, "binary" white.
  int size = 0;               ///< The height of an image in pixels; 0: about 120, a whole multiple of small images.
};

/// Images beside each other, row by row, each under its title: [n, h, w], [n, h, w, 1] or [n, h, w, 3], floating from 0
/// to 1 (what is outside is clipped) or uint8. Titles may be omitted: {}.
bool image_grid(const Tensor& images, const std::vector<std::string>& titles, const std::string& path,
                const ImageGridOptions& options = {});

}  // namespace xtape::plot
