#include "xtape/models/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "models/progress_text.hpp"
#include "support/allocation_count.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/metrics/mean.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// What is written to a file, here a temporary one.
class Output {
 public:
  Output() : file_(std::tmpfile()) { REQUIRE(file_ != nullptr); }
  ~Output() { std::fclose(file_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::FILE* file() const { return file_; }
  /// What has reached the file, without a flush of our own.
  std::string text() const {
    std::string all(1 << 20, '\0');
    const auto n = pread(fileno(file_), all.data(), all.size(), 0);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
  }
  std::vector<std::string> lines(char end = '\n') const {
    std::vector<std::string> all;
    std::string line;
    for (const char c : text()) {
      if (c == end) {
        all.push_back(line);
        line.clear();
      } else {
        line += c;
      }
    }
    if (!line.empty()) all.push_back(line);
    return all;
  }

 private:
  std::FILE* file_;
};

std::vector<std::string> starts(const std::vector<std::string>& lines) {
  std::vector<std::string> all;
  for (const auto& line : lines) all.push_back(line.substr(0, line.find(" - ")));
  return all;
}

std::string after(const std::string& line, const std::string& what) {
  const auto at = line.find(what);
  return at == std::string::npos ? "nothing" : line.substr(at);
}

template <class F>
std::string made(F&& f) {
  std::string text;
  f(text);
  return text;
}

}  // namespace

TEST_CASE("progress text: times") {
  const auto time = [](double seconds) { return made([&](std::string& s) { detail::append_time(s, seconds); }); };
  CHECK(time(0) == "0s");
  CHECK(time(0.2) == "1s");
  CHECK(time(59) == "59s");
  CHECK(time(59.5) == "1:00");
  CHECK(time(65) == "1:05");
  CHECK(time(3599) == "59:59");
  CHECK(time(7209) == "2:00:09");
  CHECK(time(360000) == "100:00:00");
  CHECK(time(std::numeric_limits<double>::infinity()).size() < 30);
}

TEST_CASE("progress text: speeds and figures") {
  const auto speed = [](double steps) { return made([&](std::string& s) { detail::append_speed(s, steps); }); };
  CHECK(speed(5712.3) == " - 5712 steps/s");
  CHECK(speed(57.12) == " - 57.1 steps/s");
  CHECK(speed(0.25) == " - 4.0 s/step");
  const auto figure = [](double value) {
    return made([&](std::string& s) { detail::append_figure(s, "loss", value); });
  };
  CHECK(figure(0.43213) == " - loss: 0.4321");
  CHECK(figure(0) == " - loss: 0.0000");
  CHECK(figure(-1234.5) == " - loss: -1234.5000");
  CHECK(figure(0.00012345) == " - loss: 1.2345e-04");
  CHECK(figure(12345678) == " - loss: 1.2346e+07");
  CHECK(figure(std::numeric_limits<double>::quiet_NaN()) == " - loss: nan");
  CHECK(figure(std::numeric_limits<double>::infinity()) == " - loss: inf");
}

TEST_CASE("progress text: bar and width") {
  const auto bar = [](std::int64_t step) {
    return made([&](std::string& s) { detail::append_bar(s, step, 100, 10); });
  };
  CHECK(bar(0) == "[>.........]");
  CHECK(bar(50) == "[=====>....]");
  CHECK(bar(99) == "[=========>]");
  CHECK(bar(100) == "[==========]");
  const std::string umlauts =
      "a\xc3\xa4\xe2\x82\xac"
      "b";  // four characters of one, two, three and one bytes
  CHECK(detail::columns(umlauts) == 4);
  std::vector<std::size_t> sizes;
  for (std::size_t columns = 0; columns <= 5; ++columns) {
    std::string text = umlauts;
    detail::cut(text, columns);
    sizes.push_back(text.size());
  }
  CHECK(sizes == std::vector<std::size_t>{0, 1, 3, 6, 7, 7});
}

TEST_CASE("ProgressLine: plain lines at each tenth of the steps") {
  const Output output;
  ProgressLine progress(1000, {.file = output.file()});
  for (int step = 1; step <= 1000; ++step) {
    progress.update(step, {{"loss", 0.5}, {"accuracy", 0.25}});
    CHECK(output.lines().size() == static_cast<std::size_t>(step / 100));  // flushed at once
  }
  const auto lines = output.lines();
  CHECK(starts(lines) == std::vector<std::string>{" 100/1000", " 200/1000", " 300/1000", " 400/1000", " 500/1000",
                                                  " 600/1000", " 700/1000", " 800/1000", " 900/1000", "1000/1000"});
  CHECK(after(lines[0], " - ETA: ").find(" steps/s - loss: 0.5000 - accuracy: 0.2500") != std::string::npos);
  CHECK(lines.back().substr(0, 12) == "1000/1000 - ");  // and the time it took
  CHECK(output.text().find('\r') == std::string::npos);
  CHECK(output.text().back() == '\n');
}

TEST_CASE("ProgressLine: plain lines of few, odd, none and skipped steps") {
  const auto run = [](std::int64_t steps, std::int64_t stride) {
    const Output output;
    ProgressLine progress(steps, {.file = output.file()});
    for (std::int64_t step = stride; step < steps + stride; step += stride) progress.update(step);
    return starts(output.lines());
  };
  CHECK(run(3, 1) == std::vector<std::string>{"1/3", "2/3", "3/3"});
  CHECK(run(25, 1) == std::vector<std::string>{" 3/25", " 5/25", " 8/25", "10/25", "13/25", "15/25", "18/25", "20/25",
                                               "23/25", "25/25"});
  CHECK(run(100, 35) == std::vector<std::string>{" 35/100", " 70/100", "100/100"});
  const Output output;
  ProgressLine none(0, {.file = output.file()});
  none.update(0);
  none.update(1);
  CHECK(output.text().empty());
}

TEST_CASE("ProgressLine: numbers as running means, metrics as they are") {
  const Output output;
  metrics::Mean metric;
  ProgressLine progress(20, {.file = output.file()});  // means over one step
  for (int step = 1; step <= 20; ++step) {
    metric.update_state(static_cast<double>(step));
    progress.update(step, {{"tensor", constant(2.0 * step)}, {"number", step}, {"metric", metric}});
  }
  CHECK(after(output.lines()[0], " - tensor") == " - tensor: 4.0000 - number: 2.0000 - metric: 1.5000");
  CHECK(after(output.lines()[9], " - tensor") == " - tensor: 40.0000 - number: 20.0000 - metric: 10.5000");

  const Output means;
  ProgressLine longer(200, {.file = means.file()});  // means over ten steps
  for (int step = 1; step <= 200; ++step) longer.update(step, {{"early", step <= 10 ? step : 100}, {"x", 1}});
  // Over ten steps the plain mean has become 5.5; from there each step takes a tenth of the way to 100.
  CHECK(after(means.lines()[0], " - early") ==
        " - early: " + fmt::format("{:.4f}", 100 - 94.5 * std::pow(0.9, 10)) + " - x: 1.0000");
  CHECK(after(means.lines()[9], " - early") == " - early: 100.0000 - x: 1.0000");
}

TEST_CASE("ProgressLine: figures may come and go") {
  const Output output;
  ProgressLine progress(3, {.file = output.file()});
  progress.update(1, {{"a", 1.0}, {"b", 2.0}});
  progress.update(2, {{"b", 3.0}});
  progress.update(3, {{"b", 4.0}, {"c", 5.0}, {"a", 6.0}});
  const auto lines = output.lines();
  CHECK(after(lines[0], "/s - ") == "/s - a: 1.0000 - b: 2.0000");
  CHECK(after(lines[1], "/s - ") == "/s - b: 3.0000");
  CHECK(after(lines[2], "/s - ") == "/s - b: 4.0000 - c: 5.0000 - a: 6.0000");
}

TEST_CASE("ProgressLine: a NaN is shown and does not stay") {
  const Output output;
  const double inf = std::numeric_limits<double>::infinity();
  ProgressLine progress(40, {.file = output.file()});
  for (int step = 1; step <= 40; ++step) progress.update(step, {{"loss", step == 4 ? NAN : step == 12 ? inf : 1.0}});
  const auto lines = output.lines();
  CHECK(after(lines[0], " - loss") == " - loss: nan");
  CHECK(after(lines[1], " - loss") == " - loss: 1.0000");
  CHECK(after(lines[2], " - loss") == " - loss: inf");
  CHECK(after(lines[9], " - loss") == " - loss: 1.0000");
}

TEST_CASE("ProgressLine: a live line is rewritten in place, ended once, and fits the width") {
  const Output output;
  {
    ProgressLine progress(2, {.file = output.file(), .live = true});
    progress.update(1, {{"a long name of a figure", 123.0}});
    progress.update(2, {{"loss", 1.0}});
    CHECK(output.text().back() == '\n');
    progress.update(3, {{"loss", 1.0}});  // after the end nothing more
  }
  const auto parts = output.lines('\r');
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].empty());
  CHECK(parts[1].substr(0, 8) == "1/2 - ET");  // with its bar it would not fit into 79 columns
  CHECK(parts[2].substr(0, 28) == "2/2 [====================] -");
  CHECK(after(parts[1], " - a long") == " - a long name of a figure: 123.0000");
  CHECK(parts[2].back() == '\n');
  CHECK(parts[2].find('\n') == parts[2].size() - 1);
  CHECK(parts[2].size() - 1 >= parts[1].size());  // what was left of the first is overwritten

  const Output narrow;
  ProgressLine progress(10, {.file = narrow.file(), .live = true});
  progress.update(1, {{std::string(200, 'x'), 1.0}});
  CHECK(narrow.lines('\r').at(1).size() == 79);
}

