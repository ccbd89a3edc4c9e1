// Compiles files of mistakes that must not compile. Each file is compiled twice, without code being made of it: as it
// is, where every section's `#else` shows the right way and must compile, and with MUST_NOT_COMPILE, where the compiler
// must complain of every section, in the words that it expects, and of nothing else:
//
//     // A span of a temporary's elements would dangle.
//     #ifdef MUST_NOT_COMPILE
//     // expected: deleted function
//     void data_of_a_temporary() { auto elements = ones({2}).data<float>(); }
//     #else
//     void data_of_a_tensor(const Tensor& t) { auto elements = t.data<float>(); }
//     #endif
//
// An expectation is a regular expression that is looked for in the compiler's message with its notes, g++'s and
// clang++'s; of several lines of them each must be found. Since one run shows all mistakes of a file, sections do not
// share names. usage: xtape_compile_fail FILE... -- COMPILER [FLAGS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace {

/// What stands between `#ifdef MUST_NOT_COMPILE` and `#else`.
struct Section {
  std::string title;
  int begin = 0, end = 0;
  std::vector<std::string> expected;
};

/// One error of a compiler, with its context and notes, and the lines of the file where it is at home: first that of
/// the error itself, then those from where a template was instantiated.
struct Message {
  std::string text;
  std::vector<int> lines;
};

struct Run {
  bool good = false;
  std::string output;
};

bool begins_with(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

std::vector<Section> sections_of(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::vector<Section> sections;
  std::string previous;
  const std::string expects = "// expected: ";
  enum { outside, wrong, right } place = outside;
  int number = 0;
  for (std::string line; std::getline(file, line); previous = line) {
    ++number;
    const auto complain = [&](const char* what) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + what);
    };
    if (line == "#ifdef MUST_NOT_COMPILE") {
      if (place != outside) complain("a section inside another");
      if (!begins_with(previous, "// ")) complain("a section without a comment above it that says what the mistake is");
      sections.push_back({previous.substr(3), number, 0, {}});
      place = wrong;
    } else if (place == wrong && begins_with(line, expects)) {
      sections.back().expected.push_back(line.substr(expects.size()));
    } else if (place == wrong && line == "#else") {
      sections.back().end = number;
      if (sections.back().expected.empty()) complain("a section without a line \"// expected: ...\"");
      place = right;
    } else if (begins_with(line, "#endif")) {
      if (place == wrong) complain("a section without an #else that compiles");
      place = outside;
    }
  }
  if (place != outside) throw std::runtime_error(path + ": a section without an end");
  if (sections.empty()) throw std::runtime_error(path + ": no sections");
  return sections;
}

Run run(const std::string& command) {
  Run result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.output.append(buffer, n);
  const int status = pclose(pipe);
  result.good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return result;
}

/// The errors in what a compiler printed. g++ prints the context of a message before it, clang++ after it, as notes.
std::vector<Message> messages_in(const std::string& output, const std::string& path) {
  static const std::regex context("In file included from.*|  +from .*|.*: (In|At) .*|.*required (from|by).*");
  static const std::regex excerpt(" *[0-9]* \\|.*");  // of the source, which g++ 14 shows with the context too
  const std::string place = path + ":";
  const auto line_of = [&](const std::string& line) {
    return begins_with(line, place) ? std::atoi(line.c_str() + place.size()) : 0;
  };
  std::vector<Message> messages;
  Message before;  // context of the next message
  bool of_error = false;
  std::size_t begin = 0;
  while (begin < output.size()) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    const std::string line = output.substr(begin, end - begin);
    begin = end + 1;
    const bool error = contains(line, ": error: ") || contains(line, ": fatal error: ");
    if (error) {
      messages.emplace_back();
      of_error = true;
      if (line_of(line) != 0) messages.back().lines.push_back(line_of(line));
      messages.back().lines.insert(messages.back().lines.end(), before.lines.begin(), before.lines.end());
    } else if (contains(line, ": warning: ")) {
      of_error = false;
    } else if (!contains(line, ": note: ") && std::regex_match(line, context)) {
      before.text += line + '\n';
      if (contains(line, "required") && line_of(line) != 0) before.lines.push_back(line_of(line));
      continue;
    } else if (!before.text.empty() && std::regex_match(line, excerpt)) {
      before.text += line + '\n';
      continue;
    }
    if (of_error) {
      messages.back().text += before.text + line + '\n';
      if (contains(line, "requested here") && line_of(line) != 0) messages.back().lines.push_back(line_of(line));
    }
    before = {};
  }
  return messages;
}

int check(const std::string& path, const std::string& compile) {
  const auto sections = sections_of(path);
  int failures = 0;
  const auto fail = [&](int line, const std::string& what, const std::string& output) {
    std::cout << path << ':' << line << ": " << what << '\n' << output << '\n';
    ++failures;
  };
  if (const Run right = run(compile + ' ' + path); !right.good) {
    fail(1, "does not compile without MUST_NOT_COMPILE:", right.output);
  }
  const Run wrong = run(compile + " -DMUST_NOT_COMPILE " + path);
  std::vector<std::string> of_section(sections.size());
  std::size_t home = sections.size();
  for (const auto& message : messages_in(wrong.output, path)) {
    // clang++ says once where a template comes from, and goes on with what follows in it: the section before's.
    if (!message.lines.empty()) home = sections.size();
    for (const int line : message.lines) {
      for (std::size_t i = 0; i < sections.size() && home == sections.size(); ++i) {
        if (sections[i].begin < line && line < sections[i].end) home = i;
      }
    }
    if (home == sections.size()) {
      fail(1, "an error that belongs to no section:", message.text);
    } else {
      of_section[home] += message.text;
    }
  }
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto& section = sections[i];
    if (of_section[i].empty()) {
      fail(section.begin, "compiles, and must not: " + section.title, "");
      continue;
    }
    for (const auto& expected : section.expected) {
      if (!std::regex_search(of_section[i], std::regex(expected))) {
        fail(section.begin, "\"" + expected + "\" is not in the message for: " + section.title, of_section[i]);
      }
    }
  }
  std::cout << path << ": " << sections.size() << " mistakes\n";
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  int i = 1;
  while (i < argc && std::string(argv[i]) != "--") files.emplace_back(argv[i++]);
  std::string compile;
  for (++i; i < argc; ++i) compile += "'" + std::string(argv[i]) + "' ";
  if (files.empty() || compile.empty()) {
    std::cerr << "usage: xtape_compile_fail FILE... -- COMPILER [FLAGS]\n";
    return 2;
  }
  compile += "-fsyntax-only";
  int failures = 0;
  for (const auto& file : files) {
    try {
      failures += check(file, "LC_ALL=C " + compile);
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
      ++failures;
    }
  }
  std::cout << failures << " failures\n";
  return failures == 0 ? 0 : 1;
}
