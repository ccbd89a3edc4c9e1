#include "models/batch_source.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "data/take_rows.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/core/random.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

void Arrays::check(const char* method) const {
  if (x.empty()) fail<ValueError>(method, "expected an array of examples, received none");
  const auto check_rows = [&](const char* what, const Tensor& t) {
    if (!t.defined()) fail<ValueError>(method, "{} is empty", what);
    if (t.rank() < 1) fail<ValueError>(method, "expected a batch of {}, received a scalar", what);
    if (t.shape()[0] != rows()) {
      fail<ValueError>(method,
                       "data cardinality is ambiguous: make sure that all arrays contain the same number of "
                       "samples, x has shape {}, {} has shape {}",
                       x.front().shape(), what, t.shape());
    }
  };
  for (const Tensor& t : x) {
    if (t.defined() && t.rank() < 1) fail<ValueError>(method, "expected a batch of inputs, received a scalar");
    check_rows("x", t);
  }
  for (const Tensor& t : y) {
    // With several outputs, those that need no labels may have none.
    if (t.defined() || y.size() == 1) check_rows("y", t);
  }
  if (sample_weight.defined()) check_rows("sample_weight", sample_weight);
}

namespace {

/// take(x), with the same rows of the mask of x.
template <class Take>
Tensor with_rows_of_mask(const Tensor& x, const Take& take) {
  if (!x.defined() || !has_mask(x)) return take(x);
  const Tensor mask = get_mask(x);
  const bool for_each_row = mask.rank() > 0 && mask.shape()[0] == x.shape()[0];
  return masked(take(x), for_each_row ? take(mask) : mask);
}

}  // namespace

Arrays Arrays::slice(std::int64_t begin, std::int64_t end) const {
  Arrays part;
  const auto rows = [&](const Tensor& t) { return t.defined() ? slice_axis(t, 0, begin, end - begin) : Tensor(); };
  for (const Tensor& t : x) part.x.push_back(with_rows_of_mask(t, rows));
  for (const Tensor& t : y) part.y.push_back(rows(t));
  part.sample_weight = rows(sample_weight);
  return part;
}

namespace {

class ArraySource : public BatchSource {
 public:
  ArraySource(Arrays arrays, std::int64_t batch_size, bool shuffle)
      : arrays_(std::move(arrays)),
        batch_size_(std::min(
            batch_size, std::max<std::int64_t>(arrays_.rows(), 1))),  // limited, so that sums with it do not overflow
        shuffle_(shuffle) {}

  std::int64_t batches() const override { return (arrays_.rows() + batch_size_ - 1) / batch_size_; }

  void begin() override {
    at_ = 0;
    if (shuffle_) order_ = random::permutation(arrays_.rows());
  }

  TrainBatch sample() override {
    const Arrays first = arrays_.slice(0, 1);
    return {first.x, first.y, {}};
  }

  bool next(TrainBatch& batch) override {
    if (at_ >= arrays_.rows()) return false;
    const std::int64_t begin = at_, end = std::min(at_ + batch_size_, arrays_.rows());
    at_ = end;
    const auto take = [&](const Tensor& t) {
      if (!t.defined()) return Tensor();
      return shuffle_ ? data::take_rows(t, order_, begin, end) : slice_axis(t, 0, begin, end - begin);
    };
    batch.x.clear();
    batch.y.clear();
    for (const Tensor& t : arrays_.x) batch.x.push_back(with_rows_of_mask(t, take));
    for (const Tensor& t : arrays_.y) batch.y.push_back(take(t));
    batch.sample_weight = take(arrays_.sample_weight);
    return true;
  }

