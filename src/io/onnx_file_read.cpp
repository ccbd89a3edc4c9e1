// Reading of .onnx files.
#include <fmt/ranges.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx.pb.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "io/file_bytes.hpp"
#include "io/file_tensor.hpp"
#include "io/input_file.hpp"
#include "io/onnx_file.hpp"
#include "io/stored_elements.hpp"

namespace xtape::detail {
namespace {

namespace pb = onnx_file;
namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little);

/// TensorProto.DataType, by number, and what its elements are in a file; none: not supported.
struct DataType {
  const char* name;
  std::optional<StoredType> stored = {};
};
constexpr std::array data_types = {
    DataType{"UNDEFINED"},
    DataType{"FLOAT", StoredType::f32},
    DataType{"UINT8", StoredType::u8},
    DataType{"INT8", StoredType::i8},
    DataType{"UINT16", StoredType::u16},
    DataType{"INT16", StoredType::i16},
    DataType{"INT32", StoredType::i32},
    DataType{"INT64", StoredType::i64},
    DataType{"STRING"},
    DataType{"BOOL", StoredType::boolean},
    DataType{"FLOAT16", StoredType::f16},
    DataType{"DOUBLE", StoredType::f64},
    DataType{"UINT32", StoredType::u32},
    DataType{"UINT64", StoredType::u64},
    DataType{"COMPLEX64"},
    DataType{"COMPLEX128"},
    DataType{"BFLOAT16", StoredType::bf16},
    DataType{"FLOAT8E4M3FN"},
    DataType{"FLOAT8E4M3FNUZ"},
    DataType{"FLOAT8E5M2"},
    DataType{"FLOAT8E5M2FNUZ"},
    DataType{"UINT4"},
    DataType{"INT4"},
    DataType{"FLOAT4E2M1"},
};

const DataType* find_type(int number) {
  return number > 0 && number < static_cast<int>(data_types.size()) ? &data_types[static_cast<std::size_t>(number)]
                                                                    : nullptr;
}

/// Gives protobuf the bytes of a file. Errors wait until protobuf has returned.
class FileStream final : public google::protobuf::io::CopyingInputStream {
 public:
  explicit FileStream(const FileBytes& file) : file_(file) {}
  int Read(void* buffer, int size) override {
    try {
      const auto n = std::min<std::uint64_t>(static_cast<std::uint64_t>(size), file_.size() - at_);
      file_.read_at(at_, buffer, static_cast<std::size_t>(n));
      at_ += n;
      return static_cast<int>(n);
    } catch (...) {
      error_ = std::current_exception();
      return -1;
    }
  }
  void check() const {
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  const FileBytes& file_;
  std::uint64_t at_ = 0;
  std::exception_ptr error_;
};

class Reader {
 public:
  Reader(const char* op, const std::string& path) : op_(op), path_(path) {}

  OnnxModel read() {
    const auto file = open_file_bytes(op_, path_);
    if (file->size() >= std::uint64_t{1} << 31) {
      refuse("expected a file of less than 2 GiB, which protobuf can read, received {} bytes", file->size());
    }
    pb::ModelProto message;
    {
      FileStream stream(*file);
      google::protobuf::io::CopyingInputStreamAdaptor adaptor(&stream, 1 << 20);
      const bool parsed = message.ParseFromZeroCopyStream(&adaptor);
      stream.check();
      if (!parsed) refuse("expected an ONNX model (onnx.ModelProto): the bytes are damaged, or of another format");
    }
    if (!message.has_graph() || message.opset_import_size() == 0) {
      refuse("expected an ONNX model with a graph and the version of its operators");
    }
    OnnxModel model;
    model.ir_version = static_cast<int>(message.ir_version());
    model.producer_version = message.producer_version();
    model.opset = 0;
    for (const auto& set : message.opset_import()) {
      if (set.domain().empty() || set.domain() == "ai.onnx") {
        model.opset = static_cast<int>(std::clamp<std::int64_t>(set.version(), 0, 1 << 20));
      }
    }
    pb::GraphProto& graph = *message.mutable_graph();
    if (graph.sparse_initializer_size() > 0) {
      refuse("the initializer '{}' is sparse: expected dense ones", graph.sparse_initializer(0).values().name());
    }
    model.name = graph.name();
    std::unordered_set<std::string> initialized;
    for (auto& tensor : *graph.mutable_initializer()) {
      model.initializers.emplace_back(tensor.name(), this->tensor("initializer", tensor));
      initialized.insert(tensor.name());
      tensor.Clear();
    }
    for (auto& node : *graph.mutable_node()) {
      model.nodes.push_back(this->node(node));
      node.Clear();
    }
    for (const auto& port : graph.input()) {
      if (!initialized.contains(port.name())) model.inputs.push_back(this->port("input", port));
    }
    for (const auto& port : graph.output()) model.outputs.push_back(this->port("output", port));
    return model;
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    fail<DataError>(op_, "{}: {}", path_, Whole{fmt::format(fmt::runtime(fmt::string_view(text)), shown(args)...)});
  }

