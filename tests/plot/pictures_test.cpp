#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "plot/gnuplot_path.hpp"
#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/plot/confusion_matrix.hpp"
#include "xtape/plot/history.hpp"
#include "xtape/plot/image_grid.hpp"
#include "xtape/plot/lines.hpp"
#include "xtape/plot/surface.hpp"

using namespace xtape;
using namespace xtape::testing;
using Curves = std::map<std::string, EpochValues>;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

const Curves two_epochs = {
    {"accuracy", {0.5, 0.75}}, {"loss", {2, 1}}, {"val_accuracy", {0.5, 0.625}}, {"val_loss", {3, 2.5}}};

Tensor x_minus_y(const Tensor& points) { return gather(points, 0, 1) - gather(points, 1, 1); }

std::size_t files_in(const TempDir& dir) {
  using Entries = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Entries(dir.str()), Entries()));
}

// Width and height from a PNG's first chunk.
std::pair<int, int> png_size(const std::string& bytes) {
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes.at(at + i));
    return value;
  };
  return {number(16), number(20)};
}

}  // namespace

TEST_CASE("plot: without gnuplot false, and one warning in the life of the process") {
  const TempDir empty;
  const Path path(empty.str());
  const WarningCapture warnings;
  const std::string picture = empty / "a.png";
  CHECK_FALSE(plot::lines({{"", {}, {1, 2}}}, picture));
  CHECK_FALSE(plot::history(two_epochs, picture));
  CHECK(warnings.messages() == std::vector<std::string>{"plot: gnuplot not found, no pictures are drawn (Debian: apt "
                                                        "install gnuplot-nox)"});
  CHECK(files_in(empty) == 0);
  // What is wrong with a call does not depend on gnuplot.
  CHECK_THROWS_TEXT(ValueError, ".png or .svg", plot::lines({{"", {}, {1, 2}}}, empty / "a.gif"));
}

TEST_CASE("plot: gnuplot's words when it fails, and no file") {
  const TempDir dir;
  const std::string picture = dir.write("a.png", "the picture before");
  {
    const FakeGnuplot broken("echo 'line 7:' >&2; echo '  no such terminal' >&2; exit 2");
    CHECK_THROWS_TEXT(RuntimeError, "[plot::history] gnuplot failed with status 2: line 7: no such terminal",
                      plot::history(two_epochs, picture));
  }
  {
    const FakeGnuplot silent("exit 0");
    CHECK_THROWS_TEXT(RuntimeError, "gnuplot failed with status 0: nothing was said",
                      plot::history(two_epochs, picture));
  }
  const FakeGnuplot works;
  CHECK_THROWS_TEXT(DataError, "[plot::history] " + (dir / "none/a.png"),
                    plot::history(two_epochs, dir / "none/a.png"));
  CHECK(read_file(picture) == "the picture before");
  CHECK(files_in(dir) == 1);
  CHECK(plot::history(two_epochs, picture));
  CHECK(contains(read_file(picture), "set terminal pngcairo"));
  CHECK(files_in(dir) == 1);
}

