// Mistakes with models, their metrics and callbacks; see main.cpp.
#include "xtape/callbacks/early_stopping.hpp"
#include "xtape/metrics/mean.hpp"
#include "xtape/models/model.hpp"

using namespace xtape;

// A metric of the model's own would be tracked as a copy, which nobody updates.
#ifdef MUST_NOT_COMPILE
// expected: the model would track a copy: hold the metric as std::shared_ptr<M> member = track\(M\(...\)\)
struct TracksCopy : Model {
  metrics::Mean mean;
  TracksCopy() { track(mean); }
};
#else
struct TracksShared : Model {
  std::shared_ptr<metrics::Mean> mean = track(metrics::Mean());
};
#endif

// The same as a member that is not shared.
#ifdef MUST_NOT_COMPILE
// expected: no viable conversion|could not convert
struct HoldsCopy : Model {
  metrics::Mean mean = track(metrics::Mean());
};
#else
struct HoldsShared : Model {
  std::shared_ptr<metrics::Mean> mean = track(std::make_shared<metrics::Mean>());
};
#endif

// A Callback by value forgets what it was.
#ifdef MUST_NOT_COMPILE
// expected: protected
void slices_a_callback(const callbacks::EarlyStopping& stopping) { const Callback callback = stopping; }
#else
void keeps_a_callback(const callbacks::EarlyStopping& stopping) { const AnyCallback callback = stopping; }
#endif

struct Unique : Model {
  std::unique_ptr<int> only;
};

// A model that cannot be copied is no plain Model by value.
#ifdef MUST_NOT_COMPILE
// expected: a Model by value is a copy: pass this one as a reference
void unique_by_value(Unique& unique) { const Model model = unique; }
#else
void unique_by_reference(Unique& unique) {
  Model& model = unique;
  (void)model;
}
#endif
