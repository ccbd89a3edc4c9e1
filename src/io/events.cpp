#include "io/events.hpp"

#include <events.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "core/convert.hpp"
#include "io/png.hpp"

namespace xtape::detail {
namespace {

namespace pb = events;

// Numbers of a TensorProto are least significant byte first.
static_assert(std::endian::native == std::endian::little);

// Python's protobuf refuses a whole event if one text in it is not UTF-8.
void check_text(const char* op, const char* what, const std::string& text) {
  if (text.empty()) fail<ValueError>(op, "expected {}, received an empty string", what);
  if (!is_utf8(text)) fail<ValueError>(op, "expected {} in UTF-8, received \"{}\"", what, text);
}

// Serialises deterministically: otherwise the order of a map's entries is left open.
std::string serialize(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

pb::Event begin_event(const EventTime& time) {
  pb::Event event;
  event.set_wall_time(time.wall_time);
  event.set_step(time.step);
  return event;
}

pb::TensorProto& add_value(const char* op, pb::Event& event, const std::string& tag, const char* plugin,
                           pb::DataClass data_class, pb::DataType dtype) {
  check_text(op, "a tag", tag);
  auto& value = *event.mutable_summary()->add_value();
  value.set_tag(tag);
  // The plugins' own data is a version number, 0, which is written as nothing.
  value.mutable_metadata()->mutable_plugin_data()->set_plugin_name(plugin);
  value.mutable_metadata()->set_data_class(data_class);
  auto& tensor = *value.mutable_tensor();
  tensor.set_dtype(dtype);
  tensor.mutable_tensor_shape();
  return tensor;
}

void add_axes(pb::TensorProto& tensor, std::initializer_list<std::int64_t> sizes) {
  for (const auto size : sizes) tensor.mutable_tensor_shape()->add_dim()->set_size(size);
}

// A row [left edge, right edge, count] for each bucket, as tensorboard/plugins/histogram/summary_v2.py makes them:
// buckets of equal width between the smallest and the largest value; if these are equal, all in the last bucket.
std::vector<double> count_values(const Tensor& values, std::int64_t buckets) {
  std::vector<double> numbers = convert(values, float64).to_vector<double>();
  std::erase_if(numbers, [](double v) { return !std::isfinite(v); });
  const auto n = static_cast<std::size_t>(buckets);
  std::vector<double> rows(3 * n);
  if (numbers.empty() || n == 0) return rows;
  const auto range = std::ranges::minmax(numbers);
  const double least = range.min, most = range.max;
  // Halved, because the range of finite numbers need not be finite.
  const double half_width = (most / 2 - least / 2) / static_cast<double>(n);
  for (std::size_t b = 0; b < n; ++b) {
    const auto edge = [&](std::size_t i) { return i == n ? most : least + 2 * (half_width * static_cast<double>(i)); };
    rows[3 * b] = edge(b);
    rows[3 * b + 1] = edge(b + 1);
  }
  for (const double v : numbers) {
    const double place = half_width > 0 ? (v / 2 - least / 2) / half_width : static_cast<double>(n);
    rows[3 * static_cast<std::size_t>(std::min(place, static_cast<double>(n - 1))) + 2] += 1;
  }
  return rows;
}

// As tf.image.convert_image_dtype(images, tf.uint8, saturate=True): 255.5 v, cut off. NaN is 0.
std::vector<std::uint8_t> to_bytes(const Tensor& images) {
  if (images.dtype() == uint8) return images.to_vector<std::uint8_t>();
  std::vector<std::uint8_t> bytes;
  bytes.reserve(static_cast<std::size_t>(images.size()));
  for (const float v : convert(images, float32).to_vector<float>()) {
    bytes.push_back(v > 0 ? static_cast<std::uint8_t>(std::min(v * 255.5f, 255.0f)) : std::uint8_t{0});
  }
  return bytes;
}

// The node that an input names: without the '^' of control inputs and the ':1' of further outputs.
std::string node_of(const std::string& input) {
  const std::size_t begin = input.starts_with('^') ? 1 : 0;
  const auto colon = input.rfind(':');
  const bool output = colon != std::string::npos && colon + 1 < input.size() &&
                      input.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  return input.substr(begin, output ? colon - begin : std::string::npos);
}

}  // namespace

std::string version_event(double wall_time) {
  pb::Event event;
  event.set_wall_time(wall_time);
  event.set_file_version("brain.Event:2");
  event.mutable_source_metadata()->set_writer("xtape.summary");
  return serialize(event);
}

std::string scalar_event(const EventTime& time, const std::string& tag, float value) {
  auto event = begin_event(time);
  auto& tensor = add_value("FileWriter.scalar", event, tag, "scalars", pb::DATA_CLASS_SCALAR, pb::DT_FLOAT);
  tensor.set_tensor_content(&value, sizeof value);
  return serialize(event);
}

std::string histogram_event(const EventTime& time, const std::string& tag, const Tensor& values, std::int64_t buckets) {
  constexpr const char* op = "FileWriter.histogram";
  constexpr std::int64_t max_buckets = 1 << 20;
  if (buckets < 1) fail<ValueError>(op, "expected buckets >= 1, received {}", buckets);
  if (buckets > max_buckets) fail<ValueError>(op, "expected buckets <= {}, received {}", max_buckets, buckets);
  auto event = begin_event(time);
  auto& tensor = add_value(op, event, tag, "histograms", pb::DATA_CLASS_TENSOR, pb::DT_DOUBLE);
  add_axes(tensor, {buckets, 3});
  const auto rows = count_values(values, buckets);
  tensor.set_tensor_content(rows.data(), rows.size() * sizeof rows[0]);
  return serialize(event);
}

std::string image_event(const EventTime& time, const std::string& tag, const Tensor& images, std::int64_t max_outputs) {
  constexpr const char* op = "FileWriter.image";
  const int rank = images.rank();
  const std::int64_t channels = rank == 4 ? images.shape(3) : 1;
  if ((rank != 3 && rank != 4) || channels < 1 || channels > 4 || images.shape(1) == 0 || images.shape(2) == 0) {
    fail<ValueError>(op, "expected images [n, h, w, c] with 1 to 4 channels or [n, h, w], received {}", images.shape());
  }
  if (!is_floating(images.dtype()) && images.dtype() != uint8) {
    fail<TypeError>(op, "expected floating or uint8 images, received {}", images.dtype());
  }
  if (max_outputs < 0) fail<ValueError>(op, "expected max_outputs >= 0, received {}", max_outputs);
  auto event = begin_event(time);
  auto& tensor = add_value(op, event, tag, "images", pb::DATA_CLASS_BLOB_SEQUENCE, pb::DT_STRING);
  const std::int64_t height = images.shape(1), width = images.shape(2), count = std::min(images.shape(0), max_outputs);
  add_axes(tensor, {2 + count});
  tensor.add_string_val(fmt::format("{}", width));
  tensor.add_string_val(fmt::format("{}", height));
  const auto bytes = to_bytes(make_view(images, {count, height, width, channels}));
  const auto size = count > 0 ? bytes.size() / static_cast<std::size_t>(count) : 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::span<const std::uint8_t> pixels(&bytes[static_cast<std::size_t>(i) * size], size);
    tensor.add_string_val(encode_png(op, pixels, height, width, channels));
  }
  return serialize(event);
}

std::string text_event(const EventTime& time, const std::string& tag, const std::string& text) {
  constexpr const char* op = "FileWriter.text";
  if (!is_utf8(text)) fail<ValueError>(op, "expected a text in UTF-8, received \"{}\"", text);
  auto event = begin_event(time);
  auto& tensor = add_value(op, event, tag, "text", pb::DATA_CLASS_TENSOR, pb::DT_STRING);
  tensor.add_string_val(text);
  return serialize(event);
}

std::string graph_event(double wall_time, const std::vector<summary::GraphNode>& nodes) {
  constexpr const char* op = "FileWriter.graph";
  std::set<std::string> names;
  for (const auto& node : nodes) {
    check_text(op, "a name of a node", node.name);
    if (!names.insert(node.name).second) {
      fail<ValueError>(op, "expected every node to have a name of its own, received \"{}\" twice", node.name);
    }
  }
  pb::GraphDef graph;
  graph.mutable_versions()->set_producer(22);
  for (const auto& node : nodes) {
    auto& def = *graph.add_node();
    def.set_name(node.name);
    if (!node.op.empty()) check_text(op, "an op", node.op);
    def.set_op(node.op);
    for (const auto& input : node.inputs) {
      if (!names.contains(node_of(input))) {
        fail<ValueError>(op, "expected the inputs of \"{}\" to be nodes, received \"{}\"", node.name, input);
      }
      def.add_input(input);
    }
    if (!node.output_shapes.empty()) {
      auto& shapes = *(*def.mutable_attr())["_output_shapes"].mutable_list();
      for (const auto& shape : node.output_shapes) {
        auto& proto = *shapes.add_shape();
        for (const auto size : shape) proto.add_dim()->set_size(size);
      }
    }
    for (const auto& [key, text] : node.attributes) {
      check_text(op, "a name of an attribute", key);
      (*def.mutable_attr())[key].set_s(text);
    }
  }
  pb::Event event;
  event.set_wall_time(wall_time);
  event.set_graph_def(serialize(graph));
  return serialize(event);
}

}  // namespace xtape::detail
