// Makes a source of the code of a page in Markdown, to be compiled into xtape_doc_snippets; docs/design/testing.md says
// how. Also compares the page's quotations with the files that they are from.
// usage: xtape_extract_snippets SOURCE_DIR PAGE OUTPUT
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/markdown.hpp"

namespace xtape::testing {
namespace {

/// A line of code and where it stands.
struct Line {
  std::string text;
  int number;
};
using Lines = std::vector<Line>;

class Extractor {
 public:
  Extractor(std::string source_dir, std::string page) : source_dir_(std::move(source_dir)), page_(std::move(page)) {}

  std::string source() {
    // What stands below a heading belongs together, with what stands below smaller headings within.
    std::vector<Section> sections;
    for (Section& section : read_markdown(read_text(source_dir_ + "/" + page_)).sections) {
      if (section.level < 3) {
        sections.push_back(std::move(section));
        continue;
      }
      auto& to = sections.back();
      to.blocks.insert(to.blocks.end(), section.blocks.begin(), section.blocks.end());
      to.table_codes.insert(to.table_codes.end(), section.table_codes.begin(), section.table_codes.end());
    }
    for (const Section& section : sections) add_section(section);
    return "// Made of " + page_ + " by tests/docs/snippets/extract.cpp.\n#include \"docs/snippets/snippets.hpp\"\n" +
           includes_ + "\nnamespace {\n\n" + code_ + "}  // namespace\n";
  }

 private:
  [[noreturn]] void fail(int line, const std::string& what) const {
    throw std::runtime_error(page_ + ":" + std::to_string(line) + ": " + what);
  }

  std::string place(int line) const { return "#line " + std::to_string(line) + " \"" + page_ + "\"\n"; }

  void append(std::string& to, const Lines& lines) const {
    int expected = -1;
    for (const Line& line : lines) {
      if (line.number != expected) to += place(line.number);
      to += line.text + "\n";
      expected = line.number + 1;
    }
  }

  void add_section(const Section& section) {
    std::string declarations, statements;
    for (const CodeBlock& block : section.blocks) {
      if (block.info == "output") {
        statements += "snippets::expect_output(" + std::to_string(block.line) + ", R\"~~~(";
        for (const auto& line : block.lines) statements += line + "\n";
        statements += ")~~~\");\n";
      } else if (block.info == "cpp") {
        add_block(block, declarations, statements);
      } else if (block.info.rfind("cpp from ", 0) == 0) {
        check_quotation(block, block.info.substr(9));
      } else if (block.info.rfind("cpp", 0) == 0 && block.info != "cpp ignore") {
        fail(block.line - 1, "expected ```cpp, ```cpp ignore or ```cpp from FILE, received ```" + block.info);
      }
    }
    for (const TableCode& cell : section.table_codes) {
      const bool statement = !cell.code.empty() && cell.code.back() == ';';
      statements += "snippets::at(" + std::to_string(cell.line) + ");\n" + place(cell.line) + "{ " +
                    (statement ? cell.code : "static_cast<void>(" + cell.code + ");") + " }\n";
    }
    if (declarations.empty() && statements.empty()) return;
    const std::string name = "section_" + std::to_string(section.line);
    code_ += "namespace " + name + " {\n" + declarations + "#line 1 \"code of " + page_ + "\"\n";
    if (!statements.empty()) {
      code_ += "void run() {\n" + statements + "}\nconst snippets::Snippet snippet(\"" + page_ + "\", " +
               std::to_string(section.line) + ", run);\n";
    }
    code_ += "}  // namespace " + name + "\n\n";
  }

  void add_block(const CodeBlock& block, std::string& declarations, std::string& statements) {
    Lines lines;
    bool program = false;
    for (std::size_t i = 0; i < block.lines.size(); ++i) {
      const Line line{block.lines[i], block.line + static_cast<int>(i)};
      program = program || line.text.rfind("int main(", 0) == 0;
      if (line.text.rfind("#include", 0) == 0) {
        append(includes_, {line});
      } else {
        lines.push_back(line);
      }
    }
    if (program) return add_program(block, std::move(lines), declarations, statements);

    // What can only stand outside of functions is taken out of the block: classes, templates, functions.
    static const std::regex declares("(struct|class|enum|template|concept|namespace)\\b.*"),
        function(
            "(?!for |if |while |switch |else|do |return |try |auto \\w+ = )[\\w:<>,&* ]+ \\w+\\([^=]*\\) (const "
            ")?\\{.*");
    Lines outside, inside;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& text = lines[i].text;
      if (!std::regex_match(text, declares) && !std::regex_match(text, function)) {
        inside.push_back(lines[i]);
        continue;
      }
      if (text.rfind("template", 0) == 0 && text.find('{') == std::string::npos) outside.push_back(lines[i++]);
      outside.push_back(lines[i]);
      const char last = lines[i].text.back();
      if (last == ';' || last == '}') continue;
      while (++i < lines.size()) {
        outside.push_back(lines[i]);
        if (lines[i].text.rfind('}', 0) == 0) break;
      }
    }
    append(declarations, outside);
    if (inside.empty()) return;
    statements += "snippets::at(" + std::to_string(block.line) + ");\n";
    append(statements, inside);
  }

  /// A program runs as a function, which returns what main() may leave out.
  void add_program(const CodeBlock& block, Lines lines, std::string& declarations, std::string& statements) {
    if (lines.back().text != "}") fail(block.line, "expected main() at the end of a program");
    const std::string name = "program_" + std::to_string(block.line);
    for (Line& line : lines) {
      if (line.text.rfind("int main(", 0) == 0) line.text.replace(0, 9, "int run(");
    }
    lines.back().text = "return 0; }";
    declarations += "namespace " + name + " {\n";
    append(declarations, lines);
    declarations += "}\n";
    statements += "snippets::at(" + std::to_string(block.line) + ");\n" + name + "::run();\n";
  }

  /// A quotation must stand in its file, line by line; "..." alone in a line stands for any lines.
  void check_quotation(const CodeBlock& block, const std::string& file) const {
    const auto trimmed = [](const std::string& line) {
      const auto first = line.find_first_not_of(' ');
      return first == std::string::npos ? std::string() : line.substr(first);
    };
    std::vector<std::string> there;
    const std::string text = read_text(source_dir_ + "/" + file);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      there.push_back(trimmed(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    std::vector<std::vector<std::string>> pieces(1);
    std::vector<int> numbers{block.line};
    for (std::size_t i = 0; i < block.lines.size(); ++i) {
      const std::string line = trimmed(block.lines[i]);
      if (line == "..." || line == "// ...") {
        pieces.emplace_back();
        numbers.push_back(block.line + static_cast<int>(i) + 1);
      } else {
        pieces.back().push_back(line);
      }
    }
    auto from = there.begin();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      auto& piece = pieces[i];
      while (!piece.empty() && piece.back().empty()) piece.pop_back();
      while (!piece.empty() && piece.front().empty()) piece.erase(piece.begin());
      const auto found = std::search(from, there.end(), piece.begin(), piece.end());
      if (found == there.end() && !piece.empty()) fail(numbers[i], "this is not what " + file + " says");
      from = found + static_cast<std::ptrdiff_t>(piece.size());
    }
  }

  std::string source_dir_, page_, includes_, code_;
};

}  // namespace
}  // namespace xtape::testing

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    std::ofstream out(argv[3]);
    out << xtape::testing::Extractor(argv[1], argv[2]).source();
    return out.flush() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
