// No page has a link to what is not there.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "support/markdown.hpp"
#include "support/source_dir.hpp"

namespace xtape::testing {
namespace {

TEST_CASE("links of the pages lead to files and headings that are there") {
  namespace fs = std::filesystem;
  const fs::path root = source_dir();
  std::size_t checked = 0;
  for (const std::string& name : markdown_pages(source_dir())) {
    for (const Link& link : read_markdown(read_text(root / name)).links) {
      if (link.target.find("://") != std::string::npos) continue;
      CAPTURE(name);
      CAPTURE(link.line);
      CAPTURE(link.target);
      ++checked;
      const std::size_t hash = link.target.find('#');
      const std::string path = link.target.substr(0, hash);
      const fs::path file = path.empty() ? root / name : (root / name).parent_path() / path;
      const bool there = fs::exists(file);
      CHECK_MESSAGE(there, "there is no such file");
      if (!there || hash == std::string::npos) continue;
      const std::string anchor = link.target.substr(hash + 1);
      const auto sections = read_markdown(read_text(file)).sections;
      CHECK_MESSAGE(std::any_of(sections.begin(), sections.end(),
                                [&](const Section& section) { return section.anchor == anchor; }),
                    "there is no such heading");
    }
  }
  CHECK(checked > 100);
}

TEST_CASE("links, headings and code of a page are found") {
  const auto page = read_markdown(
      "# A page\n"
      "[a](x.md), [`b`](y.md#c) and `[no](z.md)`; ![picture](p.png); [over\n"
      "the end](e.md)\n"
      "## It's `so`\n"
      "```cpp ignore\n[no](no.md)\n```\n"
      "<!-- [no](no.md) -->\n"
      "<!-- cpp\nint hidden;\n-->\n"
      "| Python | C++ |\n|---|---|\n| `a` | `b` or `c \\| d` |\n"
      "## It's so\n");
  REQUIRE(page.links.size() == 4);
  CHECK(page.links[1].target == "y.md#c");
  CHECK(page.links[3].target == "e.md");
  REQUIRE(page.sections.size() == 4);
  CHECK(page.sections[2].anchor == "its-so");
  CHECK(page.sections[3].anchor == "its-so-1");
  REQUIRE(page.sections[2].blocks.size() == 2);
  CHECK(page.sections[2].blocks[0].info == "cpp ignore");
  CHECK(page.sections[2].blocks[0].line == 6);
  CHECK(page.sections[2].blocks[1].lines == std::vector<std::string>{"int hidden;"});
  REQUIRE(page.sections[2].table_codes.size() == 2);
  CHECK(page.sections[2].table_codes[1].code == "c | d");
  CHECK(page.sections[2].table_codes[1].line == 14);
}

}  // namespace
}  // namespace xtape::testing
