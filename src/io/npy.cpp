#include "xtape/io/npy.hpp"
#include "core/launch.hpp"
#include "io/atomic_file.hpp"
#include "io/input_file.hpp"
#include "io/npy_elements.hpp"

namespace xtape::io {

Tensor load_npy(const std::string& path) {
  return detail::reading("load_npy", path, [&] {
    detail::InputFile file("load_npy", path);
    return detail::read_npy(file);
  });
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const std::string header = detail::npy_header_of("save_npy", tensor);
  detail::AtomicFile file("save_npy", path);
  file.write(header);
  file.write(detail::host_read("io", tensor).bytes(),
             static_cast<std::size_t>(tensor.size()) * itemsize(tensor.dtype()));
  file.commit();
}

}  // namespace xtape::io
