#include "io/input_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/check.hpp"

namespace xtape::detail {
namespace {

constexpr std::size_t input_bytes = 1u << 18;
constexpr std::uint64_t max_deflate_gain = 1032;  // 258 bytes from 2 bits at the best (zlib's technical notes)
constexpr int gzip_only = 15 + 16;                // inflateInit2: the largest window, a gzip header

bool is_gzip(const unsigned char* first_two) { return first_two[0] == 0x1f && first_two[1] == 0x8b; }

}  // namespace

InputFile::InputFile(const char* op, std::string path, Gzip gzip) : op_(op), path_(std::move(path)) {
  file_ = open_regular_file(op_, path_, file_bytes_);

  input_ = std::make_unique<unsigned char[]>(input_bytes);
  compressed_ = fill() >= 2 && gzip != Gzip::raw && is_gzip(input_.get());
  if (!compressed_) return;
  limit_ = inflation_limit(file_bytes_, gzip == Gzip::text);
  if (inflateInit2(&stream_, gzip_only) != Z_OK) fail<DataError>(op_, "{}: zlib failed", path_);
}

InputFile::~InputFile() {
  if (compressed_) inflateEnd(&stream_);
}

std::uint64_t InputFile::max_bytes() const {
  std::uint64_t bytes = file_bytes_;
  if (compressed_ && __builtin_mul_overflow(file_bytes_, max_deflate_gain, &bytes)) {
    bytes = std::numeric_limits<std::uint64_t>::max();
  }
  return bytes;
}

// Moves the input that is not used yet to the front, reads more after it, and returns how many bytes came.
std::size_t InputFile::fill() {
  if (stream_.avail_in > 0) std::memmove(input_.get(), stream_.next_in, stream_.avail_in);
  const std::size_t n = std::fread(input_.get() + stream_.avail_in, 1, input_bytes - stream_.avail_in, file_.get());
  if (std::ferror(file_.get())) fail<DataError>(op_, "{}: cannot be read: {}", path_, std::strerror(errno));
  stream_.next_in = input_.get();
  stream_.avail_in += static_cast<unsigned>(n);
  return n;
}

std::size_t InputFile::read(void* to, std::size_t bytes) {
  auto* out = static_cast<unsigned char*>(to);
  std::size_t done = 0;
  while (done < bytes && !ended_) {
    if (compressed_) {
      done += inflate_to(out + done, bytes - done);
      continue;
    }
    if (stream_.avail_in == 0 && bytes - done >= input_bytes) {  // large reads need no buffer
      const std::size_t n = std::fread(out + done, 1, bytes - done, file_.get());
      if (std::ferror(file_.get())) fail<DataError>(op_, "{}: cannot be read: {}", path_, std::strerror(errno));
      done += n;
      break;
    }
    if (stream_.avail_in == 0 && fill() == 0) break;
    const std::size_t n = std::min<std::size_t>(bytes - done, stream_.avail_in);
    std::memcpy(out + done, stream_.next_in, n);
    stream_.next_in += n;
    stream_.avail_in -= static_cast<unsigned>(n);
    done += n;
  }
  return done;
}

std::size_t InputFile::inflate_to(unsigned char* to, std::size_t bytes) {
  if (stream_.avail_in == 0 && fill() == 0) {
    fail<DataError>(op_, "{}: expected the rest of the gzip data, received the end of the file after {} bytes", path_,
                    file_bytes_);
  }
  const auto room = static_cast<unsigned>(std::min<std::size_t>(bytes, 1u << 30));
  stream_.next_out = to;
  stream_.avail_out = room;
  const int status = inflate(&stream_, Z_NO_FLUSH);
  if (status == Z_STREAM_END) {
    next_member();
  } else if (status != Z_OK) {
    fail_inflate(status);
  }
  inflated_ += room - stream_.avail_out;
  check_inflation(op_, path_, inflated_, limit_);
  return room - stream_.avail_out;
}

// A gzip file may consist of several compressed members, and nothing else may follow them.
void InputFile::next_member() {
  if (stream_.avail_in < 2) fill();
  if (stream_.avail_in == 0) {
    ended_ = true;
  } else if (stream_.avail_in >= 2 && is_gzip(stream_.next_in)) {
    inflateReset(&stream_);
  } else {
    fail<DataError>(op_, "{}: expected the end of the file after the gzip data, received more bytes", path_);
  }
}

void InputFile::fail_inflate(int status) const {
  const char* reason = stream_.msg != nullptr ? stream_.msg : zError(status);
  fail<DataError>(op_, "{}: damaged gzip data: {}", path_, reason);
}

std::string read_all(InputFile& file) {
  std::string text;
  std::size_t n = 0;
  if (!file.compressed()) text.reserve(static_cast<std::size_t>(file.file_bytes()) + input_bytes);
  do {
    const std::size_t before = text.size();
    text.resize(before + input_bytes);
    n = file.read(text.data() + before, input_bytes);
    text.resize(before + n);
  } while (n > 0);
  return text;
}

}  // namespace xtape::detail
