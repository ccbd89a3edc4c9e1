#include "base/without.hpp"
#include "io/events.hpp"
#include "io/onnx_file.hpp"

namespace xtape::detail {
namespace {

[[noreturn]] void fail_without_protobuf(const char* op) {
  fail_without(op, "protobuf", "XTAPE_TENSORBOARD", "libprotobuf-dev, protobuf-compiler");
}

}  // namespace

std::string version_event(double) { fail_without_protobuf("create_file_writer"); }
std::string scalar_event(const EventTime&, const std::string&, float) { fail_without_protobuf("FileWriter.scalar"); }
std::string histogram_event(const EventTime&, const std::string&, const Tensor&, std::int64_t) {
  fail_without_protobuf("FileWriter.histogram");
}
std::string image_event(const EventTime&, const std::string&, const Tensor&, std::int64_t) {
  fail_without_protobuf("FileWriter.image");
}
std::string text_event(const EventTime&, const std::string&, const std::string&) {
  fail_without_protobuf("FileWriter.text");
}
std::string graph_event(double, const std::vector<summary::GraphNode>&) { fail_without_protobuf("FileWriter.graph"); }

std::string onnx_bytes(const char* op, const OnnxModel&) { fail_without_protobuf(op); }
std::string onnx_type_name(int) { return {}; }
std::optional<DType> dtype_of_onnx(int) { return std::nullopt; }
OnnxModel read_onnx(const char* op, const std::string&) { fail_without_protobuf(op); }

}  // namespace xtape::detail
