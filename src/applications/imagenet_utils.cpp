#include "xtape/applications/imagenet_utils.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "io/input_file.hpp"
#include "io/json.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/layers/symbolic_ops.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/sort.hpp"

namespace xtape::applications::imagenet_utils {
namespace {

using xtape::detail::fail;

PreprocessMode mode_of(const std::string& name) {
  if (name == "tf") return PreprocessMode::tf;
  if (name == "torch") return PreprocessMode::torch;
  if (name == "caffe") return PreprocessMode::caffe;
  fail<ValueError>("preprocess_input", "expected the mode \"caffe\", \"tf\" or \"torch\", received '{}'", name);
}

Tensor colors(double red, double green, double blue, DType dtype) {
  return cast(constant(std::vector<double>{red, green, blue}, {3}), dtype);
}

/// For a Tensor or a SymbolicTensor.
template <class T>
T preprocessed(const T& given, PreprocessMode mode) {
  if (mode == PreprocessMode::none) return given;
  const T x = is_floating(given.dtype()) ? given : cast(given, float32);
  if (mode == PreprocessMode::tf) return x / 127.5 - 1.0;
  const Shape& shape = x.shape();
  if ((shape.rank() != 3 && shape.rank() != 4) || shape.back() != 3) {
    fail<ValueError>("preprocess_input", "expected images [height, width, 3] or [batch, height, width, 3], received {}",
                     shape);
  }
  if (mode == PreprocessMode::torch) {
    return (x / 255.0 - colors(0.485, 0.456, 0.406, x.dtype())) / colors(0.229, 0.224, 0.225, x.dtype());
  }
  return reverse(x, {-1}) - colors(103.939, 116.779, 123.68, x.dtype());
}

struct ClassName {
  std::string name, description;
};

/// Reads {"0": ["n01440764", "tench"], ...}.
class ClassIndexReader : public xtape::detail::JsonHandler {
 public:
  explicit ClassIndexReader(const std::string& path) : path_(path) {}

  void number(std::uint64_t) override { unexpected("a number"); }
  void other(const std::string& value) override { unexpected(value); }
  void text(const std::string& value) override {
    if (depth_ != 2 || texts_ >= 2) unexpected("a text at another place");
    ++texts_;
    (texts_ == 1 ? current_.name : current_.description) = value;
  }
  void begin_object() override {
    if (depth_ != 0) unexpected("an object inside");
    depth_ = 1;
  }
  void key(const std::string& name) override { key_ = name; }
  void end_object() override { depth_ = 0; }
  void begin_list() override {
    if (depth_ != 1) unexpected("a list at another place");
    depth_ = 2;
    texts_ = 0;
  }
  void end_list() override {
    if (texts_ != 2) unexpected("a list of another length");
    depth_ = 1;
    if (!classes_.emplace(key_, current_).second) unexpected(fmt::format("the class \"{}\" twice", key_));
  }
  void damaged(std::size_t position) override {
    fail<DataError>("decode_predictions", "{}: expected JSON, byte {} is none", path_, position);
  }

  std::vector<ClassName> classes() const {
    std::vector<ClassName> all;
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      const auto found = classes_.find(std::to_string(i));
      if (found == classes_.end()) {
        fail<DataError>("decode_predictions", "{}: expected the {} classes \"0\" to \"{}\", \"{}\" is missing", path_,
                        classes_.size(), classes_.size() - 1, i);
      }
      all.push_back(found->second);
    }
    return all;
  }

 private:
  [[noreturn]] void unexpected(const std::string& what) const {
    fail<DataError>("decode_predictions", "{}: expected {{\"0\": [name, description], ...}}, found {}", path_, what);
  }

  std::string path_, key_;
  ClassName current_;
  int depth_ = 0, texts_ = 0;
  std::map<std::string, ClassName> classes_;
};

}  // namespace

Tensor Preprocess::operator()(const Tensor& x) const { return preprocessed(x, mode_); }
SymbolicTensor Preprocess::operator()(const SymbolicTensor& x) const { return preprocessed(x, mode_); }

Tensor preprocess_input(const Tensor& x, const std::string& mode) { return Preprocess(mode_of(mode))(x); }
SymbolicTensor preprocess_input(const SymbolicTensor& x, const std::string& mode) {
  return Preprocess(mode_of(mode))(x);
}

std::vector<std::vector<DecodedPrediction>> decode_predictions(const Tensor& preds,
                                                               const DecodePredictionsOptions& options) {
  const char* op = "decode_predictions";
  if (preds.rank() != 2) {
    fail<ValueError>(op, "expected predictions [samples, classes], received shape {}", preds.shape());
  }
  if (options.top < 1) fail<ValueError>(op, "expected top >= 1, received {}", options.top);
  if (options.class_index_path.empty()) {
    fail<ValueError>(op,
                     "expected a class_index_path, received none: nothing is downloaded. For ImageNet get "
                     "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json and give "
                     "its path");
  }
  xtape::detail::InputFile file(op, options.class_index_path, xtape::detail::InputFile::Gzip::text);
  ClassIndexReader reader(options.class_index_path);
  xtape::detail::reading(op, options.class_index_path, [&] {
    xtape::detail::parse_json(read_all(file), reader);
    return true;
  });
  const std::vector<ClassName> classes = reader.classes();
  if (preds.shape()[1] != static_cast<std::int64_t>(classes.size())) {
    fail<ValueError>(op, "expected predictions [samples, {}] for the classes of {}, received shape {}", classes.size(),
                     options.class_index_path, preds.shape());
  }
  const TopK best = top_k(cast(preds, float64), std::min(options.top, preds.shape()[1]));
  const auto scores = best.values.to_vector<double>();
  const auto indices = best.indices.to_vector<std::int64_t>();
  std::vector<std::vector<DecodedPrediction>> samples(static_cast<std::size_t>(preds.shape()[0]));
  std::size_t at = 0;
  for (auto& sample : samples) {
    for (std::int64_t i = 0; i < best.values.shape()[1]; ++i, ++at) {
      const ClassName& found = classes[static_cast<std::size_t>(indices[at])];
      sample.push_back({found.name, found.description, scores[at]});
    }
  }
  return samples;
}

}  // namespace xtape::applications::imagenet_utils
