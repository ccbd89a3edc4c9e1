// Convolutions.
#include <algorithm>
#include <numeric>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/conv.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/padding.hpp"

namespace xtape::detail {

Integers image_sizes(const Tensor& x) { return {x.shape().begin() + 1, x.shape().end() - 1}; }

OnnxWindows onnx_windows(const OnnxImportCall& call, Integers size, const Integers& input) {
  const std::size_t n = size.size();
  OnnxWindows w{std::move(size), call.get("strides", Integers(n, 1)), call.get("dilations", Integers(n, 1)), {}, {}};
  Integers pads = call.get("pads", Integers(2 * n, 0));
  if (input.size() != n || w.strides.size() != n || w.dilations.size() != n || pads.size() != 2 * n) {
    call.refuse("its windows have {} axes, but the image has {}, with {} strides, {} dilations and {} pads", n,
                input.size(), w.strides.size(), w.dilations.size(), pads.size());
  }
  constexpr std::int64_t most = std::int64_t{1} << 31;
  const std::string automatic = call.text("auto_pad", "NOTSET");
  for (std::size_t i = 0; i < n; ++i) {
    if (std::min({w.size[i], w.strides[i], w.dilations[i]}) < 1 ||
        std::max({w.size[i], w.strides[i], w.dilations[i]}) > most || std::abs(pads[i]) > most ||
        std::abs(pads[n + i]) > most) {
      call.refuse("expected sizes, strides and dilations of 1 or more, received {}, {} and {} with pads {} and {}",
                  w.size[i], w.strides[i], w.dilations[i], pads[i], pads[n + i]);
    }
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const std::int64_t result = (input[i] + w.strides[i] - 1) / w.strides[i];
      const auto total = std::max<std::int64_t>((result - 1) * w.strides[i] + w.extent(i) - input[i], 0);
      pads[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      pads[n + i] = total - pads[i];
    } else if (automatic == "VALID") {
      pads[i] = pads[n + i] = 0;
    } else if (automatic != "NOTSET") {
      call.refuse("it has the unknown auto_pad '{}'", automatic);
    }
  }
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(n));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(n), pads.end());
  return w;
}

namespace {

using Call = const OnnxImportCall&;

/// Whether the pads are those of "same".
bool is_same_padding(const OnnxWindows& w, const Integers& input) {
  for (std::size_t i = 0; i < w.axes(); ++i) {
    const std::int64_t result = (input[i] + w.strides[i] - 1) / w.strides[i];
    const auto total = std::max<std::int64_t>((result - 1) * w.strides[i] + w.extent(i) - input[i], 0);
    if (w.before[i] != total / 2 || w.after[i] != total - total / 2) return false;
  }
  return true;
}

/// Zeros around the image; negative margins cut.
Tensor with_margins(Call call, Tensor x, const Integers& before, const Integers& after) {
  std::vector<std::array<std::int64_t, 2>> margins(static_cast<std::size_t>(x.rank()), {0, 0});
  std::int64_t elements = x.shape()[0] * x.shape().back();
  bool any = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const int axis = static_cast<int>(i) + 1;
    const auto cut = std::max<std::int64_t>(-before[i], 0), cut_end = std::max<std::int64_t>(-after[i], 0);
    if (cut > 0 || cut_end > 0) x = slice_axis(x, axis, cut, x.shape()[axis] - cut - cut_end);
    margins[i + 1] = {std::max<std::int64_t>(before[i], 0), std::max<std::int64_t>(after[i], 0)};
    any = any || margins[i + 1][0] > 0 || margins[i + 1][1] > 0;
    elements =
        checked_product(OnnxImportCall::method, elements, x.shape()[axis] + margins[i + 1][0] + margins[i + 1][1]);
  }
  if (!any) return x;
  call.expect_moderate(elements);
  return pad(x, margins);
}

/// [O, I, ...] as [..., I, O].
Tensor filters_last(const Tensor& w) {
  std::vector<int> order;
  for (int axis = 2; axis < w.rank(); ++axis) order.push_back(axis);
  order.push_back(1);
  order.push_back(0);
  return transpose(w, order);
}

/// [N, H, W, C] of an image of one axis, which gets a height of 1.
Tensor as_image(const Tensor& x) { return expand_dims(x, 1); }

Tensor with_bias(Call call, const Tensor& y) { return call.has(2) ? y + call.in(2) : y; }

