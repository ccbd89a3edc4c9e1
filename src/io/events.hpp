#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xtape/core/tensor.hpp"
#include "xtape/io/summary_writer.hpp"

// The messages of an event file, serialized. They are what tf.summary writes: tensors with the name of TensorBoard's
// plugin that shows them (tensorboard/plugins/*/summary_v2.py).
namespace xtape::detail {

struct EventTime {
  double wall_time = 0;  ///< Seconds since 1970.
  std::int64_t step = 0;
};

/// The first one of a file.
std::string version_event(double wall_time);
std::string scalar_event(const EventTime& time, const std::string& tag, float value);
std::string histogram_event(const EventTime& time, const std::string& tag, const Tensor& values, std::int64_t buckets);
std::string image_event(const EventTime& time, const std::string& tag, const Tensor& images, std::int64_t max_outputs);
std::string text_event(const EventTime& time, const std::string& tag, const std::string& text);
std::string graph_event(double wall_time, const std::vector<summary::GraphNode>& nodes);

}  // namespace xtape::detail
