#pragma once

#include <string>
#include <string_view>

namespace xtape::detail {

/// Appends one record of the TFRecord format: the length in eight bytes, the masked CRC-32C of these, the data, their
/// masked CRC-32C; least significant bytes first (tensorflow.org/tutorials/load_data/tfrecord).
void append_tf_record(std::string& to, std::string_view data);

}  // namespace xtape::detail
