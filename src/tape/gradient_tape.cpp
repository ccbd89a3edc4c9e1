#include "xtape/tape/gradient_tape.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/check.hpp"
#include "base/files.hpp"
#include "tape/tape_impl.hpp"

namespace xtape {

GradientTape::GradientTape(GradientTapeOptions options) : impl_(new detail::TapeImpl(options)) { impl_->start(); }
GradientTape::GradientTape(GradientTape&&) noexcept = default;
GradientTape& GradientTape::operator=(GradientTape&& other) noexcept {
  if (this == &other) return *this;
  if (impl_ != nullptr) detail::TapeImpl::destroy(impl_.release());
  impl_ = std::move(other.impl_);
  return *this;
}
GradientTape::~GradientTape() {
  if (impl_ != nullptr) detail::TapeImpl::destroy(impl_.release());
}

detail::TapeImpl& GradientTape::impl() const {
  constexpr const char* op = "GradientTape";
  if (impl_ == nullptr) detail::fail<RuntimeError>(op, "the tape has been moved from");
  if (!impl_->of_calling_thread()) {
    detail::fail<RuntimeError>(op, "a tape belongs to the thread that made it, another thread can only destroy it");
  }
  return *impl_;
}

namespace {
template <class E>
detail::TapeImpl& recording(const char* op, detail::TapeImpl& tape) {
  if (!tape.recording()) detail::fail<E>(op, "Tape is not recording.");
  return tape;
}
}  // namespace

void GradientTape::watch(const Tensor& tensor) {
  recording<RuntimeError>("GradientTape.watch", impl()).record.watch(tensor);
}
void GradientTape::watch(const Variable& variable) {
  recording<RuntimeError>("GradientTape.watch", impl()).record.watch(variable);
}
void GradientTape::watch(std::initializer_list<detail::Source> sources) {
  for (const auto& source : sources) {
    if (source.tensor != nullptr) {
      watch(*source.tensor);
    } else {
      watch(*source.variable);
    }
  }
}

void GradientTape::stop() {
  if (is_recording()) impl().stop();
}
bool GradientTape::is_recording() const noexcept { return impl_ != nullptr && impl_->recording(); }

GradientTape::Scope GradientTape::scope() & {
  if (impl().recording()) {
    detail::fail<ValueError>("GradientTape.scope",
                             "Tape is still recording, This can happen if you try to re-enter an already-active tape.");
  }
  impl_->resume();
  return Scope(impl_.get());
}

GradientTape::Scope::~Scope() {
  if (tape_ != nullptr) tape_->stop_anywhere();
}

GradientTape::Pause GradientTape::stop_recording() & {
  constexpr const char* op = "GradientTape.stop_recording";
  if (impl().used_up() && !impl_->recording()) {
    detail::fail<RuntimeError>(op, "Trying to stop recording a tape which is not recording.");
  }
  detail::TapeImpl& tape = recording<ValueError>(op, *impl_);
  tape.stop();
  return Pause(&tape);
}

GradientTape::Pause::~Pause() {
  if (tape_ != nullptr && tape_->of_calling_thread() && !tape_->recording()) tape_->resume();
}

void GradientTape::reset() { recording<ValueError>("GradientTape.reset", impl()).forget_all(); }

std::vector<Variable> GradientTape::watched_variables() const {
  std::vector<Variable> variables(impl().record.variables().begin(), impl().record.variables().end());
  std::sort(variables.begin(), variables.end(),
            [](const Variable& a, const Variable& b) { return a.impl()->number < b.impl()->number; });
  return variables;
}

Explanation GradientTape::explain(const Tensor& target, const Tensor& source) const {
  return impl().diagnostics.explain(target, source, impl_->options().watch_accessed_variables);
}
Explanation GradientTape::explain(const Tensor& target, const Variable& source) const {
  return impl().diagnostics.explain(target, source, impl_->options().watch_accessed_variables);
}

std::string GradientTape::dot() const { return impl().diagnostics.dot(); }

void GradientTape::profile(const std::string& path) const {
  constexpr const char* op = "GradientTape.profile";
  if (!impl().options().profile) detail::fail<RuntimeError>(op, "the tape was made without {{.profile = true}}");
  std::ofstream file(detail::checked_path(op, path));
  file << impl_->diagnostics.chrome_trace();
  if (!file.flush()) detail::fail<RuntimeError>(op, "cannot write '{}': {}", path, std::strerror(errno));
}

std::size_t GradientTape::num_records() const noexcept {
  return impl_ == nullptr || impl_->used_up() ? 0 : impl_->record.num_ops_with_gradient();
}

Tensors GradientTape::compute(std::span<const Tensor> targets, std::span<const detail::Source> sources,
                              const GradientOptions& options) {
  impl().check_usable();
  return impl_->gradient(targets, sources, options);
}

Tensor GradientTape::gradient(const Tensor& target, const Tensor& source, const GradientOptions& options) {
  const detail::Source sources[] = {source};
  return compute({&target, 1}, sources, options)[0];
}

Tensor GradientTape::gradient(const Tensor& target, const Variable& source, const GradientOptions& options) {
  const detail::Source sources[] = {source};
  return compute({&target, 1}, sources, options)[0];
}

namespace {
template <class T>
detail::PoolVector<detail::Source> sources_of(const std::vector<T>& list) {
  return {list.begin(), list.end()};
}
}  // namespace

Tensors GradientTape::gradient(const Tensor& target, const std::vector<Variable>& sources,
                               const GradientOptions& options) {
  return compute({&target, 1}, sources_of(sources), options);
}

Tensors GradientTape::gradient(const Tensor& target, const std::vector<Tensor>& sources,
                               const GradientOptions& options) {
  return compute({&target, 1}, sources_of(sources), options);
}

Tensors GradientTape::gradient(const Tensor& target, std::initializer_list<detail::Source> sources,
                               const GradientOptions& options) {
  return compute({&target, 1}, {sources.begin(), sources.size()}, options);
}

Tensors GradientTape::gradient(const std::vector<Tensor>& targets, std::initializer_list<detail::Source> sources,
                               const GradientOptions& options) {
  return compute(targets, {sources.begin(), sources.size()}, options);
}

Tensors GradientTape::gradient(const std::vector<Tensor>& targets, const std::vector<Variable>& sources,
                               const GradientOptions& options) {
  return compute(targets, sources_of(sources), options);
}

Tensors GradientTape::gradient(const std::vector<Tensor>& targets, const std::vector<Tensor>& sources,
                               const GradientOptions& options) {
  return compute(targets, sources_of(sources), options);
}

}  // namespace xtape
