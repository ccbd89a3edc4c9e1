#include "kernels/ctc.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace xtape::kernels {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();
using V = Batch<double>;
constexpr std::int64_t width = V::size;

/// log(e^a + e^b + e^c), -inf of three -inf.
inline V log_sum(const V& a, const V& b, const V& c) {
  const V largest = xsimd::max(xsimd::max(a, b), c);
  const V at = xsimd::select(largest == V(never), V(0.0), largest);
  return at + xsimd::log(xsimd::exp(a - at) + xsimd::exp(b - at) + xsimd::exp(c - at));
}
inline double log_sum(double a, double b) {
  const double largest = std::max(a, b);
  return largest == never ? never : largest + std::log(std::exp(a - largest) + std::exp(b - largest));
}

/// The states of one sample. Rows of states have `never` before and behind them, so that vectors can reach there.
class Sample {
 public:
  template <class T>
  Sample(const CtcBatch& batch, std::int64_t i, const T* logits)
      : classes_(batch.classes),
        steps_(batch.output_lengths[i]),
        states_(2 * batch.target_lengths[i] + 1),
        row_((states_ + width - 1) / width * width + 4),
        symbols_(static_cast<std::size_t>(states_), batch.blank),
        skip_(static_cast<std::size_t>(row_), never),
        emissions_(static_cast<std::size_t>(steps_ * row_), never),
        log_sums_(static_cast<std::size_t>(steps_)) {
    const std::int64_t* target = batch.targets + i * batch.symbols;
    for (std::int64_t s = 1; s < states_; s += 2) symbols_[static_cast<std::size_t>(s)] = target[s / 2];
    for (std::int64_t s = 2; s < states_; ++s) {
      // A 0 among the labels is, in Keras and PyTorch, a symbol like others.
      if (symbol_of(s) != symbol_of(s - 2)) skip_[static_cast<std::size_t>(s + 2)] = 0;
    }
    for (std::int64_t t = 0; t < steps_; ++t) {
      const T* x = logits + (i * batch.steps + t) * classes_;
      double largest = never, sum = 0;
      for (std::int64_t k = 0; k < classes_; ++k) largest = std::max(largest, static_cast<double>(x[k]));
      for (std::int64_t k = 0; k < classes_; ++k) sum += std::exp(static_cast<double>(x[k]) - largest);
      const double log_of_sum = largest + std::log(sum);
      log_sums_[static_cast<std::size_t>(t)] = log_of_sum;
      for (std::int64_t s = 0; s < states_; ++s) emissions(t)[s] = static_cast<double>(x[symbol_of(s)]) - log_of_sum;
    }
  }

  std::int64_t steps() const { return steps_; }
  std::int64_t states() const { return states_; }
  std::int64_t symbol_of(std::int64_t s) const { return symbols_[static_cast<std::size_t>(s)]; }
  double log_sum_of(std::int64_t t) const { return log_sums_[static_cast<std::size_t>(t)]; }
  /// A row of `never` for states; state 0 is its third element.
  std::vector<double> empty_row(std::int64_t rows = 1) const {
    return std::vector<double>(static_cast<std::size_t>(rows * row_), never);
  }
  std::int64_t row() const { return row_; }

  void first(double* alpha) const {
    for (std::int64_t s = 0; s < std::min<std::int64_t>(2, states_); ++s) alpha[s + 2] = emissions(0)[s];
  }
  /// alpha at step t from that of step t - 1.
  void forward(std::int64_t t, const double* before, double* alpha) const {
    for (std::int64_t s = 0; s < states_; s += width) {
      const V skip = V::load_unaligned(&skip_[static_cast<std::size_t>(s + 2)]);
      const V sum = log_sum(V::load_unaligned(before + s + 2), V::load_unaligned(before + s + 1),
                            V::load_unaligned(before + s) + skip);
      (sum + V::load_unaligned(emissions(t) + s)).store_unaligned(alpha + s + 2);
    }
  }
  /// beta at step t from `later`, beta + emissions at step t + 1.
  void backward(const double* later, double* beta) const {
    for (std::int64_t s = 0; s < states_; s += width) {
      double skip[width];
      for (std::int64_t k = 0; k < width; ++k) {
        const std::int64_t to = s + k + 2;
        skip[k] = to < states_ ? skip_[static_cast<std::size_t>(to + 2)] : never;
      }
      log_sum(V::load_unaligned(later + s), V::load_unaligned(later + s + 1),
              V::load_unaligned(later + s + 2) + V::load_unaligned(skip))
          .store_unaligned(beta + s);
    }
  }
  double loss(const double* alpha) const { return -log_sum(alpha[states_ + 1], states_ > 1 ? alpha[states_] : never); }

