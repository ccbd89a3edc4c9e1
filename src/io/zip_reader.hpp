#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/byte_source.hpp"
#include "io/file_bytes.hpp"

namespace xtape::detail {

/// The members of a zip archive, stored or deflated, zip64 included. Members that share bytes are refused, and those
/// that become more than io::Limits::inflated_bytes together. Throws DataErrors "[op] path: ...".
class ZipReader {
 public:
  struct Member {
    std::string name;
    std::uint64_t bytes = 0;  ///< when decompressed
    std::uint64_t directory_offset = 0, number = 0;
    bool stored = false;      ///< as it is, not compressed
    std::uint64_t begin = 0;  ///< of its bytes in the file
  };

  ZipReader(const char* op, const std::string& path);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  const std::string& path() const { return path_; }
  const std::vector<Member>& members() const { return members_; }
  /// The contents of a member, whose checksum is compared at the end. One at a time can be open.
  std::unique_ptr<ByteSource> open(const Member& member);
  /// The member of this name, null if there is none.
  const Member* find(const std::string& name) const;
  /// A member for reading at any position: a stored one from the file, where it is, without its checksum; a compressed
  /// one from memory. They may outlive this object.
  std::shared_ptr<const FileBytes> bytes(const Member& member);

 private:
  /// The position of a member's bytes in the file.
  struct Place {
    std::uint64_t begin, end;
    std::size_t member;
  };

  void check_end(const FileBytes& file) const;
  void read_list(std::uint64_t file_bytes);
  Place add_member(std::uint64_t file_bytes);
  void check_places(std::vector<Place> places, std::uint64_t file_bytes) const;

  const char* op_;
  std::string path_;
  void* zip_ = nullptr;
  std::vector<Member> members_;
  std::shared_ptr<const FileBytes> file_;  ///< opened by bytes()
};

}  // namespace xtape::detail