Tensor convolve2d(Call call, const Tensor& x, const OnnxWindows& w, std::int64_t groups, Padding padding) {
  const Size2d strides(w.strides[0], w.strides[1]), dilations(w.dilations[0], w.dilations[1]);
  const Tensor& given = call.in(1);
  const std::int64_t channels = x.shape().back(), filters = given.shape()[0];
  const bool line = given.rank() == 3;
  const auto height = [&](const Tensor& f) { return line ? expand_dims(f, 0) : f; };
  if (groups > 1 && groups == channels && given.shape()[1] == 1 && filters % channels == 0) {
    const Tensor f = call.arrange(1, [&](const Tensor& all) {  // [C M, 1, h, w] -> [h, w, C, M]
      Integers sizes{channels, filters / channels};
      sizes.insert(sizes.end(), all.shape().begin() + 2, all.shape().end());
      const Tensor split = reshape(all, Shape(sizes));
      return height(line ? transpose(split, {2, 0, 1}) : transpose(split, {2, 3, 0, 1}));
    });
    return with_bias(call,
                     nn::depthwise_conv2d(x, f, {.strides = strides, .padding = padding, .dilations = dilations}));
  }
  const Tensor f = call.arrange(1, [&](const Tensor& all) { return height(filters_last(all)); });
  return conv2d(x, f, call.optional(2), {.strides = strides, .padding = padding, .dilations = dilations}, false);
}

/// The sum over the planes of the filters of what each gives for the planes of the image.
Tensor convolve3d(Call call, const Tensor& x, const OnnxWindows& w) {
  const Tensor f = call.arrange(1, filters_last);  // [d, h, w, I, O]
  const std::int64_t n = x.shape()[0], depth = x.shape()[1], channels = x.shape()[4];
  if (w.extent(0) > depth) call.refuse("a window of {} is larger than the image, of {}", w.extent(0), depth);
  if (w.size[0] > 4096) call.refuse("expected a window of at most 4096 planes, received {}", w.size[0]);
  const std::int64_t planes = (depth - w.extent(0)) / w.strides[0] + 1;
  Tensor sum;
  for (std::int64_t i = 0; i < w.size[0]; ++i) {
    call.expect_moderate(planes);
    Integers places;
    for (std::int64_t k = 0; k < planes; ++k) places.push_back(i * w.dilations[0] + k * w.strides[0]);
    const Tensor slices = reshape(gather(x, constant(places), 1), {n * planes, x.shape()[2], x.shape()[3], channels});
    const Tensor y = nn::conv2d(
        slices, reshape(slice_axis(f, 0, i, 1), Shape({f.shape()[1], f.shape()[2], f.shape()[3], f.shape()[4]})),
        {.strides = {w.strides[1], w.strides[2]}, .dilations = {w.dilations[1], w.dilations[2]}});
    sum = sum.defined() ? sum + y : y;
  }
  return reshape(sum, {n, planes, sum.shape()[1], sum.shape()[2], sum.shape()[3]});
}

void insert_line(OnnxWindows& w) {
  for (Integers* each : {&w.size, &w.strides, &w.dilations}) each->insert(each->begin(), 1);
  for (Integers* each : {&w.before, &w.after}) each->insert(each->begin(), 0);
}

/// Checks the ranks and the channels of image and filters, and returns the sizes of the windows.
Integers window_sizes(Call call, const Tensor& x, int image_rank, std::int64_t groups, int channel_axis) {
  const Tensor& f = call.in(1);
  if (f.rank() != image_rank || groups < 1 || f.shape()[0] % groups != 0) {
    call.refuse("filters of shape {} in {} groups do not fit an image of {} axes", f.shape().str(), groups, image_rank);
  }
  const std::int64_t wanted = channel_axis == 1 ? f.shape()[1] * groups : f.shape()[0];
  if (x.shape().back() != wanted) {
    call.refuse("filters of shape {} are for {} channels, the image has {}", f.shape().str(), wanted, x.shape().back());
  }
  const Integers sizes(f.shape().begin() + 2, f.shape().end());
  if (call.get("kernel_shape", sizes) != sizes) {
    call.refuse("its kernel_shape differs from the filters of shape {}", f.shape().str());
  }
  return sizes;
}

TensorList convolution(Call call) {
  const std::int64_t groups = call.integer("group", 1);
  expect_rank(call, call.x(), 3, 5);
  return with_channels_last(call, [&](Tensor x) {
    OnnxWindows w = onnx_windows(call, window_sizes(call, x, x.rank(), groups, 1), image_sizes(x));
    const bool line = x.rank() == 3;
    const bool same = x.rank() < 5 && is_same_padding(w, image_sizes(x));
    if (!same) x = with_margins(call, x, w.before, w.after);
    if (x.rank() == 5) {
      if (groups != 1) call.refuse("xtape has no convolution of three axes in {} groups", groups);
      return with_bias(call, convolve3d(call, x, w));
    }
    if (line) insert_line(w);
    const Tensor y = convolve2d(call, line ? as_image(x) : x, w, groups, same ? Padding::same : Padding::valid);
    return line ? squeeze(y, 1) : y;
  });
}

/// The transposed convolution along the last two axes of the windows, with a result of the sizes `full` there.
Tensor transpose2d(const Tensor& x, const Tensor& f, const OnnxWindows& w, const Integers& full) {
  const std::size_t n = w.axes();
  const Shape shape{x.shape()[0], full[n - 2], full[n - 1], f.shape()[2]};
  return nn::conv2d_transpose(x, f,
                              {.output_shape = shape,
                               .strides = {w.strides[n - 2], w.strides[n - 1]},
                               .dilations = {w.dilations[n - 2], w.dilations[n - 1]}});
}

