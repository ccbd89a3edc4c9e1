#pragma once

namespace xtape::testing {

/// Whether ThreadSanitizer is active. It uses extra memory for all memory that is accessed, and stops a child of fork()
/// that starts threads.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool thread_sanitizer = true;
#else
inline constexpr bool thread_sanitizer = false;
#endif
#else
inline constexpr bool thread_sanitizer = false;
#endif

}  // namespace xtape::testing
