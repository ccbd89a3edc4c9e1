#pragma once

#include <memory>
#include <new>

#include <pthread.h>

namespace xtape::detail {

/// An object of each thread, made by the thread's first call of get() and destroyed when the thread ends. It lies
/// outside of thread-local storage, of which a library that is loaded while the program runs can have about 1.5 KB
/// together with all others. get() is a function call, so this is for what not every op reads. A PerThread is never
/// destroyed: threads may outlive static objects.
template <class T>
class PerThread {
 public:
  PerThread() {
    const auto destroy = [](void* object) { delete static_cast<T*>(object); };
    if (pthread_key_create(&key_, destroy) != 0) throw std::bad_alloc();
  }
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;
  ~PerThread() = delete;

  /// Throws a std::bad_alloc where there is no memory for the object.
  T& get() {
    if (void* const object = pthread_getspecific(key_)) return *static_cast<T*>(object);
    auto made = std::make_unique<T>();
    if (pthread_setspecific(key_, made.get()) != 0) throw std::bad_alloc();
    return *made.release();
  }

 private:
  pthread_key_t key_;
};

}  // namespace xtape::detail
