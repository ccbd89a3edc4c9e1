#include "support/markdown.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace xtape::testing {
namespace {

bool starts_with(const std::string& line, const std::string& beginning) {
  return line.compare(0, beginning.size(), beginning) == 0;
}

std::string anchor_of(const std::string& title) {
  std::string anchor;
  for (const char c : title) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') {
      anchor += '-';
    } else if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    }
  }
  return anchor;
}

/// The cells of a table's line; "\|" inside of one is a bar.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      const auto first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

void add_links(const std::string& line, int number, std::vector<Link>& links) {
  // Code between backquotes comes first, so that what looks like a link in it is none; the text of a link may have
  // some.
  static const std::regex code_or_link("`[^`]*`|\\[(?:`[^`]*`|[^\\]`])*\\]\\(([^) ]*)\\)");
  for (std::sregex_iterator match(line.begin(), line.end(), code_or_link), end; match != end; ++match) {
    if ((*match)[1].matched) links.push_back({(*match)[1], number});
  }
}

}  // namespace

MarkdownPage read_markdown(const std::string& text) {
  MarkdownPage page;
  page.sections.emplace_back();
  std::map<std::string, int> seen;
  std::istringstream lines(text);
  int number = 0, code_column = -1;
  std::string line, begun;
  const auto next = [&] {
    ++number;
    return static_cast<bool>(std::getline(lines, line));
  };
  while (next()) {
    const std::size_t indentation = std::min(line.find_first_not_of(' '), line.size());
    const bool hidden = starts_with(line, "<!-- cpp");
    if (hidden || line.compare(indentation, 3, "```") == 0) {
      CodeBlock block;
      block.info = hidden ? line.substr(5) : line.substr(indentation + 3);
      block.line = number + 1;
      const std::string closing = hidden ? "-->" : "```";
      const int opened = number;
      bool closed = false;
      while (!closed && next()) {
        closed =
            line.find_first_not_of(' ') != std::string::npos && line.substr(line.find_first_not_of(' ')) == closing;
        if (!closed) block.lines.push_back(line.substr(std::min(indentation, line.size())));
      }
      if (!closed) throw std::runtime_error("the code that begins in line " + std::to_string(opened) + " does not end");
      page.sections.back().blocks.push_back(std::move(block));
      continue;
    }
    if (starts_with(line, "<!--")) {
      while (line.find("-->") == std::string::npos) {
        if (!next()) throw std::runtime_error("a comment does not end");
      }
      continue;
    }
    if (starts_with(line, "|")) {
      const auto cells = cells_of(line);
      const auto code = std::find(cells.begin(), cells.end(), "C++");
      if (code != cells.end()) {
        code_column = static_cast<int>(code - cells.begin());
      } else if (code_column >= 0 && code_column < static_cast<int>(cells.size())) {
        static const std::regex quoted("`([^`]*)`");
        const std::string& cell = cells[static_cast<std::size_t>(code_column)];
        for (std::sregex_iterator match(cell.begin(), cell.end(), quoted), end; match != end; ++match) {
          page.sections.back().table_codes.push_back({(*match)[1], number});
        }
      }
    } else {
      code_column = -1;
    }
    const std::size_t level = line.find_first_not_of('#');
    if (level != 0 && level != std::string::npos && line[level] == ' ') {
      Section section;
      section.level = static_cast<int>(level);
      section.title = line.substr(level + 1);
      section.anchor = anchor_of(section.title);
      if (const int earlier = seen[section.anchor]++; earlier > 0) section.anchor += "-" + std::to_string(earlier);
      section.line = number;
      page.sections.push_back(std::move(section));
    }
    // A link may begin in one line and end in the next.
    const std::string whole = begun + line;
    static const std::regex goes_on("[^`]*\\[[^\\]`]*|.*`[^`]*\\[[^\\]`]*");
    begun = !line.empty() && std::regex_match(whole, goes_on) ? whole + " " : "";
    if (begun.empty()) add_links(whole, number, page.links);
  }
  return page;
}

std::vector<std::string> markdown_pages(const std::string& source_dir) {
  namespace fs = std::filesystem;
  std::vector<std::string> pages = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md"};
  for (const auto& file : fs::recursive_directory_iterator(source_dir + "/docs")) {
    if (file.path().extension() == ".md") pages.push_back(fs::relative(file.path(), source_dir).string());
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!(text << in.rdbuf())) throw std::runtime_error("cannot read " + path);
  return text.str();
}

}  // namespace xtape::testing