/// Each plane of the filters makes planes of the result, one for each of the image.
Tensor transpose3d(Call call, const Tensor& x, const Tensor& f, const OnnxWindows& w, const Integers& full) {
  const std::int64_t n = x.shape()[0], depth = x.shape()[1], stride = w.strides[0], filters = f.shape()[3];
  if (w.size[0] > 4096) call.refuse("expected a window of at most 4096 planes, received {}", w.size[0]);
  call.expect_moderate(checked_product(OnnxImportCall::method, depth, stride));
  const Tensor planes = reshape(x, {n * depth, x.shape()[2], x.shape()[3], x.shape()[4]});
  Tensor sum;
  for (std::int64_t i = 0; i < w.size[0]; ++i) {
    const Tensor y = reshape(transpose2d(planes, squeeze(slice_axis(f, 0, i, 1), 0), w, full),
                             {n, depth, 1, full[1], full[2], filters});
    // Zeros between the planes, then before and after them.
    Tensor apart = reshape(pad(y, {{0, 0}, {0, 0}, {0, stride - 1}, {0, 0}, {0, 0}, {0, 0}}),
                           {n, depth * stride, full[1], full[2], filters});
    apart = slice_axis(apart, 1, 0, (depth - 1) * stride + 1);
    const std::int64_t before = i * w.dilations[0];
    apart = pad(apart, {{0, 0}, {before, full[0] - before - apart.shape()[1]}, {0, 0}, {0, 0}, {0, 0}});
    sum = sum.defined() ? sum + apart : apart;
  }
  return sum;
}

TensorList transposed_convolution(Call call) {
  const std::int64_t groups = call.integer("group", 1);
  expect_rank(call, call.x(), 3, 5);
  return with_channels_last(call, [&](Tensor x) {
    call.expect_moderate(groups);
    const bool line = x.rank() == 3;
    OnnxWindows w = onnx_windows(call, window_sizes(call, x, x.rank(), groups, 0), image_sizes(x));
    const std::size_t n = w.axes();
    Integers added = call.get("output_padding", Integers(n, 0));
    const Integers wanted = call.get("output_shape", Integers());
    const std::string automatic = call.text("auto_pad", "NOTSET");
    if (added.size() != n || (!wanted.empty() && wanted.size() < n)) call.refuse("its sizes do not fit the image");
    const Integers input = image_sizes(x);
    Integers full;  // the result without pads
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t all =
          checked_product(OnnxImportCall::method, input[i] - 1, w.strides[i]) + w.extent(i) + added[i];
      if (added[i] < 0 || added[i] > w.strides[i] * 4) call.refuse("its output_padding of {} is too large", added[i]);
      const bool automatically = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
      if (!wanted.empty() || automatically) {
        const std::int64_t result = wanted.empty() ? input[i] * w.strides[i] : wanted[wanted.size() - n + i];
        const std::int64_t total = all - result;
        // What a larger result has beyond the convolution is at its end.
        const std::int64_t half = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
        w.before[i] = std::max<std::int64_t>(half, 0);
        w.after[i] = total - w.before[i];
      }
      // What the convolution cannot reach is zeros: they are added afterwards.
      const std::int64_t reached = (input[i] - 1) * w.strides[i] + w.extent(i);
      const std::int64_t more = std::min(added[i], w.strides[i] - 1);
      full.push_back(reached + more);
      w.after[i] -= added[i] - more;
    }
    if (line) {
      insert_line(w);
      full.insert(full.begin(), 1);
      x = as_image(x);
    }
    // [C, O, ...] -> [..., O, C]
    const Tensor f = call.arrange(
        1, [&](const Tensor& all) { return line ? expand_dims(filters_last(all), 0) : filters_last(all); });
    const std::int64_t channels = x.shape().back() / groups;
    std::vector<Tensor> parts;
    for (std::int64_t g = 0; g < groups; ++g) {
      const auto part = [&](const Tensor& t) { return groups == 1 ? t : slice_axis(t, -1, g * channels, channels); };
      parts.push_back(x.rank() == 5 ? transpose3d(call, part(x), part(f), w, full)
                                    : transpose2d(part(x), part(f), w, full));
    }
    Tensor y = parts.size() == 1 ? parts.front() : concat(parts, -1);
    Integers cut = w.before, cut_end = w.after;
    for (Integers* each : {&cut, &cut_end}) {
      for (auto& number : *each) number = -number;
    }
    y = with_margins(call, y, cut, cut_end);
    if (line) y = squeeze(y, 1);
    return with_bias(call, y);
  });
}

constexpr OnnxImportOp table[] = {
    {"Conv", convolution, 2, 3, 0, input_bits(1, 2), 0, OnnxLayout::channels},
    {"ConvTranspose", transposed_convolution, 2, 3, 0, input_bits(1, 2), 0, OnnxLayout::channels},
};

}  // namespace

std::span<const OnnxImportOp> imported_convolution_ops() { return table; }

}  // namespace xtape::detail
