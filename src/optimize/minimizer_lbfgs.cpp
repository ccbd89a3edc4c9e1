#include <deque>
#include <limits>

#include "optimize/minimizer.hpp"

namespace xtape::optimize {
namespace {

class LimitedMemory : public Direction {
 public:
  explicit LimitedMemory(int history) : history_(static_cast<std::size_t>(history)) {}

  /// Algorithm 7.4, the two loops.
  Vector at(const Point& point) override {
    Vector q = scaled(-1, point.gradient);
    std::vector<double> alpha(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      alpha[i] = dot(pairs_[i].s, q) / pairs_[i].sy;
      add_scaled(q, -alpha[i], pairs_[i].y);
    }
    if (!pairs_.empty()) q = scaled(pairs_.back().sy / dot(pairs_.back().y, pairs_.back().y), std::move(q));
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      add_scaled(q, alpha[i] - dot(pairs_[i].y, q) / pairs_[i].sy, pairs_[i].s);
    }
    return q;
  }
  double first_step(const Point& point, const Vector&) override { return pairs_.empty() ? steepest_step(point) : 1; }
  void moved(const Point& from, const Point& to) override {
    Pair pair{difference(to.x, from.x), difference(to.gradient, from.gradient)};
    pair.sy = dot(pair.s, pair.y);
    if (!(pair.sy > std::numeric_limits<double>::epsilon() * dot(pair.y, pair.y))) return;
    if (pairs_.size() == history_) pairs_.pop_front();
    pairs_.push_back(std::move(pair));
  }
  void reset() override { pairs_.clear(); }

 private:
  struct Pair {
    Vector s, y;
    double sy = 0;
  };
  std::size_t history_;
  std::deque<Pair> pairs_;
};

}  // namespace

std::unique_ptr<Direction> lbfgs(int history) { return std::make_unique<LimitedMemory>(history); }

}  // namespace xtape::optimize
