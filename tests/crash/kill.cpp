// Kills a process that writes checkpoints, 200 times at random moments, and looks at what it leaves: the old checkpoint
// or the new one, whole, and never an older one than has been reported as written.
// usage: xtape_kill FOLDER        (the test)
//        xtape_kill FOLDER write  (what it kills)
#include <fmt/core.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xtape/xtape.hpp>

namespace xp = xtape;
namespace fs = std::filesystem;

extern char** environ;

namespace {

/// A model of half a megabyte, all of whose weights are the number of the step.
struct Training {
  xp::Sequential model{xp::Input({256}), xp::layers::Dense(256), xp::layers::Dense(256)};
  xp::optimizers::SGD optimizer{{.momentum = 0.5}};
  xp::Variable step{xp::zeros({}, xp::int64), {.trainable = false}};
  xp::Checkpoint checkpoint{model, optimizer};

  Training() {
    optimizer.build(model.trainable_variables());
    checkpoint.add("step", step);
  }
  void set(std::int64_t number) {
    step.assign(xp::cast(xp::Tensor(number), xp::int64));
    for (auto variable : model.variables()) variable.assign(xp::full(variable.shape(), static_cast<float>(number)));
  }
  /// The number of the step; -1 when the weights are not all of it.
  std::int64_t consistent_step() const {
    const auto number = step.peek().item<std::int64_t>();
    for (const auto& variable : model.variables()) {
      for (const float value : variable.peek().to_vector<float>()) {
        if (value != static_cast<float>(number)) return -1;
      }
    }
    return number;
  }
};

/// Goes on from the checkpoint for ever, and says on standard output which steps are saved.
int write(const std::string& path) {
  Training training;
  (void)training.checkpoint.restore(path);
  for (auto number = training.step.peek().item<std::int64_t>() + 1;; ++number) {
    training.set(number);
    training.checkpoint.save(path);
    const auto told = ::write(STDOUT_FILENO, &number, sizeof number);
    if (told != sizeof number) return 1;
  }
}

/// Starts a writer, kills it after a while; the last step that it has reported, 0 if none.
std::int64_t kill_after(std::chrono::microseconds time, const char* self, const std::string& folder) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = self, argument = folder, mode = "write";
  char* arguments[] = {program.data(), argument.data(), mode.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, self, &actions, nullptr, arguments, environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::int64_t last = 0, number = 0;
  // The time counts from the first save on, so that every kill falls into the writing of a file.
  if (read(ends[0], &number, sizeof number) == sizeof number) last = number;
  std::this_thread::sleep_for(time);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  while (read(ends[0], &number, sizeof number) == sizeof number) last = number;
  close(ends[0]);
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string folder = argv[1];
  const std::string path = (fs::path(folder) / "training.safetensors").string();
  if (argc > 2) return write(path);

  fs::remove_all(folder);
  fs::create_directories(folder);
  const char* fewer = std::getenv("XTAPE_KILLS");
  const int kills = fewer != nullptr ? std::atoi(fewer) : 200;
  std::mt19937 generator(17);
  std::uniform_int_distribution<int> microseconds(0, 8000);
  int between = 0;
  std::int64_t step = 0;
  for (int i = 0; i < kills; ++i) {
    const auto reported = kill_after(std::chrono::microseconds(microseconds(generator)), argv[0], folder);
    Training training;
    if (!training.checkpoint.restore(path)) {
      fmt::print("kill {}: there is no checkpoint\n", i);
      return 1;
    }
    const auto found = training.consistent_step();
    if (found < reported || found > reported + 1 || found <= step) {
      fmt::print("kill {}: step {} was reported as saved, the file holds {}\n", i, reported, found);
      return 1;
    }
    step = found;
    int left = 0;  // what the killed writer has left: those before it were removed by its first save
    for (const auto& entry : fs::directory_iterator(folder)) left += entry.path().string() != path;
    if (left > 1) {
      fmt::print("kill {}: {} temporary files\n", i, left);
      return 1;
    }
    between += left;
  }
  {
    Training training;
    (void)training.checkpoint.restore(path);
    training.checkpoint.save(path);
  }
  if (std::distance(fs::directory_iterator(folder), fs::directory_iterator()) != 1) {
    fmt::print("a temporary file is left after the last save\n");
    return 1;
  }
  fmt::print("{} kills, {} of them while a file was written: {} steps, none lost\n", kills, between, step);
  fs::remove_all(folder);
  return between > 0 ? 0 : 1;
}
