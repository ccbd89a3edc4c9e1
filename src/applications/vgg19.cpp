#include "xtape/applications/vgg19.hpp"

#include "applications/vgg.hpp"

namespace xtape::applications {

Model VGG19(const ApplicationOptions& options) { return detail::vgg("VGG19", "vgg19", {2, 2, 4, 4, 4}, options); }

}  // namespace xtape::applications
