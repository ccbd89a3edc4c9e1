#include <fmt/format.h>

#include <memory>

#include <xtape/core/random.hpp>
#include <xtape/ops/linalg.hpp>

#include "core/element_access.hpp"
#include "groups/group.hpp"
#include "workloads/products.hpp"

namespace bench {
namespace {

using xtape::Tensor;

/// op(a) op(b) = [m, n] through xtape::matmul and by the faster of oneDNN and BLAS.
Case product(const std::string& label, std::int64_t m, std::int64_t n, std::int64_t k, bool trans_a = false,
             bool trans_b = false) {
  const auto name = fmt::format(
      "{}: {}{} {}{}", label, trans_a ? fmt::format("({},{})", k, m) : fmt::format("({},{})", m, k), trans_a ? "'" : "",
      trans_b ? fmt::format("({},{})", n, k) : fmt::format("({},{})", k, n), trans_b ? "'" : "");
  return {name, [=](const Effort& effort) {
            const Tensor a = xtape::random::uniform(trans_a ? xtape::Shape{k, m} : xtape::Shape{m, k}, -1, 1);
            const Tensor b = xtape::random::uniform(trans_b ? xtape::Shape{n, k} : xtape::Shape{k, n}, -1, 1);
            const double operations = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
            return compare(name, gigaflops(operations), {}, effort, [&](int threads) {
              const auto library = std::make_shared<Products>();
              const Tensor c = xtape::detail::make_tensor({m, n}, xtape::float32);
              library->add(trans_a, trans_b, m, n, k, a.data<float>().data(), b.data<float>().data(),
                           reinterpret_cast<float*>(xtape::detail::ElementAccess::of(c)));
              library->choose(threads);
              return std::vector<Contender>{
                  {[=] { xtape::matmul(a, b, {.transpose_a = trans_a, .transpose_b = trans_b}); }, "xtape"},
                  {[library, c] { library->run(); }, "library", Role::limit}};
            });
          }};
}

}  // namespace

Group products_group() {
  return {"products",
          "GFLOP/s of matmul beside the faster of oneDNN and BLAS",
          {"library"},
          {product("784-100 b50", 50, 100, 784), product("784-100 b50, weights", 784, 100, 50, true),
           product("100-10 b50", 50, 10, 100), product("784-512 b32", 32, 512, 784),
           product("784-512 b32, weights", 784, 512, 32, true), product("512-128 b32", 32, 128, 512),
           product("512-128 b32, inputs", 32, 512, 128, false, true), product("784-256 b64", 64, 256, 784),
           product("784-512 b1024", 1024, 512, 784), product("784-512 b1024, weights", 784, 512, 1024, true),
           product("square", 1024, 1024, 1024)}};
}

}  // namespace bench
