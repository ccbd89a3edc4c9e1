#include "xtape/io/summary_writer.hpp"

#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>
#include <regex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "io/crc32c.hpp"
#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

std::uint64_t little_endian(const std::string& bytes, std::size_t at, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = n; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// The events of a file, its checksums compared: crc = unmasked, as TensorFlow's crc32c::Unmask has it.
std::vector<std::string> read_events(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto crc_at = [&](std::size_t at) {
    const auto rotated = static_cast<std::uint32_t>(little_endian(bytes, at, 4) - 0xa282ead8u);
    return (rotated >> 17) | (rotated << 15);
  };
  std::vector<std::string> events;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = static_cast<std::size_t>(little_endian(bytes, at, 8));
    CHECK(crc_at(at + 8) == detail::crc32c(bytes.substr(at, 8)));
    events.push_back(bytes.substr(at + 12, size));
    REQUIRE(events.back().size() == size);
    CHECK(crc_at(at + 12 + size) == detail::crc32c(events.back()));
    at += 16 + size;
  }
  return events;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

double wall_time(const std::string& event) {
  double time = 0;
  std::memcpy(&time, event.data() + 1, sizeof time);  // after the tag of field 1
  return time;
}

}  // namespace

TEST_CASE("summary::FileWriter: a file with TensorFlow's name in a folder that it creates") {
  const TempDir dir;
  const auto now = [] { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()); };
  const double before = now().count();
  auto writer = summary::create_file_writer(dir / "logs/train");
  const auto path = std::filesystem::path(writer.path());
  CHECK(path.parent_path() == dir / "logs/train");
  const std::string pid = std::to_string(getpid());
  CHECK(std::regex_match(path.filename().string(),
                         std::regex("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\." + pid + "\\.[0-9]+\\.v2")));
  // The version is there at once, and says when.
  const auto events = read_events(path);
  REQUIRE(events.size() == 1);
  CHECK(contains(events[0], "\x1a\rbrain.Event:2"));
  CHECK(wall_time(events[0]) >= before);
  CHECK(wall_time(events[0]) <= now().count());
  // A second writer has a file of its own.
  const auto other = summary::create_file_writer(dir / "logs/train", {.filename_suffix = ".x"});
  CHECK(other.path() != writer.path());
  CHECK(other.path().ends_with(".x"));
}

TEST_CASE("summary::FileWriter: events in their order, each as it was given") {
  const TempDir dir;
  auto writer = summary::create_file_writer(dir.str());
  writer.scalar("loss", 0.5, 1);
  writer.scalar("loss", constant({{0.25}}, float64), 2);
  writer.histogram("kernel", constant({1, 2, 3}), 2);
  writer.image("input", zeros({5, 4, 4, 1}), 2);
  writer.text("note", "*text*", 3);
  writer.graph({{"x", "Placeholder"}});
  writer.close();
  const auto events = read_events(writer.path());
  REQUIRE(events.size() == 7);
  const std::string plugins[] = {"", "scalars", "scalars", "histograms", "images", "text", ""};
  for (std::size_t i = 1; i < 6; ++i) CHECK(contains(events[i], plugins[i]));
  CHECK(contains(events[1], std::string("\x22\x04\0\0\0\x3f", 6)));    // tensor_content: 0.5
  CHECK(contains(events[2], std::string("\x22\x04\0\0\x80\x3e", 6)));  // 0.25
  CHECK(contains(events[3], std::string("\x08\x1e", 2)));              // 30 buckets
  CHECK(contains(events[4], std::string("\x12\x02\x08\x05", 4)));      // 2 sizes and 3 of 5 images
  CHECK(contains(events[6], "Placeholder"));
}

TEST_CASE("summary::FileWriter: what waits, and what writes it") {
  const TempDir dir;
  auto writer = summary::create_file_writer(dir.str(), {.max_queue = 3});
  const auto written = [&] { return read_events(writer.path()).size(); };
  for (int i = 0; i < 3; ++i) writer.scalar("a", i, i);
  CHECK(written() == 1);
  writer.scalar("a", 3, 3);  // more than the queue holds
  CHECK(written() == 5);
  writer.scalar("a", 4, 4);
  CHECK(written() == 5);
  writer.flush();
  CHECK(written() == 6);
  auto impatient = summary::create_file_writer(dir.str(), {.max_queue = 100, .flush_millis = 0});
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  impatient.scalar("a", 1, 1);
  CHECK(read_events(impatient.path()).size() == 2);
  // The end of its life writes the rest.
  std::string path;
  {
    auto last = summary::create_file_writer(dir.str());
    last.scalar("a", 1, 1);
    path = last.path();
  }
  CHECK(read_events(path).size() == 2);
}

TEST_CASE("summary::FileWriter: several threads, whole events") {
  const TempDir dir;
  auto writer = summary::create_file_writer(dir.str(), {.max_queue = 100});
  std::latch all_there(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      all_there.arrive_and_wait();
      for (int i = 0; i < 1000; ++i) writer.scalar("thread_" + std::to_string(t), i, i);
    });
  }
  for (auto& thread : threads) thread.join();
  writer.close();
  CHECK(read_events(writer.path()).size() == 4001);
}

TEST_CASE("summary::FileWriter: errors leave the file as it was") {
  const TempDir dir;
  CHECK_THROWS_TEXT(ValueError, "[create_file_writer] expected max_queue >= 0, received -1",
                    summary::create_file_writer(dir.str(), {.max_queue = -1}));
  CHECK_THROWS_TEXT(ValueError, "[create_file_writer] expected flush_millis >= 0, received -1",
                    summary::create_file_writer(dir.str(), {.flush_millis = -1}));
  const std::string file = dir.write("file", "x");
  CHECK_THROWS_TEXT(DataError, "[create_file_writer] " + file, summary::create_file_writer(file));
  CHECK_THROWS_TEXT(DataError, "cannot be opened",
                    summary::create_file_writer(dir.str(), {.filename_suffix = "/none/x"}));

  auto writer = summary::create_file_writer(dir.str());
  CHECK_THROWS_TEXT(ValueError, "[FileWriter.scalar] expected one element, received shape (2,)",
                    writer.scalar("a", zeros({2}), 1));
  CHECK_THROWS_TEXT(ValueError, "a tag, received an empty string", writer.text("", "text", 1));
  writer.flush();
  CHECK(read_events(writer.path()).size() == 1);

  writer.close();
  writer.close();
  CHECK_THROWS_TEXT(RuntimeError, "[FileWriter.scalar] the writer of " + writer.path() + " is already closed",
                    writer.scalar("a", 1, 1));
  CHECK_THROWS_TEXT(RuntimeError, "[FileWriter.flush] the writer of", writer.flush());
  auto moved = std::move(writer);
  CHECK_THROWS_TEXT(RuntimeError, "[FileWriter] the writer was moved from", writer.flush());
}
