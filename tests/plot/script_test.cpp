#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "plot/figure.hpp"
#include "plot/gnuplot_path.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/plot/lines.hpp"

using namespace xtape;
using namespace xtape::testing;
using detail::in_quotes;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("plot script: texts in quotes that let nothing through") {
  CHECK(in_quotes("plain") == "'plain'");
  CHECK(in_quotes("it's") == R"('it'."'".'s')");
  CHECK(in_quotes("'tis") == R"(''."'".'tis')");
  CHECK(in_quotes("''") == R"(''."'".''."'".'')");
  CHECK(in_quotes(R"(a_b^c {x} @y "z" \n `ls` %d)") == R"('a_b^c {x} @y "z" \n `ls` %d')");
  CHECK(in_quotes("two\nlines") == R"('two'."\n".'lines')");
  CHECK(in_quotes("a\tb\rc\x7f") == "'a b c '");
  CHECK(in_quotes("") == "''");
}

TEST_CASE("plot script: what is not UTF-8 becomes the replacement character") {
  CHECK(in_quotes("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82") == "'caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82'");
  const std::string replaced = "'\xef\xbf\xbd'";
  CHECK(in_quotes("\xe9") == replaced);
  CHECK(in_quotes("\x80") == replaced);
  CHECK(in_quotes("\xff") == replaced);
  CHECK(in_quotes("\xc0\xaf") == "'\xef\xbf\xbd\xef\xbf\xbd'");                  // an overlong '/'
  CHECK(in_quotes("\xed\xa0\x80") == "'\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'");  // a surrogate
  CHECK(in_quotes("\xe2\x82'") == "'\xef\xbf\xbd\xef\xbf\xbd'.\"'\".''");        // cut off before the quote
}

TEST_CASE("plot script: the whole text of a small picture") {
  const FakeGnuplot gnuplot;
  CHECK(plot::lines({{"a_1", {1, 2}, {0.5, 0.25}}, {"b", {1, 2}, {0.5, std::nan("")}, "o--", "red"}}, gnuplot.picture(),
                    {.title = "T", .xlabel = "x", .ylim = {0, 1}, .width = 300, .height = 200}));
  CHECK(gnuplot.script() == R"(set encoding utf8
set terminal pngcairo size 300,200 font 'Sans,11' noenhanced background rgb '#ffffff'
$p0l0 << EOD
1 0.5
2 0.25
EOD
$p0l1 << EOD
1 0.5
2 NaN
EOD
reset
set datafile missing 'NaN'
set border 3 linecolor rgb '#8c8c8c' linewidth 1
set title 'T' font ',13' textcolor rgb '#262626'
set xrange [0.97:2.03]
set format x '%h'
set xlabel 'x' textcolor rgb '#262626'
set xtics nomirror out scale 0.5,0.25 textcolor rgb '#262626'
set grid xtics back linetype 1 dashtype solid linecolor rgb '#e6e6e6' linewidth 1
set yrange [0:1]
set format y '%h'
set ytics nomirror out scale 0.5,0.25 textcolor rgb '#262626'
set grid ytics back linetype 1 dashtype solid linecolor rgb '#e6e6e6' linewidth 1
unset colorbox
set key inside top right Left reverse opaque fillcolor rgb '#ffffff' samplen 2.5 spacing 1.1 width 0.8
plot $p0l0 using 1:2 with lines linewidth 2 linecolor rgb '#0072b2' title 'a_1', \
  $p0l1 using 1:2 with linespoints linewidth 2 dashtype (12,6) pointtype 7 pointsize 0.6 linecolor rgb 'red' title 'b'
)");
}

TEST_CASE("plot script: the legend goes where no curve is") {
  const FakeGnuplot gnuplot;
  const auto key_of = [&](const plot::Series& series) {
    CHECK(plot::lines({series}, gnuplot.picture()));
    const std::string script = gnuplot.script();
    const auto at = script.find("set key ");
    return at == std::string::npos ? "none" : script.substr(at + 8, script.find(" Left", at) - at - 8);
  };
  CHECK(key_of({"falling", {0, 1}, {1, 0}}) == "inside top right");
  CHECK(key_of({"rising", {0, 1}, {0, 1}}) == "inside top left");
  CHECK(key_of({"roof", {0, 0.001, 0.999, 1}, {0, 1, 1, 0}}) == "outside right top");
  CHECK(key_of({"upper", {0, 0, 1}, {0, 1, 1}}) == "inside bottom right");
  CHECK(key_of({"", {0, 1}, {1, 0}}) == "none");
}

TEST_CASE("plot script: log scales, subplots, bars and names of tics") {
  const FakeGnuplot gnuplot;
  CHECK(plot::lines({{"", {1, 100}, {0, 1}}}, gnuplot.picture(), {.xlim = {1, 100}, .xscale = "log"}));
  CHECK(contains(gnuplot.script(), "set xrange [1:100]\nset logscale x\nset format x '%g'\n"));

  const plot::Panel panel{{{"", {}, {1, 2}}}, {.width = 200, .height = 100}};
  CHECK(plot::subplots({panel, panel, panel, panel}, gnuplot.picture(), {.title = "Four"}));
  CHECK(contains(gnuplot.script(), "size 400,240 "));
  CHECK(contains(gnuplot.script(), "set multiplot layout 2,2 rowsfirst title 'Four' "));
  CHECK(contains(gnuplot.script(), "unset multiplot\n"));

  CHECK(plot::bars({"50%", "it's"}, {2, 4}, gnuplot.picture()));
  CHECK(contains(gnuplot.script(), R"(('50%%' 0, 'it'."'".'s' 1))"));
  CHECK(contains(gnuplot.script(), "set yrange [0:4.12]"));  // 6 % of 4 - 2 above
}

TEST_CASE("plot::histogram: NumPy's bins") {
  const FakeGnuplot gnuplot;
  // numpy.histogram([1, 2, 2.5, 4, 5], bins=4) -> [1, 2, 0, 2], edges 1 to 5: the last bin includes 5.
  CHECK(plot::histogram({{"", {1, 2, 2.5, 4, 5, std::nan("")}}}, gnuplot.picture(), {.bins = 4}));
  CHECK(contains(gnuplot.script(), "$p0l0 << EOD\n1.5 1\n2.5 2\n3.5 0\n4.5 2\nEOD\n"));
  // numpy.histogram([3, 3], bins=2) -> [0, 2], edges 2.5 to 3.5
  CHECK(plot::histogram({{"", constant({3, 3})}}, gnuplot.picture(), {.bins = 2}));
  CHECK(contains(gnuplot.script(), "$p0l0 << EOD\n2.75 0\n3.25 2\nEOD\n"));
  // numpy.histogram([1, 2, 9], bins=2, range=(0, 4)) -> [1, 1]
  CHECK(plot::histogram({{"", {1, 2, 9}}}, gnuplot.picture(), {.bins = 2, .axes = {.xlim = {0, 4}}}));
  CHECK(contains(gnuplot.script(), "$p0l0 << EOD\n1 1\n3 1\nEOD\n"));
}

TEST_CASE("plot::lines: what does not fit together") {
  const FakeGnuplot gnuplot;
  const std::string path = gnuplot.picture();
  CHECK_THROWS_TEXT(ValueError, "[plot::lines] expected at least one series, received none", plot::lines({}, path));
  CHECK_THROWS_TEXT(ValueError, "[plot::lines] expected as many x as y in series 1 (\"b\"), received 1 and 2",
                    plot::lines({{"a", {}, {1}}, {"b", {1}, {1, 2}}}, path));
  CHECK_THROWS_TEXT(ValueError, "expected numbers in series 0 (\"a\"), received none", plot::lines({{"a"}}, path));
  CHECK_THROWS_TEXT(ValueError, "\"o\", or a line and \"o\", received \"-.\"",
                    plot::lines({{"a", {}, {1}, "-."}}, path));
  CHECK_THROWS_TEXT(ValueError, "expected xscale \"linear\" or \"log\", received \"cubic\"",
                    plot::lines({{"a", {}, {1}}}, path, {.xscale = "cubic"}));
  CHECK_THROWS_TEXT(ValueError, "expected ylim that rises, received 2 to 1",
                    plot::lines({{"a", {}, {1}}}, path, {.ylim = {2, 1}}));
  CHECK_THROWS_TEXT(ValueError, "expected a positive ylim on a log scale, received 0 to 1",
                    plot::lines({{"a", {}, {1}}}, path, {.ylim = {0, 1}, .yscale = "log"}));
  CHECK_THROWS_TEXT(ValueError, "expected a picture of 50 to 20000 pixels each way, received 640 x 3",
                    plot::lines({{"a", {}, {1}}}, path, {.height = 3}));
  for (const std::string name : {"picture.jpg", "png", "picture", "picture.png/"}) {
    CHECK_THROWS_TEXT(ValueError, "[plot::lines] expected a path that ends in .png or .svg, received \"" + name + "\"",
                      plot::lines({{"a", {}, {1}}}, name));
  }
  CHECK_THROWS_TEXT(ValueError, "[plot::subplots] expected at least one panel", plot::subplots({}, path));
  CHECK_THROWS_TEXT(ValueError, "[plot::subplots] expected columns >= 0, received -1",
                    plot::subplots({{{{"a", {}, {1}}}, {}}}, path, {.columns = -1}));
  CHECK_THROWS_TEXT(ValueError, "[plot::bars] expected one height for each of 2 names, received 1",
                    plot::bars({"a", "b"}, {1}, path));
  CHECK_THROWS_TEXT(ValueError, "[plot::histogram] expected bins >= 1, received 0",
                    plot::histogram({{"a", {1}}}, path, {.bins = 0}));
  CHECK_THROWS_TEXT(ValueError, "[plot::histogram] expected at least one finite number, received none",
                    plot::histogram({{"a", {std::nan("")}}}, path));
  CHECK_FALSE(std::filesystem::exists(path));
}
