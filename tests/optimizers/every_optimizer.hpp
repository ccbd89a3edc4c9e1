#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xtape/optimizers/adadelta.hpp"
#include "xtape/optimizers/adafactor.hpp"
#include "xtape/optimizers/adagrad.hpp"
#include "xtape/optimizers/adam.hpp"
#include "xtape/optimizers/adamax.hpp"
#include "xtape/optimizers/adamw.hpp"
#include "xtape/optimizers/ftrl.hpp"
#include "xtape/optimizers/lamb.hpp"
#include "xtape/optimizers/lars.hpp"
#include "xtape/optimizers/lion.hpp"
#include "xtape/optimizers/muon.hpp"
#include "xtape/optimizers/nadam.hpp"
#include "xtape/optimizers/radam.hpp"
#include "xtape/optimizers/rmsprop.hpp"
#include "xtape/optimizers/schedule_free_adamw.hpp"
#include "xtape/optimizers/sgd.hpp"

// Every optimizer, with each of its ways to compute a step, for tests that apply to all.
namespace xtape::testing {

/// The options that all optimizers have.
struct Common {
  std::optional<double> weight_decay = {}, clipnorm = {}, clipvalue = {}, global_clipnorm = {};
  bool use_ema = false;
  double ema_momentum = 0.99;
  std::optional<std::int64_t> ema_overwrite_frequency = {};
  std::optional<double> loss_scale_factor = {};
  std::optional<std::int64_t> gradient_accumulation_steps = {};
  std::optional<optimizers::LearningRate> learning_rate = {};
};

struct OptimizerCase {
  std::string name;
  std::function<std::unique_ptr<optimizers::Optimizer>(const Common&)> make;
  /// What Keras's own code, run with numpy in float64, makes of (1, -2, 0.5) in six steps t = 1, 2, ... with the
  /// gradients (sin t, 3 cos 2t, 0.1 t - 0.3). For optimizers that Keras does not have, and for those that keep other
  /// quantities in Keras than in the paper, the paper's algorithm written in Python.
  std::vector<double> after_six_steps;