  DType dtype_for(const char* what, const std::string& name, int data_type) const {
    const auto dtype = dtype_of_onnx(data_type);
    if (!dtype) refuse("{} '{}': xtape has no tensors of {}", what, name, onnx_type_name(data_type));
    return *dtype;
  }

  OnnxNode node(pb::NodeProto& from) {
    OnnxNode to{from.op_type(), from.name(), {}, {}, {}, from.domain() == "ai.onnx" ? "" : from.domain()};
    to.inputs.assign(from.input().begin(), from.input().end());
    to.outputs.assign(from.output().begin(), from.output().end());
    for (auto& each : *from.mutable_attribute()) add_attribute(to, each);
    return to;
  }

  void add_attribute(OnnxNode& node, pb::AttributeProto& from) {
    enum Type : int { undefined, FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS };
    int type = from.type();
    if (type == undefined) {  // before version 2 of the format
      type = from.floats_size() > 0    ? FLOATS
             : from.ints_size() > 0    ? INTS
             : from.strings_size() > 0 ? STRINGS
             : !from.s().empty()       ? STRING
             : from.has_t()            ? TENSOR
             : from.f() != 0           ? FLOAT
                                       : INT;
    }
    const auto add = [&](auto value) { node.attributes.push_back({from.name(), std::move(value)}); };
    switch (type) {
      case FLOAT:
        return add(from.f());
      case INT:
        return add(std::int64_t{from.i()});
      case STRING:
        return add(from.s());
      case TENSOR:
        return add(OnnxTensor{tensor(fmt::format("node '{}' ({}): attribute", shown_text(node.name), node.op).c_str(),
                                     *from.mutable_t(), from.name())});
      case FLOATS:
        return add(std::vector<float>(from.floats().begin(), from.floats().end()));
      case INTS:
        return add(std::vector<std::int64_t>(from.ints().begin(), from.ints().end()));
      case STRINGS:
        return add(std::vector<std::string>(from.strings().begin(), from.strings().end()));
      default:  // graphs belong to ops that are not supported
        break;
    }
  }

  static std::string shown_text(const std::string& text) { return fmt::format("{}", shown(text)); }

  OnnxPort port(const char* what, const pb::ValueInfoProto& from) const {
    if (!from.type().has_tensor_type()) refuse("{} '{}': expected a tensor with a type", what, from.name());
    const auto& type = from.type().tensor_type();
    OnnxPort to{from.name(), dtype_for(what, from.name(), type.elem_type()), {}, type.has_shape()};
    if (type.shape().dim_size() > static_cast<int>(max_file_axes)) {
      refuse("{} '{}': expected at most {} axes, received {}", what, from.name(), max_file_axes,
             type.shape().dim_size());
    }
    for (const auto& dim : type.shape().dim()) {
      // Some exporters write 0 or -1 for a size that is not known.
      const bool known = dim.value_case() == pb::TensorShapeProto::Dimension::kDimValue && dim.dim_value() > 0;
      to.dimensions.push_back({known ? dim.dim_value() : -1, known ? std::string() : dim.dim_param()});
    }
    return to;
  }

  Tensor tensor(const char* what, pb::TensorProto& from, const std::string& named = {}) {
    const std::string& name = named.empty() ? from.name() : named;
    (void)dtype_for(what, name, from.data_type());
    const StoredType type = *find_type(from.data_type())->stored;
    std::vector<std::uint64_t> sizes;
    for (const std::int64_t size : from.dims()) {
      if (size < 0) refuse("{} '{}': expected sizes of 0 or more, received {}", what, name, size);
      sizes.push_back(static_cast<std::uint64_t>(size));
    }
    const auto bytes = sizes.size() > max_file_axes ? std::nullopt : bytes_of(sizes, stored_bytes(type));
    if (!bytes) {
      refuse("{} '{}': no file holds its shape of {} axes: {}", what, name, sizes.size(),
             fmt::format(
                 "[{}]",
                 fmt::join(sizes.begin(),
                           sizes.begin() + static_cast<std::ptrdiff_t>(std::min(sizes.size(), max_file_axes)), ", ")));
    }
    const bool empty = std::find(sizes.begin(), sizes.end(), 0u) != sizes.end();
    const std::uint64_t expected = empty ? 0 : *bytes;
    const Shape shape = shape_of(sizes);
    const std::string label = fmt::format("{} '{}'", what, shown_text(name));
    std::shared_ptr<const FileBytes> source;
    std::uint64_t offset = 0;
    constexpr int external = 1;
    if (from.data_location() == external) {
      std::tie(source, offset) = external_bytes(label, from, expected);
    } else {
      std::string stored = stored_elements(from, type);
      if (stored.size() != expected) {
        refuse("{}: expected {} bytes for the shape {} of {}, received {}", label, expected, shape.str(),
               onnx_type_name(from.data_type()), stored.size());
      }
      source = memory_bytes(op_, path_, std::move(stored));
    }
    const Tensor read = read_stored(*source, label, offset, shape, type);
    return convert(read, widened(read.dtype()));
  }

