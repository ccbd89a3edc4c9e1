#include "ops/logits.hpp"

#include "xtape/ops/nn.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {
namespace {

bool may_be_remembered(const Tensor& x) {
  return origin_of(*x.impl()) == nullptr && origin_of(*x.impl()->owner) == nullptr && !x.impl()->weak;
}

void set_origin(const Tensor& y, const Tensor& origin) {
  retain(origin.impl());
  y.impl()->origin = origin.impl();
}

Tensor handle(TensorImpl* impl) {
  retain(impl);
  return Tensor::adopt(impl);
}

}  // namespace

void remember_softmax(const Tensor& y, const Tensor& x) {
  if (may_be_remembered(x)) set_origin(y, x);
}

void remember_sigmoid(const Tensor& y, const Tensor& x) {
  if (!may_be_remembered(x)) return;
  const Tensor view = make_alias(x);
  set_origin(view, x);
  set_origin(y, view);
}

Tensor logits_of(const Tensor& probabilities) {
  TensorImpl* origin = origin_of(*probabilities.impl());
  if (origin == nullptr || probabilities.impl()->sparse || origin_of(*origin) != nullptr) return {};
  return handle(origin);
}

Tensor sigmoid_logits_of(const Tensor& probabilities) {
  TensorImpl* origin = origin_of(*probabilities.impl());
  if (origin == nullptr || probabilities.impl()->sparse || origin_of(*origin) == nullptr) return {};
  return handle(origin_of(*origin));
}

}  // namespace xtape::detail
