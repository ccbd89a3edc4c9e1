// load_csv, plain and compressed by gzip; the first byte chooses the options.
#include "xtape/io/csv.hpp"
#include "fuzz/files.hpp"

using namespace xtape;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr DType dtypes[] = {float32, float64, int32, int64, uint8, boolean, bfloat16};
  const io::CsvOptions options{.delimiter = (data[0] & 1) != 0 ? ',' : ' ',
                               .skip_rows = data[0] >> 1 & 3,
                               .dtype = dtypes[(data[0] >> 3) % std::size(dtypes)]};
  return fuzzing::read_as_file(data + 1, size - 1, [&](const std::string& path) { io::load_csv(path, options); });
}

std::vector<std::string> fuzzing::seeds() {
  const std::string table = "1,2.5,-3e5\n\n+4, nan,inf\r\n7,8,9";
  return {"\1" + table,
          "\1" + gzip(table),
          "\x09" + table,
          "\x11"
          "1,2\n3,-4\n",
          "\x12"
          "a b\n1 2\n",
          "\x21"
          "255,256",
          "\1" + gzip(std::string(5000, '1') + "," + std::string(5000, '2'))};
}