 private:
  Arrays arrays_;
  std::int64_t batch_size_;
  bool shuffle_;
  Tensor order_;
  std::int64_t at_ = 0;
};

/// The elements of a dataset, in its order.
class DatasetSource : public BatchSource {
 public:
  DatasetSource(const char* method, data::AnyDataset dataset, std::int64_t steps,
                const std::map<std::int64_t, double>& class_weight)
      : method_(method), dataset_(std::move(dataset)), class_weight_(class_weight) {
    const auto tensors = dataset_.tensors_per_element();
    if (tensors < 1 || tensors > 3) {
      fail<ValueError>(method, "expected batches (x, y) or (x, y, sample_weight), received elements of {} tensors",
                       tensors);
    }
    if (dataset_.cardinality() == data::infinite_cardinality && steps < 0) {
      fail<ValueError>(method, "the dataset never ends: say how many steps are an epoch");
    }
  }

  std::int64_t batches() const override { return std::max<std::int64_t>(dataset_.cardinality(), -1); }

  void begin() override {
    if (!sampled_) open();
    sampled_ = false;
  }

  TrainBatch sample() override {
    open();
    sampled_ = true;
    return *at_ == dataset_.end() ? TrainBatch() : batch_of(**at_);
  }

  bool next(TrainBatch& batch) override {
    if (taken_ && *at_ != dataset_.end()) {
      taken_ = false;
      ++*at_;
    }
    if (*at_ == dataset_.end()) return false;
    batch = batch_of(**at_);
    taken_ = true;
    return true;
  }

 private:
  void open() {
    at_ = dataset_.begin();
    taken_ = false;
  }

  TrainBatch batch_of(const xtape::Tensors& element) const {
    TrainBatch batch{element[0], {}, {}};
    if (element.size() > 1) batch.y = element[1];
    batch.sample_weight = sample_weights(method_, batch.y, element.size() > 2 ? element[2] : Tensor(), class_weight_);
    return batch;
  }

  const char* method_;
  data::AnyDataset dataset_;
  std::map<std::int64_t, double> class_weight_;
  std::optional<data::AnyDataset::Iterator> at_;
  bool taken_ = false;  ///< whether next() has returned the current element
  bool sampled_ =
      false;  ///< whether sample() has started the iteration, since a generator may not repeat its first element
};

}  // namespace

std::unique_ptr<BatchSource> make_source(const char* method, data::AnyDataset batches, std::int64_t steps,
                                         const std::map<std::int64_t, double>& class_weight) {
  return std::make_unique<DatasetSource>(method, std::move(batches), steps, class_weight);
}

std::unique_ptr<BatchSource> make_source(Arrays arrays, std::int64_t batch_size, bool shuffle) {
  return std::make_unique<ArraySource>(std::move(arrays), batch_size, shuffle);
}

Tensor sample_weights(const char* method, const TensorList& y, const Tensor& sample_weight,
                      const std::map<std::int64_t, double>& class_weight) {
  if (class_weight.empty()) return sample_weight;
  if (y.size() != 1) {
    fail<ValueError>(method, "class_weight is for models with a single output, there are {}", y.size());
  }
  Tensor labels = y.front();
  const Shape& shape = y.front().shape();
  if (shape.rank() == 2 && shape[1] > 1) {
    labels = argmax(labels, 1);
  } else if (shape.rank() != 1 && shape.rank() != 2) {
    fail<ValueError>(method, "class_weight needs one label per sample, or one-hot labels, received labels of shape {}",
                     shape);
  }
  if (sample_weight.defined() && sample_weight.rank() != 1) {
    fail<ValueError>(method, "class_weight needs one sample weight per sample, received weights of shape {}",
                     sample_weight.shape());
  }
  labels = cast(reshape(labels, {shape[0]}), float64);
  std::vector<float> weights;
  for (const double label : labels.data<double>()) {
    if (!(std::abs(label) < 1e15))
      fail<ValueError>(method, "class_weight needs labels that are classes, received {}", label);
    const auto found = class_weight.find(std::llround(label));  // rounded, as in Keras
    weights.push_back(found == class_weight.end() ? 1.0F : static_cast<float>(found->second));
  }
  const Tensor of_classes = constant(weights);
  return sample_weight.defined() ? cast(sample_weight, float32) * of_classes : of_classes;
}

}  // namespace xtape::detail
