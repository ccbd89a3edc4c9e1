#pragma once

#include <string>
#include <vector>

namespace xtape::testing {

/// A block of code of a page, between ``` and ```, or in a comment of HTML that begins with the line `<!-- cpp`.
struct CodeBlock {
  std::string info;                ///< what follows the first ```: "cpp", "cpp ignore", "sh"
  std::vector<std::string> lines;  ///< without the indentation of the first ```
  int line = 0;                    ///< of the first one, from 1
};

/// A piece of code in a table's column whose head is "C++".
struct TableCode {
  std::string code;
  int line = 0;
};

/// A heading, and what stands below it up to the next one.
struct Section {
  int level = 0;  ///< the number of #; 0 of the first one
  std::string title;
  std::string anchor;  ///< as GitHub makes it: "What it is" -> "what-it-is"
  int line = 0;
  std::vector<CodeBlock> blocks;
  std::vector<TableCode> table_codes;
};

/// A link or a picture.
struct Link {
  std::string target;
  int line = 0;
};

/// A page in Markdown, as far as tests look at it.
struct MarkdownPage {
  std::vector<Section> sections;  ///< the first one has what stands before any heading
  std::vector<Link> links;
};

/// Throws a std::runtime_error for a block or comment that does not end.
MarkdownPage read_markdown(const std::string& text);

/// The pages of the project, README.md and those of docs among them, relative to its folder and in order.
std::vector<std::string> markdown_pages(const std::string& source_dir);

/// The text of a file. Throws a std::runtime_error that names it.
std::string read_text(const std::string& path);

}  // namespace xtape::testing
