#include <algorithm>
#include <atomic>
#include <cctype>
#include <cmath>
#include <filesystem>

#include "base/check.hpp"
#include "base/files.hpp"
#include "base/warn.hpp"
#include "io/atomic_file.hpp"
#include "plot/figure.hpp"
#include "plot/process.hpp"

namespace xtape::detail {
namespace {

PictureFormat format_of(const char* op, const std::string& path) {
  checked_path(op, path);
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (extension == ".png") return PictureFormat::png;
  if (extension == ".svg") return PictureFormat::svg;
  fail<ValueError>(op, "expected a path that ends in .png or .svg, received \"{}\"", path);
}

// gnuplot's error message in one line: gnuplot repeats the command and points at a place in it.
std::string one_line(const std::string& errors) {
  std::string line;
  for (const char c : errors) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line.empty() ? "nothing was said" : line;
}

// In a PNG gnuplot draws each pixel of an image as a square. An SVG holds the image as it is, which viewers enlarge
// with blur unless told otherwise.
void show_pixels(std::string& svg) {
  const std::string image = "<image ";
  for (auto at = svg.find(image); at != std::string::npos; at = svg.find(image, at + 1)) {
    svg.insert(at + image.size(), "style='image-rendering:pixelated' ");
  }
}

}  // namespace

bool draw(const char* op, const FigureSpec& figure, const std::string& path) {
  const PictureFormat format = format_of(op, path);
  if (figure.width < 50 || figure.height < 50 || figure.width > 20000 || figure.height > 20000) {
    fail<ValueError>(op, "expected a picture of 50 to 20000 pixels each way, received {} x {}", figure.width,
                     figure.height);
  }
  const std::string script = gnuplot_script(figure, format);
  // -d: without the user's own settings. gnuplot reads a file in large pieces, but its standard input byte by byte.
  auto gnuplot = Process::start(op, {"gnuplot", "-d", "/dev/stdin"});
  if (!gnuplot) {
    static std::atomic<bool> warned{false};
    if (!warned.exchange(true)) {
      warn("plot: gnuplot not found, no pictures are drawn (Debian: apt install gnuplot-nox)");
    }
    return false;
  }
  auto result = gnuplot->communicate(script);
  if (result.status != 0 || result.output.empty()) {
    fail<RuntimeError>(op, "gnuplot failed with status {}: {}", result.status, one_line(result.errors));
  }
  if (figure.sharp && format == PictureFormat::svg) show_pixels(result.output);
  write_file(op, path, result.output);
  return true;
}

std::pair<int, int> arrange(const char* op, std::size_t n, int columns) {
  if (columns < 0) fail<ValueError>(op, "expected columns >= 0, received {}", columns);
  const int places = static_cast<int>(std::max<std::size_t>(n, 1));
  if (columns == 0) columns = places <= 3 ? places : static_cast<int>(std::ceil(std::sqrt(places)));
  columns = std::min(columns, places);
  return {(places + columns - 1) / columns, columns};
}

}  // namespace xtape::detail
