#include "io/zip_reader.hpp"

#include <minizip/unzip.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "io/input_file.hpp"

namespace xtape::detail {
namespace {

constexpr std::uint64_t max_deflate_gain = 1032;  // see input_file.cpp
constexpr uLong encrypted = 1;

/// The bytes of a member; its checksum has been passed when the end is reached.
class MemberSource final : public ByteSource {
 public:
  MemberSource(const char* op, std::string path, unzFile zip, std::uint64_t bytes)
      : op_(op), path_(std::move(path)), zip_(zip), bytes_(bytes) {
    if (unzOpenCurrentFile(zip_) != UNZ_OK) fail<DataError>(op_, "{}: damaged zip archive", path_);
    open_ = true;
  }
  ~MemberSource() override {
    if (open_) unzCloseCurrentFile(zip_);
  }
  MemberSource(const MemberSource&) = delete;
  MemberSource& operator=(const MemberSource&) = delete;

  std::size_t read(void* to, std::size_t bytes) override {
    std::size_t done = 0;
    while (done < bytes && open_) {
      const auto piece = static_cast<unsigned>(std::min<std::size_t>(bytes - done, 1u << 30));
      const int n = unzReadCurrentFile(zip_, static_cast<char*>(to) + done, piece);
      if (n < 0) fail<DataError>(op_, "{}: damaged zip archive: {}", path_, zError(n < -6 ? Z_DATA_ERROR : n));
      if (n == 0) finish();
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  const char* op() const override { return op_; }
  const std::string& path() const override { return path_; }
  std::uint64_t max_bytes() const override { return bytes_; }

 private:
  void finish() {
    open_ = false;
    if (unzCloseCurrentFile(zip_) != UNZ_OK) {
      fail<DataError>(op_, "{}: damaged zip archive: incorrect data check", path_);
    }
  }

  const char* op_;
  std::string path_;
  unzFile zip_;
  std::uint64_t bytes_;
  bool open_ = false;
};

}  // namespace

ZipReader::ZipReader(const char* op, const std::string& path) : op_(op), path_(path) {
  InputFile file(op, path, InputFile::Gzip::raw);
  const std::uint64_t file_bytes = file.file_bytes();
  std::array<char, 4> first{};
  // An archive without members is the end of its list alone, which minizip does not find there.
  if (file_bytes == 22 && file.read(first.data(), 4) == 4 && std::string_view(first.data(), 4) == "PK\5\6") return;
  check_end(*open_file_bytes(op, path));
  zip_ = unzOpen64(path.c_str());
  if (zip_ == nullptr) fail<DataError>(op_, "{}: expected a zip archive, which ends with a list of its members", path_);
  try {
    read_list(file_bytes);
  } catch (...) {
    unzClose(zip_);
    throw;
  }
}

// minizip takes the missing bytes of an end that was cut off for zeros.
void ZipReader::check_end(const FileBytes& file) const {
  constexpr std::size_t end = 22, longest_comment = 65535;
  std::string tail(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), end + longest_comment)), '\0');
  file.read_at(file.size() - tail.size(), tail.data(), tail.size());
  const auto at = tail.rfind("PK\5\6");
  if (at != std::string::npos && tail.size() - at < end) {
    fail<DataError>(op_, "{}: expected a zip archive, which ends with a list of its members: it is cut off", path_);
  }
}

void ZipReader::read_list(std::uint64_t file_bytes) {
  std::vector<Place> places;
  for (int status = unzGoToFirstFile(zip_); status != UNZ_END_OF_LIST_OF_FILE; status = unzGoToNextFile(zip_)) {
    if (status != UNZ_OK) fail<DataError>(op_, "{}: damaged zip archive: its list of members", path_);
    places.push_back(add_member(file_bytes));
  }
  check_places(std::move(places), file_bytes);
  const InflationLimit limit = inflation_limit(file_bytes, false);
  std::uint64_t bytes = 0;
  for (const auto& member : members_) {
    if (__builtin_add_overflow(bytes, member.bytes, &bytes)) bytes = std::numeric_limits<std::uint64_t>::max();
    check_inflation(op_, path_, bytes, limit);
  }
}

