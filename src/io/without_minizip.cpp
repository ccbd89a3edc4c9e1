#include "base/without.hpp"
#include "io/zip_reader.hpp"
#include "io/zip_writer.hpp"

namespace xtape::detail {
namespace {

[[noreturn]] void fail_without_minizip(const char* op) {
  fail_without(op, "minizip", "XTAPE_MINIZIP", "libminizip-dev");
}

}  // namespace

ZipReader::ZipReader(const char* op, const std::string&) { fail_without_minizip(op); }
ZipReader::~ZipReader() = default;
std::unique_ptr<ByteSource> ZipReader::open(const Member&) { fail_without_minizip(op_); }
const ZipReader::Member* ZipReader::find(const std::string&) const { fail_without_minizip(op_); }
std::shared_ptr<const FileBytes> ZipReader::bytes(const Member&) { fail_without_minizip(op_); }

// The file that was there stays: nothing has been written when this throws.
ZipWriter::ZipWriter(const char* op, const std::string& path) : file_(op, path) { fail_without_minizip(op); }
ZipWriter::~ZipWriter() = default;
void ZipWriter::add(const std::string&, std::string_view, std::string_view, bool) { fail_without_minizip(op_); }
void ZipWriter::commit() { fail_without_minizip(op_); }

}  // namespace xtape::detail