TEST_CASE("ProgressLine: a live line that is left early is ended, and goes on in a new one after finish") {
  const Output output;
  {
    ProgressLine progress(100, {.file = output.file(), .live = true});
    progress.update(1, {{std::string(30, 'x'), 1.0}});
    CHECK(output.text().back() != '\n');
    progress.finish();
    CHECK(output.text().back() == '\n');
    progress.finish();
    progress.update(100);
  }
  CHECK(std::ranges::count(output.text(), '\n') == 2);
  CHECK(output.text().find(" \n") == std::string::npos);
  const Output early;
  { ProgressLine(100, {.file = early.file(), .live = true}).update(1); }
  CHECK(std::ranges::count(early.text(), '\n') == 1);
  const Output untouched;
  { ProgressLine(100, {.file = untouched.file(), .live = true}); }
  CHECK(untouched.text().empty());
}

TEST_CASE("ProgressLine: a live line is written ten times a second at most") {
  const Output output;
  const auto begin = std::chrono::steady_clock::now();
  const int steps = 3000000;
  {
    ProgressLine progress(steps, {.file = output.file(), .live = true});
    for (int step = 1; step <= steps; ++step) progress.update(step, {{"loss", 1.0}});
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto written = std::ranges::count(output.text(), '\r');
  CHECK(written >= 2);
  CHECK(static_cast<double>(written) <= 2 + 10 * seconds);
}

TEST_CASE("ProgressLine: steps that take their time are each shown") {
  const Output output;
  ProgressLine progress(100, {.file = output.file(), .live = true});
  for (int step = 1; step <= 3; ++step) {
    progress.update(step);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
  }
  CHECK(std::ranges::count(output.text(), '\r') == 3);
}

TEST_CASE("ProgressLine: no call to malloc in a step") {
  if (!AllocationCount::available()) return;
  for (const bool live : {false, true}) {
    const Output output;
    ProgressLine progress(1000, {.file = output.file(), .live = live});
    const Tensor loss = constant(0.5);
    for (int step = 1; step <= 100; ++step) progress.update(step, {{"a figure with a long name", loss}});
    const AllocationCount count;
    for (int step = 101; step <= 899; ++step) progress.update(step, {{"a figure with a long name", loss}});
    const std::int64_t allocations = count.value();
    CHECK(allocations == 0);
  }
}

TEST_CASE("ProgressLine: what it cannot take") {
  CHECK_THROWS_TEXT(ValueError, "[ProgressLine] expected a number of steps of at least 0, received -1",
                    ProgressLine(-1));
  ProgressLine progress(10, {.file = stderr});
  CHECK_THROWS_TEXT(ValueError, "[Tensor.item] expected a tensor with one element: shape (2,)",
                    progress.update(1, {{"loss", constant({1.0, 2.0})}}));
}
