#pragma once

// What stands in front of the code of every page: see docs/getting_started.md, "How to read these pages".
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <xtape/xtape.hpp>

namespace xp = xtape;
namespace layers = xtape::layers;

namespace snippets {

/// The code of one section of a page.
struct Snippet {
  Snippet(const char* its_page, int its_line, void (*its_code)());

  const char* page;
  int line;
  void (*code)();
};

/// The code of the page from this line on is about to run.
void at(int line);
/// What the code has printed since at() must be this.
void expect_output(int line, const char* text);

}  // namespace snippets