TEST_CASE("plot::history: the loss first, validation in the same panel, epochs from 1") {
  const FakeGnuplot gnuplot;
  CHECK(plot::history(two_epochs, gnuplot.picture()));
  const std::string script = gnuplot.script();
  CHECK(contains(script, "$p0l0 << EOD\n1 2\n2 1\nEOD\n$p0l1 << EOD\n1 3\n2 2.5\nEOD\n"));
  CHECK(contains(script, "$p1l0 << EOD\n1 0.5\n2 0.75\nEOD\n$p1l1 << EOD\n1 0.5\n2 0.625\nEOD\n"));
  CHECK(script.find("set title 'loss'") < script.find("set title 'accuracy'"));
  CHECK(contains(script, "set multiplot layout 1,2 "));
  CHECK(count(script, "title 'train'") == 2);
  CHECK(count(script, "title 'validation'") == 2);

  // Validation after every second epoch, and of a metric that has nothing else.
  CHECK(plot::history({{"loss", {4, 3, 2, 1}}, {"val_loss", {5, 6}}, {"val_auc", {1}}}, gnuplot.picture()));
  CHECK(contains(gnuplot.script(), "$p0l1 << EOD\n2 5\n4 6\nEOD\n"));
  CHECK(contains(gnuplot.script(), "set title 'val_auc'"));

  CHECK(plot::history(two_epochs, gnuplot.picture(), {.metrics = {"accuracy"}}));
  CHECK_FALSE(contains(gnuplot.script(), "'loss'"));
  CHECK_FALSE(contains(gnuplot.script(), "multiplot"));

  CHECK_THROWS_TEXT(ValueError, "[plot::history] expected metrics of the history, loss, accuracy, received \"auc\"",
                    plot::history(two_epochs, gnuplot.picture(), {.metrics = {"auc"}}));
  CHECK_THROWS_TEXT(ValueError, "[plot::history] expected a history with at least one metric, received none",
                    plot::history({}, gnuplot.picture()));
  CHECK_THROWS_TEXT(ValueError, "[plot::history] expected values of \"loss\", received none",
                    plot::history({{"loss", {}}}, gnuplot.picture()));
}

TEST_CASE("plot::confusion_matrix: rows are true classes, and the three ways to normalize") {
  const FakeGnuplot gnuplot;
  const Tensor counts = constant({{8, 2}, {0, 0}});
  const auto cells = [&](const std::string& normalize) {
    CHECK(plot::confusion_matrix(counts, {"cat", "dog"}, gnuplot.picture(), {.normalize = normalize}));
    const std::string script = gnuplot.script();
    const auto begin = script.find("EOD\n") + 4;
    return script.substr(begin, script.find("EOD\n", begin) - begin);
  };
  CHECK(cells("") == "0 0 8\n1 0 2\n0 1 0\n1 1 0\n");
  const std::string script = gnuplot.script();
  CHECK(contains(script, "set label '8' at 0,0 "));
  CHECK(contains(script, "set label '2' at 1,0 "));
  CHECK(contains(script, "set yrange [1.5:-0.5]"));
  CHECK(contains(script, "set xlabel 'predicted'"));
  CHECK(contains(script, "set ylabel 'true'"));
  CHECK(contains(script, "('cat' 0, 'dog' 1)"));
  // sklearn.metrics.confusion_matrix's normalize, where a division by 0 gives 0
  CHECK(cells("true") == "0 0 0.8\n1 0 0.2\n0 1 0\n1 1 0\n");
  CHECK(contains(gnuplot.script(), "set label '0.80' at 0,0 "));
  CHECK(cells("pred") == "0 0 1\n1 0 1\n0 1 0\n1 1 0\n");
  CHECK(cells("all") == "0 0 0.8\n1 0 0.2\n0 1 0\n1 1 0\n");
  CHECK(plot::confusion_matrix(zeros({31, 31}), {}, gnuplot.picture()));
  CHECK_FALSE(contains(gnuplot.script(), "set label"));
  CHECK(contains(gnuplot.script(), "'30' 30)"));

  const std::string op = "[plot::confusion_matrix] expected ";
  const auto draw = [&](const Tensor& m, const std::vector<std::string>& names = {}, const std::string& by = {}) {
    return plot::confusion_matrix(m, names, gnuplot.picture(), {.normalize = by});
  };
  CHECK_THROWS_TEXT(ValueError, op + "a matrix [n, n], received (2, 3)", draw(zeros({2, 3})));
  CHECK_THROWS_TEXT(ValueError, op + "a matrix [n, n], received (0, 0)", draw(zeros({0, 0})));
  CHECK_THROWS_TEXT(ValueError, op + "2 class names or none, received 1", draw(counts, {"cat"}));
  CHECK_THROWS_TEXT(ValueError, op + "counts >= 0, received -1", draw(constant({{1, -1}, {0, 0}})));
  CHECK_THROWS_TEXT(ValueError, op + "normalize \"true\", \"pred\", \"all\" or \"\", received \"rows\"",
                    draw(counts, {}, "rows"));
}

