#pragma once

#include <cstdint>
#include <string>

#include "xtape/data/load_data.hpp"

/// The Boston housing data of StatLib (Harrison, Rubinfeld 1978): 13 numbers about each of 506 districts and the median
/// price of a house there, in thousands of dollars. One of the numbers is computed from the share of Black people,
/// therefore the data set is no longer recommended.
namespace xtape::datasets::boston_housing {

/// Keyword arguments of load_data().
struct BostonHousingOptions {
  double test_split = 0.2;   ///< the fraction of the data for testing
  std::uint64_t seed = 113;  ///< of the order
  std::string dir = {};      ///< the folder with boston_housing.npz; empty: as LoadOptions::dir
};

/// x [n, 13] and y [n] in float32, in an order that depends on the seed; it is not Keras's, which NumPy's generator
/// makes. Throws a DataError when boston_housing.npz is not found or damaged, a ValueError for a test_split that leaves
/// a part empty.
TrainTest load_data(const BostonHousingOptions& options = {});

}  // namespace xtape::datasets::boston_housing
