#include "xtape/applications/resnet.hpp"

#include "applications/residual_network.hpp"

namespace xtape::applications {

using detail::ResidualNetwork;

Model ResNet50(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet50", "resnet50", false, {3, 4, 6, 3}}(options);
}

Model ResNet101(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet101", "resnet101", false, {3, 4, 23, 3}}(options);
}

Model ResNet152(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet152", "resnet152", false, {3, 8, 36, 3}}(options);
}

}  // namespace xtape::applications
