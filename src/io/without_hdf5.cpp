#include "base/without.hpp"
#include "io/hdf5_file.hpp"

namespace xtape::detail {
namespace {

[[noreturn]] void fail_without_hdf5(const char* op) { fail_without(op, "libhdf5", "XTAPE_HDF5", "libhdf5-dev"); }

}  // namespace

std::unique_ptr<Hdf5File> open_hdf5_by_library(std::shared_ptr<const FileBytes> bytes) {
  fail_without_hdf5(bytes->op());
}

struct Hdf5Writer::File {};

// Nothing has been written when the constructors throw, so nothing else is ever called.
Hdf5Writer::Hdf5Writer(const char* op, const std::string&) { fail_without_hdf5(op); }
Hdf5Writer::Hdf5Writer(const char* op) { fail_without_hdf5(op); }
Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;
Hdf5Writer::~Hdf5Writer() = default;
void Hdf5Writer::group(const std::string&) { fail_without_hdf5("Hdf5Writer"); }
void Hdf5Writer::dataset(const std::string&, const Tensor&) { fail_without_hdf5("Hdf5Writer"); }
void Hdf5Writer::text_attribute(const std::string&, const std::string&, const std::string&) {
  fail_without_hdf5("Hdf5Writer");
}
void Hdf5Writer::text_list_attribute(const std::string&, const std::string&, const std::vector<std::string>&) {
  fail_without_hdf5("Hdf5Writer");
}
void Hdf5Writer::integer_attribute(const std::string&, const std::string&, std::int64_t) {
  fail_without_hdf5("Hdf5Writer");
}
void Hdf5Writer::commit() { fail_without_hdf5("Hdf5Writer"); }
std::string Hdf5Writer::take() { fail_without_hdf5("Hdf5Writer"); }

}  // namespace xtape::detail
