#include "io/pickle.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using namespace xtape::testing;
using namespace std::string_literals;
using Lists = std::vector<std::vector<std::int32_t>>;

namespace {

class Bytes final : public detail::ByteSource {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(void* to, std::size_t n) override {
    n = std::min(n, bytes_.size() - at_);
    std::memcpy(to, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }
  const char* op() const override { return "test"; }
  const std::string& path() const override { return path_; }
  std::uint64_t max_bytes() const override { return bytes_.size(); }

 private:
  std::string bytes_, path_ = "file";
  std::size_t at_ = 0;
};

Lists lists_of(const std::string& bytes) {
  Bytes source(bytes);
  return detail::read_pickled_lists(source);
}

// Python 3.11, numpy 1.24: a = empty(3, dtype=object); a[0] = [1, 2, 300]; a[1] = []; a[2] = [70000, -1];
// pickle.dumps(a, protocol=2), 3 and 4.
const std::string protocol2 =
    "\x80\x02"
    "cnumpy.core.multiarray\n_reconstruct\nq\x00"
    "cnumpy\nndarray\nq\x01K\x00\x85q\x02"
    "c_codecs\nencode\nq\x03X\x01\x00\x00\x00"
    "bq\x04X\x06\x00\x00\x00latin1q\x05\x86q\x06Rq\x07\x87q\x08Rq\t(K\x01K\x03\x85q\n"
    "cnumpy\ndtype\nq\x0bX\x02\x00\x00\x00O8q\x0c\x89\x88\x87q\rRq\x0e(K\x03X\x01\x00\x00\x00|q\x0fNNN"
    "J\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x10"
    "b\x89]q\x11(]q\x12(K\x01K\x02M,\x01"
    "e]q\x13]q\x14(Jp\x11\x01\x00J\xff\xff\xff\xff"
    "eetq\x15"
    "b."s;
const std::string protocol3 =
    "\x80\x03"
    "cnumpy.core.multiarray\n_reconstruct\nq\x00"
    "cnumpy\nndarray\nq\x01K\x00\x85q\x02"
    "C\x01"
    "bq\x03\x87q\x04Rq\x05(K\x01K\x03\x85q\x06"
    "cnumpy\ndtype\nq\x07X\x02\x00\x00\x00O8q\x08\x89\x88\x87q\tRq\n(K\x03X\x01\x00\x00\x00|q\x0bNNN"
    "J\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0c"
    "b\x89]q\r(]q\x0e(K\x01K\x02M,\x01"
    "e]q\x0f]q\x10(Jp\x11\x01\x00J\xff\xff\xff\xff"
    "eetq\x11"
    "b."s;
const std::string protocol4 =
    "\x80\x04\x95\xa4\x00\x00\x00\x00\x00\x00\x00\x8c\x15numpy.core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94\x8c"
    "\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94"
    "C\x01"
    "b\x94\x87\x94R\x94(K\x01K\x03\x85\x94h\x03\x8c\x05"
    "dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNN"
    "J\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94"
    "b\x89]\x94(]\x94(K\x01K\x02M,\x01"
    "e]\x94]\x94(Jp\x11\x01\x00J\xff\xff\xff\xff"
    "eet\x94"
    "b."s;

/// Protocol 3's with something else in place of the elements, between the flag for Fortran order and the state's end.
std::string with_elements(const std::string& elements) {
  const auto begin = protocol3.find("b\x89]") + 2, end = protocol3.rfind("tq\x11");
  return protocol3.substr(0, begin) + elements + protocol3.substr(end);
}

}  // namespace

TEST_CASE("pickle: what NumPy writes for an array of lists") {
  const Lists expected = {{1, 2, 300}, {}, {70000, -1}};
  CHECK(lists_of(protocol2) == expected);
  CHECK(lists_of(protocol3) == expected);
  CHECK(lists_of(protocol4) == expected);
  std::string renamed = protocol3;
  renamed.replace(renamed.find("numpy.core"), 10, "numpy._core");  // NumPy 2
  CHECK(lists_of(renamed) == expected);
  std::string python2 = protocol2;  // which writes b'b' as a text
  const std::string encoded =
      python2.substr(python2.find("c_codecs"), python2.find("\x87q\x08") - python2.find("c_codecs"));
  python2.replace(python2.find(encoded), encoded.size(),
                  "U\x01"
                  "bq\x03");
  CHECK(lists_of(python2) == expected);
}

TEST_CASE("pickle: single items, long integers, what is kept and recalled") {
  CHECK(lists_of(with_elements("]]K\x07"
                               "aa")) == Lists{{7}});
  CHECK(lists_of(with_elements("](]\x8a\x03\xff\xff\xff"
                               "a]\x8a\x00"
                               "ae"s)) == Lists{{-1}, {0}});
  CHECK(lists_of(with_elements("](](K\x05r\x39\x30\x00\x00j\x39\x30\x00\x00"
                               "ee"s)) == Lists{{5, 5}});
}

TEST_CASE("pickle: anything else is refused") {
  const auto says = [](const std::string& text, const std::string& bytes) {
    CHECK_THROWS_TEXT(DataError, "[test] file: expected a pickled array of lists of integers: " + text,
                      lists_of(bytes));
  };
  says("it ends too early", "");
  says("it ends too early", protocol3.substr(0, protocol3.size() - 1));
  says("bytes follow it", protocol3 + "x");
  says("a call of posix system",
       "\x80\x03"
       "cposix\nsystem\nX\x04\x00\x00\x00true\x85R."s);
  says("a call of builtins eval",
       "\x80\x04\x8c\x08"
       "builtins\x8c\x04"
       "eval\x93\x8c\x01"
       "1\x85R."s);
  says("something that is no ndarray",
       "\x80\x03"
       "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nmatrix\nK\x00\x85"
       "C\x01"
       "b\x87R."s);
  says("an array without a state",
       "\x80\x03"
       "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
       "C\x01"
       "b\x87R."s);
  says("a value of another kind", "\x80\x03K\x01."s);
  says("a value is missing", "\x80\x03."s);
  says("a value is missing", "a"s);
  says("a mark is missing",
       "]K\x01"
       "e"s);
  says("a list is missing",
       "K\x01(K\x02"
       "e"s);
  says("a value that was never kept", "h\x05"s);
  says("a long text", "X\xff\xff\xff\xff"s);
  says("a long name", "c" + std::string(1000, 'x'));
  says("a later protocol", "\x80\x09"s);
  says("an integer of more than 64 bits", "\x8a\x09"s);
  says("the instruction 7d", "}"s);  // a dict
  says("an integer of more than 32 bits", with_elements("]](\x8a\x05\x01\x01\x01\x01\x01"
                                                        "e"s));
  says("an element that is no list of integers", with_elements("](](]ee"s));
  says("an element that is no list of integers", with_elements("](Ne"));
  says("an array of integers", with_elements("](K\x01"
                                             "e"));
  says("a list that is there twice", with_elements("](]q\x20h\x20"
                                                   "e"));
  std::string floats = protocol3;
  floats.replace(floats.find("O8"), 2, "f8");
  says("an array of other elements", floats);
  std::string matrix = protocol3;
  matrix.replace(matrix.find("(K\x01K\x03\x85"), 6, "(K\x01K\x03K\x01\x86");
  says("an array of more than one axis", matrix);
}

TEST_CASE("pickle: damage gives lists or a DataError") {
  std::mt19937 random(1);
  int refused = 0;
  for (const std::string& good : {protocol2, protocol3, protocol4}) {
    for (int round = 0; round < 1000; ++round) {
      std::string bytes = good;
      for (auto i = random() % 3; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
      if (random() % 4 == 0) bytes.resize(random() % bytes.size());
      try {
        lists_of(bytes);
      } catch (const DataError&) {
        ++refused;
      }
    }
    for (std::size_t n = 0; n < good.size(); ++n) CHECK_THROWS_AS(lists_of(good.substr(0, n)), DataError);
  }
  CHECK(refused > 1000);
}