// Members must not share bytes of the file: otherwise a small archive could become any amount of data (a zip bomb).
void ZipReader::check_places(std::vector<Place> places, std::uint64_t file_bytes) const {
  std::ranges::sort(places, {}, &Place::begin);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& place = places[i];
    if (i > 0 && place.begin < places[i - 1].end) {
      fail<DataError>(op_, "{}: damaged zip archive: '{}' and '{}' share bytes of the file", path_,
                      members_[places[i - 1].member].name, members_[place.member].name);
    }
    if (place.end > file_bytes) {
      fail<DataError>(op_, "{}: damaged zip archive: '{}' goes on after the end of the file", path_,
                      members_[place.member].name);
    }
  }
}

ZipReader::~ZipReader() {
  if (zip_ != nullptr) unzClose(zip_);
}

ZipReader::Place ZipReader::add_member(std::uint64_t file_bytes) {
  unz_file_info64 info{};
  unz64_file_pos position{};
  bool good = unzGetCurrentFileInfo64(zip_, &info, nullptr, 0, nullptr, 0, nullptr, 0) == UNZ_OK;
  std::string name(std::min<std::size_t>(info.size_filename, 65535), '\0');
  good = good && unzGetCurrentFileInfo64(zip_, nullptr, name.data(), name.size(), nullptr, 0, nullptr, 0) == UNZ_OK &&
         unzGetFilePos64(zip_, &position) == UNZ_OK;
  if (!good) fail<DataError>(op_, "{}: damaged zip archive: its list of members", path_);
  if ((info.flag & encrypted) != 0) fail<DataError>(op_, "{}: '{}' is encrypted", path_, name);
  const bool stored = info.compression_method == 0;
  if (!stored && info.compression_method != Z_DEFLATED) {
    fail<DataError>(op_, "{}: '{}': expected stored or deflated data, received compression method {}", path_, name,
                    info.compression_method);
  }
  if (info.compressed_size > file_bytes ||
      (stored ? info.uncompressed_size != info.compressed_size
              : info.uncompressed_size / max_deflate_gain > info.compressed_size)) {
    fail<DataError>(op_, "{}: '{}': expected {} bytes: {} bytes in a file of {} cannot hold them", path_, name,
                    info.uncompressed_size, info.compressed_size, file_bytes);
  }
  // The place of the bytes is known once the member's own header has been read.
  if (unzOpenCurrentFile(zip_) != UNZ_OK) fail<DataError>(op_, "{}: '{}': damaged zip archive", path_, name);
  const std::uint64_t begin = unzGetCurrentFileZStreamPos64(zip_);
  unzCloseCurrentFile(zip_);
  members_.push_back(
      {std::move(name), info.uncompressed_size, position.pos_in_zip_directory, position.num_of_file, stored, begin});
  return {begin, begin + info.compressed_size, members_.size() - 1};
}

std::unique_ptr<ByteSource> ZipReader::open(const Member& member) {
  const unz64_file_pos position{member.directory_offset, member.number};
  const std::string where = fmt::format("{}: '{}'", path_, member.name);
  if (unzGoToFilePos64(zip_, &position) != UNZ_OK) fail<DataError>(op_, "{}: damaged zip archive", where);
  return std::make_unique<MemberSource>(op_, where, zip_, member.bytes);
}

const ZipReader::Member* ZipReader::find(const std::string& name) const {
  const auto found = std::ranges::find(members_, name, &Member::name);
  return found != members_.end() ? &*found : nullptr;
}

std::shared_ptr<const FileBytes> ZipReader::bytes(const Member& member) {
  std::string where = fmt::format("{}: '{}'", path_, member.name);
  if (member.stored) {
    if (!file_) file_ = open_file_bytes(op_, path_);
    return part_of(file_, std::move(where), member.begin, member.bytes);
  }
  return reading(op_, where, [&] {
    const auto source = open(member);
    std::string inflated(static_cast<std::size_t>(member.bytes), '\0');
    const std::size_t n = source->read(inflated.data(), inflated.size());
    char more = 0;
    if (n < inflated.size() || source->read(&more, 1) != 0) {  // the end compares the checksum
      fail<DataError>(op_, "{}: damaged zip archive: expected {} bytes", where, member.bytes);
    }
    return memory_bytes(op_, where, std::move(inflated));
  });
}

}  // namespace xtape::detail
