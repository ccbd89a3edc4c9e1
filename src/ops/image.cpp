#include "xtape/ops/image.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/warp.hpp"
#include "ops/in_float32.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::image {
namespace {

using detail::fail;
using detail::launch;
using detail::Read;
using detail::Write;
using kernels::Beyond;
using kernels::Warp;

Tensor warp(Warp w, const Tensor& transforms, const Tensor& images);

Tensor warp_grad(const Warp& w, const Tensor& transforms, const Tensor& dy) {
  Tensor dx = detail::make_tensor({w.batch, w.in_height, w.in_width, w.channels}, dy.dtype());
  launch(
      [w](Read places, Read from, Write to) {
        kernels::visit_floating(from.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::warp_grad(w, places.data<double>(), from.data<T>(), to.data<T>());
        });
      },
      transforms, dy, dx);
  return record("affine_transform_grad", {dy}, std::move(dx),
                [&] { return [w, transforms](const Tensor& g) { return Grads{warp(w, transforms, g)}; }; });
}

/// Apart from the fill value it is linear in the images, so its derivative is the same without the fill value.
Tensor warp(Warp w, const Tensor& transforms, const Tensor& images) {
  Tensor y = detail::make_tensor({w.batch, w.out_height, w.out_width, w.channels}, images.dtype());
  launch(
      [w](Read places, Read from, Write to) {
        kernels::visit_floating(from.dtype(), [&]<class T>(kernels::Type<T>) {
          kernels::warp(w, places.data<double>(), from.data<T>(), to.data<T>());
        });
      },
      transforms, images, y);
  w.fill = 0;
  return record("affine_transform", {images}, std::move(y),
                [&] { return [w, transforms](const Tensor& dy) { return Grads{warp_grad(w, transforms, dy)}; }; });
}

Beyond beyond_of(const char* op, const std::string& name) {
  if (name == "constant") return Beyond::constant;
  if (name == "nearest") return Beyond::nearest;
  if (name == "reflect") return Beyond::reflect;
  if (name == "wrap") return Beyond::wrap;
  fail<ValueError>(op, "expected fill_mode to be one of constant, nearest, reflect, wrap: received '{}'", name);
}

bool is_bilinear(const char* op, const std::string& name) {
  if (name != "bilinear" && name != "nearest") {
    fail<ValueError>(op, "expected interpolation to be one of bilinear, nearest: received '{}'", name);
  }
  return name == "bilinear";
}

/// Runs f on a batch of float32 or float64 images.
template <class F>
Tensor on_batch(const char* op, const Tensor& images, const F& f) {
  detail::expect_floating(op, images.dtype());
  if (images.rank() != 3 && images.rank() != 4) {
    fail<ValueError>(op,
                     "expected images [batch, height, width, channels] or [height, width, channels], received "
                     "shape {}",
                     images.shape());
  }
  if (images.dtype() == bfloat16) return detail::narrowed(on_batch(op, detail::widened(images), f));
  return images.rank() == 4 ? f(images) : squeeze(f(expand_dims(images, 0)), 0);
}

void check_pixels(const char* op, const Shape& shape) {
  if (shape[1] < 1 || shape[2] < 1) fail<ValueError>(op, "expected images with pixels, received shape {}", shape);
}

}  // namespace

Tensor affine_transform(const Tensor& images, const Tensor& transform, const AffineTransformOptions& options) {
  XTAPE_NOTE(image::affine_transform, images, transform, options);
  const char* op = "affine_transform";
  const bool bilinear = is_bilinear(op, options.interpolation);
  const Beyond beyond = beyond_of(op, options.fill_mode);
  return on_batch(op, images, [&](const Tensor& x) {
    const Shape& shape = x.shape();
    check_pixels(op, shape);
    const Shape wanted{shape[0], 8};
    if (transform.shape() != wanted && transform.shape() != Shape{8}) {
      fail<ValueError>(op, "expected a transform of shape (8,) or {}, received {}", wanted, transform.shape());
    }
    const Tensor transforms = broadcast_to(detail::convert(stop_gradient(transform), float64), wanted);
    return warp({shape[0], shape[1], shape[2], shape[1], shape[2], shape[3], beyond, bilinear, options.fill_value},
                transforms, x);
  });
}

Tensor resize(const Tensor& images, Size2d size, const std::string& interpolation) {
  XTAPE_NOTE(image::resize, images, size, interpolation);
  const char* op = "resize";
  const bool bilinear = is_bilinear(op, interpolation);
  if (size.height < 1 || size.width < 1) {
    fail<ValueError>(op, "expected a positive size, received ({}, {})", size.height, size.width);
  }
  return on_batch(op, images, [&](const Tensor& x) {
    const Shape& shape = x.shape();
    check_pixels(op, shape);
    const double sx = static_cast<double>(shape[2]) / static_cast<double>(size.width);
    const double sy = static_cast<double>(shape[1]) / static_cast<double>(size.height);
    const Tensor one = constant(std::vector<double>{sx, 0, (sx - 1) / 2, 0, sy, (sy - 1) / 2, 0, 0});
    return warp({shape[0], shape[1], shape[2], size.height, size.width, shape[3], Beyond::nearest, bilinear, 0},
                broadcast_to(one, {shape[0], 8}), x);
  });
}

}  // namespace xtape::image