  double* emissions(std::int64_t t) { return &emissions_[static_cast<std::size_t>(t * row_)]; }
  const double* emissions(std::int64_t t) const { return &emissions_[static_cast<std::size_t>(t * row_)]; }

 private:
  std::int64_t classes_, steps_, states_, row_;
  std::vector<std::int64_t> symbols_;
  std::vector<double> skip_;  ///< 0 where a state can be reached from the one before the last; shifted by 2 as alpha is
  std::vector<double> emissions_, log_sums_;
};

/// Without a step, only the empty target is possible.
double loss_without_steps(const Sample& sample) { return sample.states() == 1 ? 0 : -never; }

template <class F>
void for_samples(const CtcBatch& batch, const F& f) {
  const std::int64_t work = std::max<std::int64_t>(1, batch.steps * (batch.classes + 8 * batch.symbols));
  parallel_rows(batch.size, std::max<std::int64_t>(1, elementwise_grain / 8 / work),
                [&](std::int64_t begin, std::int64_t end) {
                  for (std::int64_t i = begin; i < end; ++i) f(i);
                });
}

}  // namespace

template <class T>
void ctc_loss(const CtcBatch& batch, const T* logits, T* losses) {
  for_samples(batch, [&](std::int64_t i) {
    const Sample sample(batch, i, logits);
    if (sample.steps() == 0) {
      losses[i] = static_cast<T>(loss_without_steps(sample));
      return;
    }
    std::vector<double> alpha = sample.empty_row(), next = sample.empty_row();
    sample.first(alpha.data());
    for (std::int64_t t = 1; t < sample.steps(); ++t) {
      sample.forward(t, alpha.data(), next.data());
      std::swap(alpha, next);
    }
    losses[i] = static_cast<T>(sample.loss(alpha.data()));
  });
}

template <class T>
void ctc_loss_grad(const CtcBatch& batch, const T* d_losses, const T* logits, T* d_logits) {
  for_samples(batch, [&](std::int64_t i) {
    const std::int64_t classes = batch.classes, first = i * batch.steps * classes;
    std::fill_n(d_logits + first, batch.steps * classes, T(0));
    const Sample sample(batch, i, logits);
    const std::int64_t steps = sample.steps(), states = sample.states(), row = sample.row();
    if (steps == 0) return;
    std::vector<double> alpha = sample.empty_row(steps);
    sample.first(alpha.data());
    for (std::int64_t t = 1; t < steps; ++t)
      sample.forward(t, &alpha[static_cast<std::size_t>((t - 1) * row)], &alpha[static_cast<std::size_t>(t * row)]);
    const double loss = sample.loss(&alpha[static_cast<std::size_t>((steps - 1) * row)]);
    if (loss == -never) return;
    std::vector<double> beta = sample.empty_row(), later = sample.empty_row(),
                        expected(static_cast<std::size_t>(classes));
    beta[static_cast<std::size_t>(states - 1)] = 0;
    if (states > 1) beta[static_cast<std::size_t>(states - 2)] = 0;
    for (std::int64_t t = steps - 1; t >= 0; --t) {
      const double* at = &alpha[static_cast<std::size_t>(t * row + 2)];
      std::fill(expected.begin(), expected.end(), 0.0);
      for (std::int64_t s = 0; s < states; ++s) {
        const auto place = static_cast<std::size_t>(s);
        expected[static_cast<std::size_t>(sample.symbol_of(s))] += std::exp(at[s] + beta[place] + loss);
        later[place] = beta[place] + sample.emissions(t)[s];
      }
      const T* x = logits + first + t * classes;
      T* dx = d_logits + first + t * classes;
      for (std::int64_t k = 0; k < classes; ++k) {
        const double probability = std::exp(static_cast<double>(x[k]) - sample.log_sum_of(t));
        dx[k] =
            static_cast<T>(static_cast<double>(d_losses[i]) * (probability - expected[static_cast<std::size_t>(k)]));
      }
      if (t > 0) sample.backward(later.data(), beta.data());
    }
  });
}

template void ctc_loss(const CtcBatch&, const float*, float*);
template void ctc_loss(const CtcBatch&, const double*, double*);
template void ctc_loss_grad(const CtcBatch&, const float*, const float*, float*);
template void ctc_loss_grad(const CtcBatch&, const double*, const double*, double*);

}  // namespace xtape::kernels