  /// The elements as raw_data has them; those of other fields are of the type's own field.
  static std::string stored_elements(pb::TensorProto& from, StoredType type) {
    if (!from.raw_data().empty()) return std::move(*from.mutable_raw_data());
    switch (type) {
      case StoredType::f32:
        return bytes_of_field<float>(from.float_data());
      case StoredType::f64:
        return bytes_of_field<double>(from.double_data());
      case StoredType::i64:
        return bytes_of_field<std::int64_t>(from.int64_data());
      case StoredType::u64:
        return bytes_of_field<std::uint64_t>(from.uint64_data());
      case StoredType::u32:
        return bytes_of_field<std::uint32_t>(from.uint64_data());
      case StoredType::i32:
        return bytes_of_field<std::int32_t>(from.int32_data());
      case StoredType::i16:
      case StoredType::u16:
      case StoredType::f16:  // their bits
      case StoredType::bf16:
        return bytes_of_field<std::uint16_t>(from.int32_data());
      case StoredType::i8:
      case StoredType::u8:
      case StoredType::boolean:
        break;
    }
    return bytes_of_field<std::uint8_t>(from.int32_data());
  }

  template <class T, class Field>
  static std::string bytes_of_field(const Field& field) {
    std::string bytes(static_cast<std::size_t>(field.size()) * sizeof(T), '\0');
    char* to = bytes.data();
    for (const auto number : field) {
      const T value = static_cast<T>(number);
      std::memcpy(to, &value, sizeof value);
      to += sizeof value;
    }
    return bytes;
  }

  std::pair<std::shared_ptr<const FileBytes>, std::uint64_t> external_bytes(const std::string& label,
                                                                            const pb::TensorProto& from,
                                                                            std::uint64_t expected) {
    std::string location;
    std::uint64_t offset = 0, length = expected;
    for (const auto& entry : from.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset") offset = external_number(label, entry.key(), entry.value());
      if (entry.key() == "length") length = external_number(label, entry.key(), entry.value());
    }
    const std::shared_ptr<const FileBytes> file = external_file(label, location);
    if (length != expected || offset > file->size() || expected > file->size() - offset) {
      refuse("{}: expected {} bytes in the file '{}', which has {}, received {} from byte {} on", label, expected,
             location, file->size(), length, offset);
    }
    return {file, offset};
  }

  std::uint64_t external_number(const std::string& label, const std::string& key, const std::string& text) const {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      refuse("{}: expected a number for the {} of its external data, received '{}'", label, key, text);
    }
    return number;
  }

  /// A file beside the model, and nowhere else, also by links.
  std::shared_ptr<const FileBytes> external_file(const std::string& label, const std::string& location) {
    auto& known = external_[location];
    if (known != nullptr) return known;
    const fs::path relative(location);
    bool inside = relative.has_filename() && relative.filename() != "." && location.find('\0') == std::string::npos &&
                  relative.is_relative();
    for (const auto& part : relative) inside = inside && part != "..";
    const fs::path wanted = fs::path(path_).parent_path() / relative;
    std::error_code error;
    if (inside) {
      const fs::path file = fs::canonical(wanted, error);
      // In some caches the model and its data are links to files in one other folder.
      bool within = false;
      for (const fs::path& root :
           {fs::canonical(fs::absolute(path_).parent_path(), error), fs::canonical(path_, error).parent_path()}) {
        const auto [end, at] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
        within = within || (!root.empty() && end == root.end());
      }
      if (file.empty()) refuse("{}: its data file '{}' is not there", label, location);
      inside = within;
    }
    if (!inside) {
      refuse("{}: expected a data file in the folder of the model, received '{}'", label, location);
    }
    known = open_file_bytes(op_, wanted.string());
    return known;
  }

  const char* op_;
  const std::string& path_;
  std::map<std::string, std::shared_ptr<const FileBytes>> external_;
};

}  // namespace

std::string onnx_type_name(int data_type) {
  const DataType* type = find_type(data_type);
  return type == nullptr ? fmt::format("the type {}", data_type) : type->name;
}

std::optional<DType> dtype_of_onnx(int data_type) {
  const DataType* type = find_type(data_type);
  if (type == nullptr || !type->stored) return std::nullopt;
  const DType dtype = tensor_dtype(*type->stored);
  return dtype == bfloat16 ? float32 : dtype;
}

OnnxModel read_onnx(const char* op, const std::string& path) {
  return reading(op, path, [&] { return Reader(op, checked_path(op, path)).read(); });
}

}  // namespace xtape::detail
