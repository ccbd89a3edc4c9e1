#include "xtape/applications/vgg16.hpp"

#include "applications/vgg.hpp"

namespace xtape::applications {

Model VGG16(const ApplicationOptions& options) { return detail::vgg("VGG16", "vgg16", {2, 2, 3, 3, 3}, options); }

}  // namespace xtape::applications
