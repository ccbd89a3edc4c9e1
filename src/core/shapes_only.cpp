#include "core/shapes_only.hpp"

#include "base/check.hpp"
#include "core/call_notes.hpp"
#include "core/element_access.hpp"
#include "core/partial_tracer.hpp"

namespace xtape::detail {

void fail_without_elements(const char* op, const TensorImpl& impl) {
  fail<LooksAtElements>(
      op,
      "looks at the elements of a symbolic tensor: a tensor of shape {} was made where only shapes are "
      "computed, and has none",
      impl.shape);
}

bool has_elements(const Tensor& t) noexcept { return !ElementAccess::has_none(*t.impl()); }

bool known_and_small(const Tracer& tracer, LaunchKind kind, std::span<const Tensor* const> operands,
                     std::size_t outputs) {
  // Small results of constants, such as indices, are computed, so that layers can read them.
  constexpr std::int64_t max_elements = 1024;
  const auto* partial = dynamic_cast<const PartialTracer*>(&tracer);
  const bool noted = tracer.notes != nullptr;
  const std::size_t inputs = operands.size() - outputs;
  const auto known_input = [&](const TensorImpl& impl) {
    if (ElementAccess::has_none(impl)) return impl.numel == 0;
    return partial != nullptr ? partial->is_known(impl) : !noted || !impl.of_variable;
  };
  bool run = kind != LaunchKind::state;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i]->defined()) continue;
    const TensorImpl& impl = *operands[i]->impl();
    const bool small = partial != nullptr || noted || impl.numel <= max_elements;
    run = run && small && (i >= inputs || known_input(impl));
  }
  for (const Tensor* output : operands.last(outputs)) {
    if (!output->defined()) continue;
    if (run) {
      give_elements(*output->impl());
    } else if (!output->impl()->of_variable) {
      ElementAccess::set(*output->impl(), nullptr);
    }
  }
  return run;
}

void ShapesOnly::variable_read(const Variable& variable) {
  if (notes != nullptr) notes->add_variable(variable);
}

void ShapesOnly::host_read(const char* op, const TensorImpl* impl) {
  if (impl->numel > 0 && ElementAccess::has_none(*impl)) fail_without_elements(op, *impl);
}

void ShapesOnly::host_written(const char*, const TensorImpl* impl) { give_elements(const_cast<TensorImpl&>(*impl)); }

}  // namespace xtape::detail
