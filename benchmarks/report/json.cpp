#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "report/report.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Role role) { return role == Role::own ? "own" : role == Role::limit ? "limit" : "rival"; }

Role role_of(const std::string& name) {
  return name == "own" ? Role::own : name == "limit" ? Role::limit : Role::rival;
}

Json to_json(const Result& r) {
  Json contenders = Json::array(), targets = Json::array();
  for (const Other& o : r.others) {
    contenders.push_back({{"name", o.name}, {"role", name_of(o.role)}, {"value", o.value}, {"ratio", o.ratio}});
  }
  for (const Target& t : r.targets) {
    targets.push_back(
        {{"what", t.what}, {"value", t.value}, {t.at_least ? "at_least" : "at_most", t.limit}, {"met", t.met()}});
  }
  return {{"group", r.group},     {"name", r.name},
          {"threads", r.threads}, {"value", r.value},
          {"unit", r.unit},       {"more_is_better", r.more_is_better},
          {"spread", r.spread},   {"contenders", contenders},
          {"targets", targets},   {"verdict", r.targets.empty() ? Json(nullptr) : Json(r.verdict())}};
}

Result from_json(const Json& j) {
  Result r{j.at("group"),         j.at("name"), j.value("threads", 1),
           j.at("value"),         j.at("unit"), j.value("more_is_better", false),
           j.value("spread", 0.0)};
  for (const Json& o : j.value("contenders", Json::array())) {
    r.others.push_back({o.at("name"), role_of(o.at("role")), o.at("value"), o.at("ratio")});
  }
  for (const Json& t : j.value("targets", Json::array())) {
    const bool at_least = t.contains("at_least");
    r.targets.push_back({t.at("what"), t.at("value"), t.at(at_least ? "at_least" : "at_most"), at_least});
  }
  return r;
}

}  // namespace

void write_json(const std::string& file, const std::string& machine, const std::vector<Result>& results) {
  Json rows = Json::array();
  for (const Result& r : results) rows.push_back(to_json(r));
  std::ofstream out(file);
  out << Json{{"machine", machine}, {"results", rows}}.dump(1) << '\n';
  if (!out.good()) throw std::runtime_error(fmt::format("cannot write {}", file));
}

std::vector<Result> read_json(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error(fmt::format("cannot read {}", file));
  std::vector<Result> results;
  try {
    const Json all = Json::parse(in);
    for (const Json& row : all.at("results")) results.push_back(from_json(row));
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(fmt::format("{} is not a result of this benchmark: {}", file, error.what()));
  }
  return results;
}

}  // namespace bench
