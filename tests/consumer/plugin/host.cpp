// A program that knows nothing of xtape loads two plugins with xtape inside, each for itself, trains a step in both,
// and loads the shared library beside them. usage: xtape_host PLUGIN PLUGIN LIBRARY
#include <cstdio>
#include <thread>

#include <dlfcn.h>

namespace {

void* load(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) std::printf("%s\n", dlerror());
  return library;
}

template <class F>
F* find(void* library, const char* name) {
  void* symbol = library == nullptr ? nullptr : dlsym(library, name);
  if (library != nullptr && symbol == nullptr) std::printf("%s\n", dlerror());
  return reinterpret_cast<F*>(symbol);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  bool good = true;
  for (int i = 1; i <= 2; ++i) {
    auto* const train_step = find<double()>(load(argv[i]), "train_step");
    if (train_step == nullptr) return 1;
    const auto train = [&](const char* where) {
      const double gain = train_step();
      std::printf("%s, %s: the loss falls by %g\n", argv[i], where, gain);
      good = good && gain > 0;
    };
    train("first thread");
    std::thread(train, "another thread").join();
  }
  auto* const num_threads = find<int()>(load(argv[3]), "_ZN5xtape11num_threadsEv");
  return num_threads != nullptr && num_threads() >= 1 && good ? 0 : 1;
}