TEST_CASE("plot::image_grid: gray, binary and colored pixels, clipped") {
  const FakeGnuplot gnuplot;
  const Tensor gray = constant({{{0.0f, 1.0f}, {0.2f, 7.0f}}});
  CHECK(plot::image_grid(gray, {"one"}, gnuplot.picture(), {.title_colors = {"#00ff00"}}));
  CHECK(contains(gnuplot.script(), "EOD\n0 0 0 0 0\n1 0 255 255 255\n0 1 51 51 51\n1 1 255 255 255\nEOD\n"));
  CHECK(contains(gnuplot.script(), "set yrange [1.5:-0.5]"));  // the first row on top
  CHECK(contains(gnuplot.script(), "set title 'one' font ',11' textcolor rgb '#00ff00'"));
  CHECK(plot::image_grid(gray, {}, gnuplot.picture(), {.cmap = "binary"}));
  CHECK(contains(gnuplot.script(), "EOD\n0 0 255 255 255\n1 0 0 0 0\n0 1 204 204 204\n1 1 0 0 0\nEOD\n"));
  const Tensor rgb = constant(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {1, 2, 2, 3});
  CHECK(plot::image_grid(rgb, {}, gnuplot.picture()));
  CHECK(contains(gnuplot.script(), "EOD\n0 0 1 2 3\n1 0 4 5 6\n0 1 7 8 9\n1 1 10 11 12\nEOD\n"));
  // gnuplot needs at least two rows and two columns
  CHECK(plot::image_grid(constant(std::vector<std::uint8_t>{9}, {1, 1, 1, 1}), {}, gnuplot.picture()));
  CHECK(contains(gnuplot.script(), "EOD\n0 0 9 9 9\n1 0 9 9 9\n0 1 9 9 9\n1 1 9 9 9\nEOD\n"));
  CHECK(plot::image_grid(zeros({7, 2, 2}), {}, gnuplot.picture(), {.columns = 3}));
  CHECK(contains(gnuplot.script(), "set multiplot layout 3,3 "));

  const std::string op = "[plot::image_grid] expected ";
  const auto draw = [&](const Tensor& images, const std::vector<std::string>& titles = {},
                        const plot::ImageGridOptions& options = {}) {
    return plot::image_grid(images, titles, gnuplot.picture(), options);
  };
  CHECK_THROWS_TEXT(ValueError, op + "images [n, h, w], [n, h, w, 1] or [n, h, w, 3], received (2, 2)",
                    draw(zeros({2, 2})));
  CHECK_THROWS_TEXT(ValueError, "received (1, 2, 2, 4)", draw(zeros({1, 2, 2, 4})));
  CHECK_THROWS_TEXT(ValueError, "received (0, 2, 2)", draw(zeros({0, 2, 2})));
  CHECK_THROWS_TEXT(TypeError, op + "floating or uint8 images, received int32", draw(zeros({1, 2, 2}, int32)));
  CHECK_THROWS_TEXT(ValueError, op + "1 titles or none, received 2", draw(gray, {"a", "b"}));
  CHECK_THROWS_TEXT(ValueError, op + "1 title colors or none, received 2", draw(gray, {}, {.title_colors = {"", ""}}));
  CHECK_THROWS_TEXT(ValueError, op + "cmap \"gray\" or \"binary\", received \"jet\"", draw(gray, {}, {.cmap = "jet"}));
  CHECK_THROWS_TEXT(ValueError, op + "columns >= 1, received 0", draw(gray, {}, {.columns = 0}));
}

