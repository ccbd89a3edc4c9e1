// Makes a test of a fuzz target, with any compiler: the files of a corpus and the target's good inputs, each whole, cut
// off and damaged, the same ones in each run.
// usage: fuzz_TARGET [FOLDER]          (XTAPE_FUZZ_RUNS: how many damaged inputs, by default 3000)
//        fuzz_TARGET FILE              (that input only)
//        fuzz_TARGET --seeds FOLDER    (writes the good inputs there, for libFuzzer)
#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <fcntl.h>

#include "fuzz/fuzz.hpp"

namespace fs = std::filesystem;
namespace fuzzing = xtape::fuzzing;

extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

std::string current;  // the input that is running
constexpr const char* saved_as = "crash-input";

void save_current() {
  const int file = open(saved_as, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || write(file, current.data(), current.size()) != static_cast<ssize_t>(current.size())) return;
  close(file);
  constexpr std::string_view text = "fuzz: the input is in crash-input\n";
  static_cast<void>(!write(STDERR_FILENO, text.data(), text.size()));
}

void on_signal(int signal) {
  save_current();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  constexpr unsigned seconds = 60;  // far more than any input takes; nothing may hang
  current = std::move(input);
  alarm(seconds);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  alarm(0);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One to four small accidents.
std::string damaged(std::string bytes, const std::vector<std::string>& others, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % std::max<std::size_t>(n, 1)); };
  constexpr unsigned char telling[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '0', '9', '-', '{', '['};
  for (std::size_t left = 1 + below(4); left > 0; --left) {
    const std::size_t at = below(bytes.size());
    switch (below(7)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = static_cast<char>(telling[below(std::size(telling))]);
        break;
      case 2:
        bytes.erase(at, 1 + below(8));
        break;
      case 3:
        bytes.insert(at, 1 + below(8), static_cast<char>(telling[below(std::size(telling))]));
        break;
      case 4: {  // a number of up to eight bytes
        const std::uint64_t number = std::uint64_t{1} << below(64);
        const std::uint64_t value = below(2) == 0 ? number : number - 1;
        for (std::size_t i = 0; i < std::size_t{1} << below(4) && at + i < bytes.size(); ++i) {
          bytes[at + i] = static_cast<char>(value >> (8 * i));
        }
        break;
      }
      case 5:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
        break;
      default: {
        const std::string& other = others[below(others.size())];
        bytes = bytes.substr(0, at) + other.substr(std::min(other.size(), at));
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs = fuzzing::seeds();
  if (argc > 2 && std::string_view(argv[1]) == "--seeds") {
    fs::create_directories(argv[2]);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      std::ofstream(fs::path(argv[2]) / ("seed-" + std::to_string(i)), std::ios::binary) << inputs[i];
    }
    return 0;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM}) std::signal(signal, on_signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(save_current);
  if (argc > 1 && fs::is_regular_file(argv[1])) {
    run(bytes_of(argv[1]));
    return 0;
  }
  if (argc > 1 && fs::is_directory(argv[1])) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(argv[1])) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) inputs.push_back(bytes_of(path));
  }
  std::size_t runs = 0;
  for (const auto& input : inputs) {
    run(input), ++runs;
    const std::size_t step = std::max<std::size_t>(input.size() / 64, 1);
    for (std::size_t size = 0; size < input.size(); size += step) run(input.substr(0, size)), ++runs;
  }
  const char* asked = std::getenv("XTAPE_FUZZ_RUNS");
  const long more = asked != nullptr ? std::atol(asked) : 3000;
  std::mt19937_64 random(7);
  for (long i = 0; i < more; ++i, ++runs) run(damaged(inputs[random() % inputs.size()], inputs, random));
  std::printf("%zu inputs\n", runs);
  return 0;
}
