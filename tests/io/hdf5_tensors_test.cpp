// Tensors in HDF5 files; what files may hold is tested in hdf5_test.cpp.
#include "support/check.hpp"
#include "support/source_dir.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/io/hdf5.hpp"

namespace xtape {
namespace {

TEST_CASE("save_hdf5, load_hdf5: tensors of all dtypes under their paths") {
  const testing::TempDir temp;
  const io::NamedTensors tensors = {{"a/b", constant({{1.5, 2.5}, {-3.0, 0.0}}, float32)},
                                    {"a/c", constant({1, -2}, int64)},
                                    {"flags", constant({true, false})},
                                    {"number", constant(7.25, float64)},
                                    {"none", zeros({0, 3}, float32)}};
  io::save_hdf5(temp / "t.h5", tensors);
  const auto loaded = io::load_hdf5(temp / "t.h5");
  REQUIRE(loaded.size() == tensors.size());
  for (const auto& each : tensors) {
    const std::string& name = each.first;
    const Tensor& tensor = each.second;
    const Tensor found = io::find(loaded, name);
    REQUIRE_MESSAGE(found.defined(), name);
    CHECK(found.dtype() == tensor.dtype());
    CHECK(found.shape() == tensor.shape());
    CHECK_SAME_BITS(found, tensor);
  }
  CHECK_THROWS_AS(io::save_hdf5(temp / "t.h5", {{"a", zeros({1})}, {"a", zeros({1})}}), ValueError);
  CHECK_THROWS_AS(io::save_hdf5(temp / "t.h5", {{"a", Tensor()}}), ValueError);
  CHECK(io::load_hdf5(temp / "t.h5").size() == tensors.size());
  CHECK_THROWS_WITH_AS((void)io::load_hdf5(temp / "nothing.h5"), doctest::Contains("nothing.h5"), DataError);
}

TEST_CASE("load_hdf5: the weights in a .keras archive") {
  const std::string folder = testing::source_dir() + "/tests/data/fixtures/keras/";
  const auto tensors = io::load_hdf5(folder + "dense_adam.keras");
  CHECK(io::find(tensors, "layers/dense/vars/0").rank() == 2);
  CHECK(io::find(tensors, "optimizer/vars/0").defined());
  CHECK_THROWS_WITH_AS((void)io::load_hdf5(folder + "broken_not_zip.keras"), doctest::Contains("broken_not_zip.keras"),
                       DataError);
}

}  // namespace
}  // namespace xtape