TEST_CASE("plot::decision_surface: f on the grid, the boundary, the points of each class") {
  const FakeGnuplot gnuplot;
  const plot::Region region{0, 1, 10, 20, 2};
  const Tensor points = constant({{0.5, 15.0}, {0.25, 12.0}, {0.75, 18.0}});
  CHECK(plot::decision_surface(x_minus_y, region, points, constant({1, 0, 1}), gnuplot.picture()));
  const std::string script = gnuplot.script();
  CHECK(contains(script, "EOD\n0 10 -10\n1 10 -9\n\n0 20 -20\n1 20 -19\n\nEOD\n"));
  CHECK(contains(script, "set cntrparam levels discrete 0.5\n"));
  CHECK(contains(script, "EOD\n0.25 12\nEOD\n"));
  CHECK(contains(script, "EOD\n0.5 15\n0.75 18\nEOD\n"));
  CHECK(script.find("title '0'") < script.find("title '1'"));
  CHECK(contains(script, "set xrange [0:1]"));
  CHECK(contains(script, "set yrange [10:20]"));
  // [m, 1] and no points
  const auto column = [](const Tensor& p) { return reduce_sum(p, 1, true); };
  CHECK(plot::decision_surface(column, region, {}, {}, gnuplot.picture()));
  CHECK(contains(gnuplot.script(), "EOD\n0 10 10\n1 10 11\n\n0 20 20\n1 20 21\n\nEOD\n"));

  const std::string op = "[plot::decision_surface] expected ";
  const auto draw = [&](const plot::Surface& f, const plot::Region& where, const Tensor& p = {}, const Tensor& l = {}) {
    return plot::decision_surface(f, where, p, l, gnuplot.picture());
  };
  CHECK_THROWS_TEXT(ValueError, op + "f of (4, 2) points to return (4,) or (4, 1), received (4, 2)",
                    draw([](const Tensor& p) { return p; }, region));
  CHECK_THROWS_TEXT(ValueError, op + "a function, received none", draw({}, region));
  CHECK_THROWS_TEXT(ValueError, op + "xmin < xmax and ymin < ymax, received 1 to 0", draw(x_minus_y, {1, 0, 0, 1}));
  CHECK_THROWS_TEXT(ValueError, op + "a resolution of 2 to 2000, received 1", draw(x_minus_y, {0, 1, 0, 1, 1}));
  CHECK_THROWS_TEXT(ValueError, op + "points [n, 2], received (3,)", draw(x_minus_y, region, zeros({3}), zeros({3})));
  CHECK_THROWS_TEXT(ValueError, op + "labels (3,) or (3, 1), one for each point, received (2,)",
                    draw(x_minus_y, region, points, zeros({2})));
  CHECK_THROWS_TEXT(ValueError, op + "labels (3,) or (3, 1), one for each point, received none",
                    draw(x_minus_y, region, points));
  CHECK_THROWS_TEXT(ValueError, op + "labels of at most 8 classes, received 9",
                    draw(x_minus_y, region, zeros({9, 2}), arange(9)));
}

TEST_CASE("plot::contour_paths: levels between the lowest and the highest point, paths from ring to dot") {
  const FakeGnuplot gnuplot;
  const plot::Region region{0, 1, 0, 3, 2};
  const auto sum = [](const Tensor& p) { return reduce_sum(p, 1); };  // from 0 to 4
  CHECK(plot::contour_paths(sum, region, {{"SGD", {0.5, 0.25, 0}, {1, 2, 3}}}, gnuplot.picture(),
                            {.levels = 3, .minimum = {{0, 0}}}));
  const std::string script = gnuplot.script();
  CHECK(contains(script, "EOD\n0 0 0 0\n1 0 1 1\n\n0 3 3 3\n1 3 4 4\n\nEOD\n"));
  CHECK(contains(script, "set cntrparam levels discrete 1,2,3\n"));
  CHECK(contains(script, "EOD\n0.5 1\n0.25 2\n0 3\nEOD\n"));
  CHECK(contains(script, "EOD\n0.5 1\nEOD\n"));
  CHECK(contains(script, "EOD\n0 3\nEOD\n"));
  CHECK(contains(script, "title 'minimum'"));
  CHECK(contains(script, "title 'SGD'"));
  // A plane has no contours, and infinite heights are left out.
  CHECK(plot::contour_paths([](const Tensor& p) { return zeros({p.shape(0)}); }, region, {}, gnuplot.picture(),
                            {.log_levels = true}));
  CHECK_FALSE(contains(gnuplot.script(), "contour"));
  CHECK_THROWS_TEXT(ValueError, "[plot::contour_paths] expected levels >= 1, received 0",
                    plot::contour_paths(sum, region, {}, gnuplot.picture(), {.levels = 0}));
  CHECK_THROWS_TEXT(ValueError, "[plot::contour_paths] expected f to be finite somewhere in the region",
                    plot::contour_paths([](const Tensor& p) { return full({p.shape(0)}, std::nan("")); }, region, {},
                                        gnuplot.picture()));
}

