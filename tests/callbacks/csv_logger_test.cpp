#include "xtape/callbacks/csv_logger.hpp"

#include <fstream>
#include <iterator>
#include <limits>

#include "callbacks/tiny_model.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"

namespace xtape {
namespace {

using callbacks::CSVLogger;
using testing::TempDir;
using testing::tiny_model;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_CASE("CSVLogger: the epoch, then the names in order; a line is there after its epoch") {
  const TempDir dir;
  const std::string path = dir / "log.csv";
  CSVLogger logger(path);
  logger.on_train_begin();
  CHECK(contents(path).empty());
  logger.on_epoch_end(0, {{"loss", 0.1}, {"val_loss", 1}, {"accuracy", 1e-5}, {"val_accuracy", 0.25}});
  const std::string first = "epoch,accuracy,loss,val_accuracy,val_loss\n0,1e-05,0.1,0.25,1.0\n";
  CHECK(contents(path) == first);
  logger.on_epoch_end(1, {{"loss", std::numeric_limits<double>::quiet_NaN()}, {"new", 7}, {"accuracy", 1e20}});
  const std::string both = first + "1,1e+20,nan,NA,NA\n";
  CHECK(contents(path) == both);
  logger.on_train_end({});
  CHECK_THROWS_TEXT(RuntimeError, "log.csv is not open: no training has begun", logger.on_epoch_end(2, {}));
  logger.on_train_begin();
  CHECK(contents(path).empty());
}

TEST_CASE("CSVLogger: a first epoch without a validation leaves columns for it") {
  const TempDir dir;
  const std::string path = dir / "log.tsv";
  CSVLogger logger(path, {.separator = "\t"});
  logger.on_train_begin();
  logger.on_epoch_end(0, {{"loss", 2.5}});
  logger.on_epoch_end(1, {{"loss", 1.5}, {"val_loss", 3.0}});
  CHECK(contents(path) == "epoch\tloss\tval_loss\n0\t2.5\tNA\n1\t1.5\t3.0\n");
}

TEST_CASE("CSVLogger: names that would be misread stand in quotes") {
  const TempDir dir;
  const std::string path = dir / "log.csv";
  CSVLogger logger(path);
  logger.on_train_begin();
  logger.on_epoch_end(0, {{"a,b", 1}, {"say \"x\"", 2}, {"val_a", 3}});
  CHECK(contents(path) == "epoch,\"a,b\",\"say \"\"x\"\"\",val_a\n0,1.0,2.0,3.0\n");
}

TEST_CASE("CSVLogger: append in fit, without a second header") {
  const TempDir dir;
  const std::string path = dir / "log.csv";
  auto model = tiny_model();
  model.optimizer().set_learning_rate(0);
  const Tensor x = ones({2, 1}), y = zeros({2, 1});
  CSVLogger logger(path, {.append = true});
  const auto fit = [&] {
    model.fit(x, y, {.epochs = 2, .verbose = 0, .callbacks = {&logger}, .validation_data = {x, y}});
  };
  fit();
  fit();
  CHECK(contents(path) == "epoch,loss,val_loss\n0,1.0,1.0\n1,1.0,1.0\n0,1.0,1.0\n1,1.0,1.0\n");
}

TEST_CASE("CSVLogger: append after a kill begins a new line") {
  const TempDir dir;
  const auto appended_to = [&](const std::string& before) {
    const std::string path = dir.write("log.csv", before);
    CSVLogger logger(path, {.append = true});
    logger.on_train_begin();
    logger.on_epoch_end(2, {{"loss", 0.5}, {"val_loss", 1}});
    return contents(path);
  };
  const std::string header = "epoch,loss,val_loss\n";
  CHECK(appended_to(header + "0,1.0,1.0\n1,0.7") == header + "0,1.0,1.0\n1,0.7\n2,0.5,1.0\n");
  CHECK(appended_to(header + "0,1.0,1.0\n") == header + "0,1.0,1.0\n2,0.5,1.0\n");
  CHECK(appended_to("epoch,lo") == "epoch,lo\n2,0.5,1.0\n");
  CHECK(appended_to("") == header + "2,0.5,1.0\n");
}

TEST_CASE("CSVLogger: errors") {
  const TempDir dir;
  CHECK_THROWS_TEXT(ValueError, "[CSVLogger] expected a separator of one character", CSVLogger("x", {.separator = ""}));
  CHECK_THROWS_TEXT(ValueError, "received \"; \"", CSVLogger("x", {.separator = "; "}));
  CHECK_THROWS_TEXT(ValueError, "no quote", CSVLogger("x", {.separator = "\""}));
  CSVLogger nowhere(dir / "none/log.csv");
  CHECK_THROWS_TEXT(DataError, "none/log.csv: cannot be opened: No such file or directory", nowhere.on_train_begin());
  CSVLogger full("/dev/full");
  full.on_train_begin();
  CHECK_THROWS_TEXT(DataError, "[CSVLogger] /dev/full: cannot be written: No space left on device",
                    full.on_epoch_end(0, {{"loss", 1}}));
}

}  // namespace
}  // namespace xtape
