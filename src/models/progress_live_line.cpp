#include <cstdlib>
#include <cstring>

#include "models/progress_text.hpp"
#include "xtape/models/progress.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace xtape::detail {

bool is_terminal([[maybe_unused]] std::FILE* file) {
#if defined(__unix__) || defined(__APPLE__)
  const char* kind = std::getenv("TERM");
  return isatty(fileno(file)) == 1 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
#else
  return false;
#endif
}

std::size_t columns_of([[maybe_unused]] std::FILE* file) {
  std::size_t columns = 80;
#if defined(__unix__) || defined(__APPLE__)
  winsize size{};
  if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) columns = size.ws_col;
#endif
  return columns - 1;
}

void LiveLine::show(std::string& text, bool last) {
  if (live_) {
    if (!last) cut(text, columns_of(file_));
    const std::size_t width = columns(text);
    if (width < width_) text.append(width_ - width, ' ');  // overwrites the rest of a longer line
    width_ = width;
    std::fputc('\r', file_);
  }
  std::fwrite(text.data(), 1, text.size(), file_);
  open_ = true;
  if (!live_) finish();
  std::fflush(file_);
}

void LiveLine::finish() {
  if (!open_) return;
  open_ = false;
  width_ = 0;
  std::fputc('\n', file_);
  std::fflush(file_);
}

}  // namespace xtape::detail