TEST_CASE("plot: gnuplot draws all of them, as PNG and SVG") {
  if (!has_gnuplot()) {
    MESSAGE("skipped: gnuplot is not installed");
    return;
  }
  const TempDir dir;
  const std::string odd = "'it''s' a_1^2 {x} @y \"z\" \\n `ls` 100% \xc3\xa9\nnext''";
  for (const std::string extension : {".png", ".SVG"}) {
    const auto path = [&](const std::string& name) { return dir / (name + extension); };
    CHECK(plot::history(two_epochs, path("history"), {.title = odd}));
    CHECK(plot::history({{"loss", {1}}}, path("one_epoch")));
    CHECK(plot::confusion_matrix(constant({{5, 1}, {2, 7}}), {odd, "100%"}, path("confusion")));
    CHECK(plot::confusion_matrix(constant({{0}}), {}, path("confusion_1")));
    CHECK(plot::image_grid(constant({{{0.0f, 0.5f}, {1.0f, 0.25f}}}), {odd}, path("images")));
    CHECK(plot::image_grid(zeros({3, 1, 1, 3}), {}, path("pixels")));
    CHECK(plot::decision_surface(x_minus_y, {-1, 1, -1, 1, 20}, constant({{0.0, 0.5}, {0.5, 0.0}}), constant({0, 1}),
                                 path("decision"), {.axes = {.title = odd}, .class_names = {odd, "b"}}));
    // No boundary anywhere
    CHECK(plot::decision_surface(x_minus_y, {-1, 1, -1, 1, 20}, {}, {}, path("decision_0"), {.level = 9}));
    CHECK(plot::contour_paths(x_minus_y, {-1, 1, -1, 1, 20}, {{odd, {0, 1}, {1, 0}}}, path("paths"),
                              {.log_levels = true}));
    CHECK(plot::lines({{odd, {}, {3, 1, 2}, "o:"}, {"NaN", {}, {std::nan(""), 1, 2}}}, path("lines"),
                      {.title = odd, .xlabel = odd, .ylabel = odd, .yscale = "log"}));
    CHECK(plot::subplots({{{{"", {}, {1, 2}}}, {.title = odd}}, {{{"", {}, {1, 2}}}, {}}}, path("subplots")));
    CHECK(plot::bars({odd, "100%"}, {1, -2}, path("bars")));
    CHECK(plot::histogram({{odd, {1, 2, 2, 3}}, {"b", {2}}}, path("histogram")));
  }
  for (const auto& entry : std::filesystem::directory_iterator(dir.str())) {
    const std::string bytes = read_file(entry.path().string());
    CAPTURE(entry.path().string());
    CHECK(bytes.size() > 500);
    if (entry.path().extension() == ".png") {
      CHECK(bytes.substr(0, 8) == "\x89PNG\r\n\x1a\n");
      CHECK(bytes.substr(bytes.size() - 8, 4) == "IEND");
    } else {
      CHECK(bytes.substr(0, 5) == "<?xml");
      CHECK(contains(bytes, "</svg>"));
    }
  }
  CHECK(files_in(dir) == 26);
  CHECK(png_size(read_file(dir / "lines.png")) == std::pair{640, 480});
  CHECK(png_size(read_file(dir / "history.png")) == std::pair{1120, 440});
  const std::string svg = read_file(dir / "lines.SVG");
  CHECK(contains(read_file(dir / "images.SVG"), "<image style='image-rendering:pixelated' x="));
  CHECK_FALSE(contains(read_file(dir / "decision.SVG"), "pixelated"));
  CHECK(contains(svg, "'it''s' a_1^2 {x} @y \"z\" \\n `ls` 100% \xc3\xa9"));
}
