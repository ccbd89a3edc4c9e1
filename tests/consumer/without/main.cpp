// The calls that a library built without its optional parts cannot serve say what is missing, and what brings it.
#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <string>

#include <xtape/xtape.hpp>

#include "io/events.hpp"
#include "io/hdf5.hpp"
#include "io/png.hpp"

namespace xp = xtape;

namespace {

int failures = 0;

void expect(const std::string& op, const std::string& library, const std::string& option, const std::string& package,
            const std::function<void()>& call) {
  const std::string expected = "[" + op + "] expected xtape built with " + library +
                               ", received one built without: configure it with -D" + option + "=ON (" + package + ")";
  std::string received = "nothing thrown";
  try {
    call();
  } catch (const xp::RuntimeError& error) {
    received = error.message();
  }
  if (received == expected) return;
  fmt::print("expected: {}\nreceived: {}\n", expected, received);
  ++failures;
}

}  // namespace

int main() {
  const auto tensorboard = [](const char* op, const std::function<void()>& call) {
    expect(op, "protobuf", "XTAPE_TENSORBOARD", "libprotobuf-dev, protobuf-compiler", call);
  };
  const std::string folder = "without_tensorboard";
  tensorboard("create_file_writer", [&] { (void)xp::summary::create_file_writer(folder); });
  tensorboard("FileWriter.scalar", [] { (void)xp::detail::scalar_event({}, "loss", 1); });
  tensorboard("FileWriter.histogram", [] { (void)xp::detail::histogram_event({}, "w", xp::zeros({2}), 3); });
  tensorboard("FileWriter.image", [] { (void)xp::detail::image_event({}, "x", xp::zeros({1, 2, 2}), 3); });
  tensorboard("FileWriter.text", [] { (void)xp::detail::text_event({}, "a", "b"); });
  tensorboard("FileWriter.graph", [] { (void)xp::detail::graph_event(0, {}); });
  tensorboard("export_onnx", [] {
    xp::Sequential{xp::Input({2}), xp::layers::Dense(1)}.export_onnx("without_tensorboard.onnx");
  });
  tensorboard("onnx.load", [] { (void)xp::onnx::load("none.onnx"); });
  if (std::filesystem::exists(folder) || std::filesystem::exists("without_tensorboard.onnx")) {
    fmt::print("a writer that cannot write has made {}\n", folder);
    ++failures;
  }

  expect("FileWriter.image", "libpng", "XTAPE_PNG", "libpng-dev",
         [] { (void)xp::detail::encode_png("FileWriter.image", {}, 1, 1, 1); });

  const auto hdf5 = [](const char* op, const std::function<void()>& call) {
    expect(op, "libhdf5", "XTAPE_HDF5", "libhdf5-dev", call);
  };
  hdf5("load_weights", [] {  // of a format that only libhdf5 reads
    const std::string bytes = std::string("\x89HDF\r\n\x1a\n\2", 9) + std::string(100, '\0');
    (void)xp::detail::Hdf5Reader("load_weights", xp::detail::memory_bytes("load_weights", "latest.h5", bytes));
  });
  hdf5("save_weights", [] { (void)xp::detail::Hdf5Writer("save_weights", "without.h5"); });
  hdf5("save_weights", [] { (void)xp::detail::Hdf5Writer("save_weights"); });
  if (std::filesystem::exists("without.h5")) {
    fmt::print("without.h5 has been written\n");
    ++failures;
  }

  const auto minizip = [](const char* op, const std::function<void()>& call) {
    expect(op, "minizip", "XTAPE_MINIZIP", "libminizip-dev", call);
  };
  minizip("load_npz", [] { (void)xp::io::load_npz("none.npz"); });
  minizip("save_npz", [] { xp::io::save_npz("without_minizip.npz", {{"a", xp::zeros({2})}}); });
  if (std::filesystem::exists("without_minizip.npz")) {
    fmt::print("without_minizip.npz has been written\n");
    ++failures;
  }

  const auto lapack = [](const char* op, const std::function<void()>& call) {
    expect(op, "LAPACK", "XTAPE_LAPACK", "libopenblas-dev or liblapack-dev", call);
  };
  const xp::Tensor a = xp::eye(3), b = xp::ones({3, 1});
  lapack("linalg.inv", [&] { (void)xp::linalg::inv(a); });
  lapack("linalg.solve", [&] { (void)xp::linalg::solve(a, b); });
  lapack("linalg.triangular_solve", [&] { (void)xp::linalg::triangular_solve(a, b); });
  lapack("linalg.cholesky", [&] { (void)xp::linalg::cholesky(a); });
  lapack("linalg.qr", [&] { (void)xp::linalg::qr(a); });
  lapack("linalg.svd", [&] { (void)xp::linalg::svd(a); });
  lapack("linalg.eigh", [&] { (void)xp::linalg::eigh(a); });
  lapack("linalg.det", [&] { (void)xp::linalg::det(a); });
  lapack("linalg.slogdet", [&] { (void)xp::linalg::slogdet(a); });
  lapack("linalg.qr", [&] { (void)xp::linalg::lstsq(a, b); });

  // What needs none of them works.
  if (xp::reduce_sum(xp::matmul(a, b)).item<float>() != 3) ++failures;
  fmt::print("{} failures\n", failures);
  return failures == 0 ? 0 : 1;
}
