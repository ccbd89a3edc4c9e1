#pragma once

#include "xtape/models/model.hpp"

namespace xtape::detail {

/// Whether a model computes something else than its layers in their order, or its graph: a subclassed model, and a
/// class derived from Sequential or Model(inputs, outputs) whose call() is not theirs. Such a class is tried on shapes
/// alone; before a Sequential without an Input is built, that is not possible, and it counts as one without.
bool has_own_call(const Model& model);

/// Throws a ValueError for a class derived from Sequential or Model(inputs, outputs) with a call() of its own, which
/// its Config cannot say.
void expect_no_own_call(const Model& model);

}  // namespace xtape::detail
