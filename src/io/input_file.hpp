#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "base/check.hpp"
#include "base/files.hpp"
#include "io/byte_source.hpp"

namespace xtape::detail {

/// Reads a file, decompressed if it is gzip. Throws DataErrors "[op] path: ...".
class InputFile final : public ByteSource {
 public:
  /// What to do with a file that begins like gzip: decompress it, within the limit for other data or for text, or, for
  /// formats that may begin with these two bytes themselves, read it raw.
  enum class Gzip { decompress, text, raw };

  InputFile(const char* op, std::string path, Gzip gzip = Gzip::decompress);
  InputFile(const InputFile&) = delete;
  ~InputFile() override;

  /// Reads up to `bytes` bytes and returns how many there were, fewer only at the end. The end of gzip data has passed
  /// its checksum.
  std::size_t read(void* to, std::size_t bytes) override;

  const char* op() const override { return op_; }
  const std::string& path() const override { return path_; }
  bool compressed() const { return compressed_; }
  /// The size of the file on the disk.
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// An upper bound of the contents' size: the size of the file, or for gzip the most that it can expand to.
  std::uint64_t max_bytes() const override;
  InflationLimit limit() const override { return limit_; }

 private:
  std::size_t fill();
  std::size_t inflate_to(unsigned char* to, std::size_t bytes);
  void next_member();
  [[noreturn]] void fail_inflate(int status) const;

  const char* op_;
  std::string path_;
  FilePtr file_;
  std::uint64_t file_bytes_ = 0, inflated_ = 0;
  InflationLimit limit_;
  bool compressed_ = false;
  bool ended_ = false;
  z_stream stream_ = {};
  std::unique_ptr<unsigned char[]> input_;
};

/// The rest of a file.
std::string read_all(InputFile& file);

/// Returns read(). If memory runs out in it, throws a DataError that names the file.
template <class F>
auto reading(const char* op, const std::string& path, const F& read) {
  try {
    return read();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail<DataError>(op, "{}: no memory for what it holds", path);
  } catch (const std::length_error&) {
    fail<DataError>(op, "{}: no memory for what it holds", path);
  }
}

}  // namespace xtape::detail
