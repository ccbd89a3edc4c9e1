#include "xtape/applications/resnet_v2.hpp"

#include "applications/residual_network.hpp"

namespace xtape::applications {

using detail::ResidualNetwork;

Model ResNet50V2(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet50V2", "resnet50v2", true, {3, 4, 6, 3}}(options);
}

Model ResNet101V2(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet101V2", "resnet101v2", true, {3, 4, 23, 3}}(options);
}

Model ResNet152V2(const ApplicationOptions& options) {
  return ResidualNetwork{"ResNet152V2", "resnet152v2", true, {3, 8, 36, 3}}(options);
}

}  // namespace xtape::applications