  std::unique_ptr<optimizers::Optimizer> operator()(const Common& common = {}) const { return make(common); }
};

template <class O, class Options>
OptimizerCase optimizer_case(std::string name, const Options& options, std::vector<double> after_six_steps) {
  const auto make = [options](const Common& c) -> std::unique_ptr<optimizers::Optimizer> {
    Options o = options;
    if (c.weight_decay) {
      o.weight_decay = c.weight_decay;
      if constexpr (requires { o.adam_weight_decay; }) o.adam_weight_decay = c.weight_decay;
    }
    o.clipnorm = c.clipnorm;
    o.clipvalue = c.clipvalue;
    o.global_clipnorm = c.global_clipnorm;
    o.use_ema = c.use_ema;
    o.ema_momentum = c.ema_momentum;
    o.ema_overwrite_frequency = c.ema_overwrite_frequency;
    o.loss_scale_factor = c.loss_scale_factor;
    o.gradient_accumulation_steps = c.gradient_accumulation_steps;
    if (c.learning_rate) o.learning_rate = *c.learning_rate;
    return std::make_unique<O>(o);
  };
  return {std::move(name), make, std::move(after_six_steps)};
}

inline const std::vector<OptimizerCase>& every_optimizer() {
  using namespace optimizers;
  static const std::vector<OptimizerCase> cases = {
      optimizer_case<SGD>("SGD", SGDOptions{.learning_rate = 0.1}, {1.01032538484765, -1.92489866752611, 0.47}),
      optimizer_case<SGD>("SGD momentum", SGDOptions{.learning_rate = 0.1, .momentum = 0.7},
                          {0.821304533871724, -1.54829627152484, 0.5006544}),
      optimizer_case<SGD>("SGD nesterov", SGDOptions{.learning_rate = 0.1, .momentum = 0.7, .nesterov = true},
                          {0.885238558557862, -1.6087060575935, 0.47045808}),
      optimizer_case<Adam>("Adam", AdamOptions{.learning_rate = 0.02, .beta_1 = 0.7, .beta_2 = 0.6, .epsilon = 1e-3},
                           {0.959509676287774, -1.95949657273727, 0.533537043894662}),
      optimizer_case<Adam>(
          "Adam amsgrad",
          AdamOptions{.learning_rate = 0.02, .beta_1 = 0.7, .beta_2 = 0.6, .epsilon = 1e-3, .amsgrad = true},
          {0.961458958161598, -1.95957017278074, 0.527488251744446}),
      optimizer_case<AdamW>(
          "AdamW",
          AdamWOptions{.learning_rate = 0.02, .weight_decay = 0.3, .beta_1 = 0.8, .beta_2 = 0.9, .epsilon = 1e-3},
          {0.917386128617885, -1.88611991904686, 0.518265563212897}),
      optimizer_case<Adamax>("Adamax",
                             AdamaxOptions{.learning_rate = 0.03, .beta_1 = 0.7, .beta_2 = 0.6, .epsilon = 1e-2},
                             {0.937100380657706, -1.94366269077585, 0.567248997382538}),
      optimizer_case<Nadam>("Nadam", NadamOptions{.learning_rate = 0.03, .beta_1 = 0.7, .beta_2 = 0.8, .epsilon = 1e-2},
                            {0.984256599075921, -1.9526240537675, 0.480754534518652}),
      optimizer_case<RMSprop>("RMSprop", RMSpropOptions{.learning_rate = 0.03, .rho = 0.7},
                              {0.983886983250805, -1.93107891161855, 0.460562334120365}),
      optimizer_case<RMSprop>("RMSprop momentum",
                              RMSpropOptions{.learning_rate = 0.03, .rho = 0.7, .momentum = 0.6, .epsilon = 1e-2},
                              {0.904422990081751, -1.81643273976355, 0.502794632646001}),
      optimizer_case<RMSprop>("RMSprop centered",
                              RMSpropOptions{.learning_rate = 0.03, .rho = 0.7, .epsilon = 1e-2, .centered = true},
                              {0.959219705577683, -1.90020714682882, 0.458050806004405}),
      optimizer_case<RMSprop>(
          "RMSprop both",
          RMSpropOptions{.learning_rate = 0.03, .rho = 0.7, .momentum = 0.6, .epsilon = 1e-2, .centered = true},
          {0.841131185221786, -1.74457877409527, 0.506015919053505}),
      optimizer_case<Adagrad>("Adagrad",
                              AdagradOptions{.learning_rate = 0.1, .initial_accumulator_value = 0.3, .epsilon = 1e-2},
                              {0.955209241347385, -1.8852310058245, 0.460371778876358}),
      optimizer_case<Adadelta>("Adadelta", AdadeltaOptions{.learning_rate = 0.7, .rho = 0.8, .epsilon = 1e-2},
                               {1.04998865521473, -1.8434668374732, 0.346754238653865}),
      optimizer_case<Ftrl>("Ftrl",
                           FtrlOptions{.learning_rate = 0.1,
                                       .l1_regularization_strength = 0.2,
                                       .l2_regularization_strength = 0.3,
                                       .l2_shrinkage_regularization_strength = 0.4,
                                       .beta = 0.5},
                           {0.260797620776273, -0.792329119235793, -0.019144923211405}),
      optimizer_case<Ftrl>(
          "Ftrl power",
          FtrlOptions{.learning_rate = 0.1, .learning_rate_power = -0.8, .initial_accumulator_value = 0.2},
          {0.630072742818698, -1.5453016998374, 0.0153178936295181}),
      optimizer_case<Ftrl>("Ftrl power 0",
                           FtrlOptions{.learning_rate = 0.1, .learning_rate_power = 0, .initial_accumulator_value = 0},
                           {0.0103253848476548, 0.0751013324738887, -0.03}),
      optimizer_case<Lion>("Lion", LionOptions{.learning_rate = 0.05, .beta_1 = 0.6, .beta_2 = 0.7}, {1, -1.9, 0.5}),
      optimizer_case<Lamb>("Lamb", LambOptions{.learning_rate = 0.05, .beta_1 = 0.6, .beta_2 = 0.7, .epsilon = 1e-2},
                           {0.98409936713137, -1.91785585735921, 0.470377857822267}),
      optimizer_case<Adafactor>(
          "Adafactor",
          AdafactorOptions{
              .learning_rate = 0.3, .beta_2_decay = -0.6, .epsilon_1 = 1e-3, .epsilon_2 = 0.1, .clip_threshold = 0.7},
          {1.03456538469687, -1.73491457481378, 0.116674670215909}),
      optimizer_case<RAdam>("RAdam", RAdamOptions{.learning_rate = 0.02, .beta_1 = 0.7, .beta_2 = 0.9, .epsilon = 1e-3},
                            {0.962841907960702, -1.93487343773739, 0.503176544146693}),
      optimizer_case<LARS>("LARS", LARSOptions{.learning_rate = 0.1, .momentum = 0.7, .trust_coefficient = 0.1},
                           {0.991201957222424, -1.90640593669987, 0.500869998006191}),
      optimizer_case<LARS>("LARS nesterov",
                           LARSOptions{.learning_rate = 0.1,
                                       .momentum = 0.6,
                                       .nesterov = true,
                                       .trust_coefficient = 0.2,
                                       .weight_decay_rate = 0.3},
                           {0.932632827337158, -1.78031417491693, 0.463447947689982}),
      optimizer_case<Muon>("Muon",
                           MuonOptions{.learning_rate = 0.04,
                                       .adam_beta_1 = 0.7,
                                       .adam_beta_2 = 0.6,
                                       .adam_weight_decay = 0.05,
                                       .epsilon = 1e-3,
                                       .adam_lr_ratio = 0.5},
                           {0.94801817168585, -1.93596121005414, 0.527139324568206}),
      optimizer_case<ScheduleFreeAdamW>("ScheduleFreeAdamW",
                                        ScheduleFreeAdamWOptions{.learning_rate = 0.02, .beta_2 = 0.6, .epsilon = 1e-3},
                                        {0.982996381111232, -1.97097105175624, 0.503658160423021}),
      optimizer_case<ScheduleFreeAdamW>(
          "ScheduleFreeAdamW warmup",
          ScheduleFreeAdamWOptions{
              .learning_rate = 0.1, .beta_1 = 0.6, .beta_2 = 0.9, .epsilon = 1e-2, .warmup_steps = 4},
          {1.08193444633131, -1.96939968425771, 0.340951987546859}),
  };
  return cases;
}

}  // namespace xtape::testing
