#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "report/report.hpp"

namespace bench {
namespace {

constexpr std::string_view begin_mark = "<!-- results -->\n", end_mark = "<!-- end of results -->\n";

std::string number(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0); }

std::string table(const std::vector<Result>& results, const std::string& machine) {
  std::string text = fmt::format("```\n{}\n```\n", machine);
  std::string group;
  int all = 0, met = 0;
  for (const Result& r : results) {
    if (r.targets.empty()) continue;
    if (r.group != group) {
      group = r.group;
      text += fmt::format("\n| {} | threads | xtape | beside it | targets |\n|---|---|---|---|---|\n", group);
    }
    std::string others, targets;
    for (const Other& o : r.others) {
      others += fmt::format("{}{} {} ({:.2f})", others.empty() ? "" : ", ", o.name, number(o.value), o.ratio);
    }
    for (const Target& t : r.targets) {
      ++all;
      met += t.met();
      targets += fmt::format("{}{} {:.2f} {} {:g}{}", targets.empty() ? "" : "; ", t.what, t.value,
                             t.at_least ? "≥" : "≤", t.limit, t.met() ? "" : " **missed**");
    }
    text += fmt::format("| {} | {} | {} {} | {} | {} |\n", r.name, r.threads, number(r.value), r.unit, others, targets);
  }
  return text + fmt::format("\n{} of {} targets met.\n", met, all);
}

}  // namespace

void write_markdown(const std::string& file, const std::string& machine, const std::vector<Result>& results) {
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto begin = text.find(begin_mark), end = text.find(end_mark);
  if (begin == text.npos || end == text.npos || end < begin) {
    throw std::runtime_error(fmt::format("{} has no place for results between {}and {}", file, begin_mark, end_mark));
  }
  const auto first = begin + begin_mark.size();
  text.replace(first, end - first, table(results, machine));
  std::ofstream out(file);
  out << text;
  if (!out.good()) throw std::runtime_error(fmt::format("cannot write {}", file));
}

}  // namespace bench
