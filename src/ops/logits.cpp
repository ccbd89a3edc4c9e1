#include "ops/logits.hpp"

#include "xtape/core/provenance.hpp"
#include "xtape/ops/nn.hpp"

namespace xtape::detail {
namespace {

bool leads_on(const TensorImpl& impl) { return has_logits(impl) || is_sparse(impl); }

bool may_be_remembered(const Tensor& x) {
  return !leads_on(*x.impl()) && !leads_on(*x.impl()->owner) && !x.impl()->weak;
}

}  // namespace

void remember_softmax(const Tensor& y, const Tensor& x) {
  if (may_be_remembered(x)) set_provenance(*y.impl(), {.softmax_logits = x});
}

void remember_sigmoid(const Tensor& y, const Tensor& x) {
  if (may_be_remembered(x)) set_provenance(*y.impl(), {.sigmoid_logits = x});
}

Tensor logits_of(const Tensor& probabilities) {
  const Provenance* known = probabilities.impl()->provenance;
  return known == nullptr ? Tensor() : known->softmax_logits;
}

Tensor sigmoid_logits_of(const Tensor& probabilities) {
  const Provenance* known = probabilities.impl()->provenance;
  return known == nullptr ? Tensor() : known->sigmoid_logits;
}

}  // namespace xtape::detail
