// Runs the code of the pages, which extract.cpp has taken out of them, in an empty folder.
// usage: xtape_doc_snippets [PAGE...]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "docs/snippets/snippets.hpp"
#include "support/temp_dir.hpp"

namespace snippets {
namespace {

std::vector<Snippet*>& all() {
  static std::vector<Snippet*> list;
  return list;
}

std::FILE* output;    ///< standard output goes here
long printed_before;  ///< at the last at()
int current_line, failures;
const Snippet* current;

void fail(int line, const std::string& what) {
  ++failures;
  std::fprintf(stderr, "%s:%d: %s\n", current->page, line, what.c_str());
}

std::string without_ends(const std::string& text) {  // spaces before ends of lines, and empty lines at both ends
  std::string kept;
  for (const char c : text) {
    if (c == '\n') {
      while (!kept.empty() && kept.back() == ' ') kept.pop_back();
      if (kept.empty()) continue;
    }
    kept += c;
  }
  while (!kept.empty() && (kept.back() == '\n' || kept.back() == ' ')) kept.pop_back();
  return kept;
}

std::string printed() {
  std::fflush(stdout);
  std::string text;
  char buffer[4096];
  for (;;) {
    const auto offset = static_cast<off_t>(printed_before) + static_cast<off_t>(text.size());
    const ssize_t count = pread(fileno(output), buffer, sizeof buffer, offset);
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

Snippet::Snippet(const char* its_page, int its_line, void (*its_code)())
    : page(its_page), line(its_line), code(its_code) {
  all().push_back(this);
}

void at(int line) {
  current_line = line;
  std::fflush(stdout);
  printed_before = static_cast<long>(lseek(fileno(output), 0, SEEK_END));
}

void expect_output(int line, const char* text) {
  const std::string expected = without_ends(text), received = without_ends(printed());
  if (expected != received) fail(line, "expected the output\n" + expected + "\nreceived\n" + received);
}

namespace {

int run(int argc, char** argv) {
  const xtape::testing::TempDir folder;
  std::filesystem::current_path(folder.str());
  output = std::tmpfile();
  const int terminal = dup(STDOUT_FILENO);
  if (output == nullptr || terminal < 0) return 2;
  int run = 0;
  for (const Snippet* snippet : all()) {
    bool wanted = argc < 2;
    for (int i = 1; i < argc; ++i) wanted = wanted || std::string(argv[i]) == snippet->page;
    if (!wanted) continue;
    current = snippet;
    xtape::random::set_seed(1);
    xtape::mixed_precision::set_dtype_policy("float32");
    std::fflush(stdout);
    dup2(fileno(output), STDOUT_FILENO);
    at(snippet->line);
    try {
      snippet->code();
    } catch (const std::exception& error) {
      fail(current_line, std::string("the code throws: ") + error.what());
    }
    std::fflush(stdout);
    dup2(terminal, STDOUT_FILENO);
    ++run;
  }
  std::filesystem::current_path("/");
  std::printf("%d sections, %d failures\n", run, failures);
  return failures == 0 && run > 0 ? 0 : 1;
}

}  // namespace
}  // namespace snippets

int main(int argc, char** argv) { return snippets::run(argc, argv); }
