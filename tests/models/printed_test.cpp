#include <sstream>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/models/history.hpp"
#include "xtape/models/logs.hpp"

using namespace xtape;

TEST_CASE("format: logs and the values of a history") {
  const Logs logs{{"loss", 0.5}, {"accuracy", 0.123456}};
  CHECK(fmt::format("{}", logs) == "{'loss': 0.5, 'accuracy': 0.123456}");
  CHECK(fmt::format("{:.2f}", logs) == "{'loss': 0.50, 'accuracy': 0.12}");
  CHECK(fmt::format("{}", Logs()) == "{}");
  CHECK_THROWS_TEXT(ValueError, "[format] '.2d' does not suit numbers", fmt::format("{:.2d}", logs));
  History history;
  history.on_epoch_end(0, logs);
  history.on_epoch_end(1, Logs{{"loss", 0.25}});
  CHECK(fmt::format("{}", history["loss"]) == "[0.5, 0.25]");
  CHECK(fmt::format("{:.1f}", history["loss"]) == "[0.5, 0.2]");
  std::ostringstream stream;
  stream << logs << history["loss"];
  CHECK(stream.str() == "{'loss': 0.5, 'accuracy': 0.123456}[0.5, 0.25]");
  const std::vector<double>& plain = history["loss"];
  CHECK(plain.back() == 0.25);
}
