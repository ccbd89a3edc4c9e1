// HDF5 files, whose groups, datasets and attributes are all read.
#include "io/hdf5.hpp"
#include "fuzz/files.hpp"
#include "xtape/core/creation.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzzing::read_as_file(data, size, [](const std::string& path) {
    const detail::Hdf5Reader file("fuzz", path);
    const auto each = [](const auto& f) { fuzzing::only_errors(f); };
    const auto attributes = [&](const std::string& object) {
      each([&] {
        for (const auto& name : file.attributes(object)) {
          each([&] { (void)file.text_list_attribute(object, name); });
          each([&] { (void)file.integer_attribute(object, name); });
        }
      });
    };
    attributes("");
    each([&] {
      for (const auto& child : file.children("")) attributes(child.name);
    });
    for (const auto& dataset : file.datasets_below("")) {
      each([&] { (void)file.read(dataset); });
    }
  });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  {
    detail::Hdf5Writer file("fuzz");
    file.dataset("layers/dense/vars/0", ones({4, 3}));
    file.dataset("layers/dense/vars/1", zeros({3}));
    file.text_attribute("layers/dense/vars", "name", "dense");
    all.push_back(file.take());
  }
  {
    detail::Hdf5Writer file("fuzz");
    file.dataset("a", ones({2, 2}, float64));
    file.dataset("g/b", ones({3}, boolean));
    file.dataset("g/c", ones({3}, bfloat16));
    file.dataset("d", zeros({}, int64));
    file.text_list_attribute("g", "names", {"b", "c", ""});
    file.integer_attribute("", "n", 3);
    all.push_back(file.take());
  }
  return all;
}
