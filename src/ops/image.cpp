#include "xtape/ops/image.hpp"

#include "base/check.hpp"
#include "base/dtype_errors.hpp"
#include "core/call_notes.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/warp.hpp"
#include "ops/in_float32.hpp"
#include "ops/window.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/arithmetic.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/record_forward.hpp"

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
  return record(
      "affine_transform_grad", {dy}, std::move(dx),
      [&] { return [w, transforms](const Tensor& g) { return Grads{warp(w, transforms, g)}; }; },
      [&](const Tensor& t) { return warp_grad(w, transforms, t); });
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
  return record(
      "affine_transform", {images}, std::move(y),
      [&] { return [w, transforms](const Tensor& dy) { return Grads{warp_grad(w, transforms, dy)}; }; },
      [&](const Tensor& t) { return warp(w, transforms, t); });
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

Tensor extract_patches(const Tensor& images, Size2d size, const ExtractPatchesOptions& options) {
  XTAPE_NOTE(image::extract_patches, images, size, options);
  const char* op = "extract_patches";
  const Size2d strides = options.strides.value_or(size), rate = options.dilation_rate;
  return on_batch(op, images, [&](const Tensor& x) {
    const Shape& shape = x.shape();
    const auto rows =
        detail::make_window(op, "height", shape[1], size.height, strides.height, rate.height, options.padding);
    const auto columns =
        detail::make_window(op, "width", shape[2], size.width, strides.width, rate.width, options.padding);
    // The places in an image with one more pixel, of 0, for what is beyond its edges.
    const std::int64_t pixels = shape[1] * shape[2];
    std::vector<std::int64_t> places;
    for (std::int64_t i = 0; i < rows.out; ++i) {
      for (std::int64_t j = 0; j < columns.out; ++j) {
        for (std::int64_t a = 0; a < size.height; ++a) {
          for (std::int64_t b = 0; b < size.width; ++b) {
            const std::int64_t row = i * strides.height - rows.before + a * rate.height;
            const std::int64_t column = j * strides.width - columns.before + b * rate.width;
            const bool inside = row >= 0 && row < shape[1] && column >= 0 && column < shape[2];
            places.push_back(inside ? row * shape[2] + column : pixels);
          }
        }
      }
    }
    const Tensor flat = reshape(x, {shape[0], pixels, shape[3]});
    const Tensor beyond = zeros({shape[0], 1, shape[3]}, x.dtype());
    const Tensor chosen = gather(concat({flat, beyond}, 1), constant(places), 1);
    return reshape(chosen, {shape[0], rows.out, columns.out, size.height * size.width * shape[3]});
  });
}

namespace {

enum class Outside { zeros, border, reflection };

Outside outside_of(const char* op, const std::string& name) {
  if (name == "zeros") return Outside::zeros;
  if (name == "border") return Outside::border;
  if (name == "reflection") return Outside::reflection;
  fail<ValueError>(op, "expected padding_mode to be one of zeros, border, reflection: received '{}'", name);
}

/// Coordinates of pixels, of which 0 and size - 1 are the centres of the outermost ones.
Tensor pixel_coordinates(const Tensor& grid, std::int64_t size, Outside outside, bool align_corners) {
  const auto n = static_cast<double>(size);
  const Tensor at = align_corners ? (grid + 1) * ((n - 1) / 2) : ((grid + 1) * n - 1) / 2.0;
  if (outside == Outside::zeros) return at;
  if (outside == Outside::border) return clip_by_value(at, 0, n - 1);
  // There and back again between the outermost pixels, or their outer edges.
  const double low = align_corners ? 0 : -0.5, span = align_corners ? n - 1 : n;
  if (span == 0) return at * 0.0;
  return clip_by_value(low + (span - abs(mod(at - low, 2 * span) - span)), 0, n - 1);
}

/// The pixels at whole coordinates, [batch, rows, columns, channels], 0 outside of the images.
Tensor pixels_at(const Tensor& x, const Tensor& row, const Tensor& column) {
  const Shape& shape = x.shape();
  const auto height = static_cast<double>(shape[1]), width = static_cast<double>(shape[2]);
  const Tensor inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1);
  const auto whole = [&](const Tensor& at) { return cast(where(inside, at, 0), int64); };
  const Tensor place = whole(row) * shape[2] + whole(column);
  const Tensor chosen = gather(reshape(x, {shape[0], shape[1] * shape[2], shape[3]}), place, 1, 1);
  return where(expand_dims(inside, -1), chosen, 0);
}

}  // namespace

Tensor grid_sample(const Tensor& images, const Tensor& grid, const GridSampleOptions& options) {
  XTAPE_NOTE(image::grid_sample, images, grid, options);
  const char* op = "grid_sample";
  const bool bilinear = is_bilinear(op, options.interpolation);
  const Outside outside = outside_of(op, options.padding_mode);
  detail::expect_floating(op, images.dtype());
  detail::expect_same_dtype(op, images.dtype(), grid.dtype());
  if (images.rank() != 4 || grid.rank() != 4 || grid.shape()[3] != 2 || grid.shape()[0] != images.shape()[0]) {
    fail<ValueError>(op,
                     "expected images [batch, height, width, channels] and a grid [batch, rows, columns, 2]: {}, {}",
                     images.shape(), grid.shape());
  }
  check_pixels(op, images.shape());
  if (images.dtype() == bfloat16) return detail::in_float32(grid_sample, images, grid, options);
  const auto along = [&](int place, std::int64_t size) {
    return pixel_coordinates(squeeze(slice_axis(grid, 3, place, 1), 3), size, outside, options.align_corners);
  };
  const Tensor column = along(0, images.shape()[2]), row = along(1, images.shape()[1]);
  if (!bilinear) return pixels_at(images, round(row), round(column));
  const Tensor left = floor(column), top = floor(row);
  const Tensor right_share = expand_dims(column - left, -1), lower_share = expand_dims(row - top, -1);
  const auto line = [&](const Tensor& at) {
    return (1 - right_share) * pixels_at(images, at, left) + right_share * pixels_at(images, at, left + 1);
  };
  return (1 - lower_share) * line(top) + lower_share * line(top + 1);
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
