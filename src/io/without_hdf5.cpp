#include "base/without.hpp"
#include "io/hdf5.hpp"

namespace xtape::detail {
namespace {

[[noreturn]] void fail_without_hdf5(const char* op) { fail_without(op, "libhdf5", "XTAPE_HDF5", "libhdf5-dev"); }

}  // namespace

struct Hdf5Reader::File {};
struct Hdf5Writer::File {};

// Nothing has been opened or written when the constructors throw, so nothing else is ever called.
Hdf5Reader::Hdf5Reader(const char* op, const std::string&) { fail_without_hdf5(op); }
Hdf5Reader::Hdf5Reader(const char* op, std::shared_ptr<const FileBytes>) { fail_without_hdf5(op); }
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader::~Hdf5Reader() = default;
const std::string& Hdf5Reader::path() const { fail_without_hdf5("Hdf5Reader"); }
bool Hdf5Reader::exists(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
bool Hdf5Reader::is_group(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
bool Hdf5Reader::is_dataset(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
std::vector<Hdf5Reader::Child> Hdf5Reader::children(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
std::vector<std::string> Hdf5Reader::datasets_below(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
Hdf5Reader::Spec Hdf5Reader::spec(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
Tensor Hdf5Reader::read(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
std::vector<std::string> Hdf5Reader::attributes(const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
bool Hdf5Reader::has_attribute(const std::string&, const std::string&) const { fail_without_hdf5("Hdf5Reader"); }
std::optional<std::string> Hdf5Reader::text_attribute(const std::string&, const std::string&) const {
  fail_without_hdf5("Hdf5Reader");
}
std::optional<std::vector<std::string>> Hdf5Reader::text_list_attribute(const std::string&, const std::string&) const {
  fail_without_hdf5("Hdf5Reader");
}
std::optional<std::int64_t> Hdf5Reader::integer_attribute(const std::string&, const std::string&) const {
  fail_without_hdf5("Hdf5Reader");
}

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
