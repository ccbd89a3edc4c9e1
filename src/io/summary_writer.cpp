#include "xtape/io/summary_writer.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <utility>

#include "base/check.hpp"
#include "base/files.hpp"
#include "io/events.hpp"
#include "io/tf_record.hpp"

namespace xtape::summary {
namespace {

using Clock = std::chrono::steady_clock;

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TensorFlow's names: time, host, process, and a number for several writers of a process.
std::string file_name(const std::string& suffix) {
  static std::atomic<int> count{0};
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  return fmt::format("events.out.tfevents.{:010d}.{}.{}.{}{}", static_cast<std::int64_t>(wall_time()), host, getpid(),
                     count.fetch_add(1), suffix);
}

}  // namespace

struct FileWriter::Impl {
  Impl(const std::string& logdir, const FileWriterOptions& given) : options(given) {
    constexpr const char* op = "create_file_writer";
    if (options.max_queue < 0) detail::fail<ValueError>(op, "expected max_queue >= 0, received {}", options.max_queue);
    if (options.flush_millis < 0) {
      detail::fail<ValueError>(op, "expected flush_millis >= 0, received {}", options.flush_millis);
    }
    detail::append_tf_record(pending, detail::version_event(wall_time()));
    detail::make_folders(op, logdir);
    path = (std::filesystem::path(logdir) / file_name(options.filename_suffix)).string();
    file = detail::open_file(op, path, "wbxe");
    // Unbuffered: each flush() is one write of whole events, so that TensorBoard, which reads meanwhile, finds no half
    // of one.
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    flush(op);
  }

  ~Impl() {
    try {
      close();
    } catch (const Error&) {
    }
  }

  void check_open(const char* op) const {
    if (file == nullptr) detail::fail<RuntimeError>(op, "the writer of {} is already closed", path);
  }

  void add(const char* op, const std::string& event) {
    const std::lock_guard lock(mutex);
    check_open(op);
    detail::append_tf_record(pending, event);
    ++pending_events;
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - last_flush);
    if (pending_events > options.max_queue || since.count() > options.flush_millis) flush(op);
  }

  void flush(const char* op) {
    last_flush = Clock::now();
    pending_events = 0;
    const std::string bytes = std::exchange(pending, {});
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
      detail::fail<DataError>(op, "{}: cannot be written: {}", path, std::strerror(errno));
    }
  }

  void close() {
    const std::lock_guard lock(mutex);
    if (file == nullptr) return;
    struct Close {
      detail::FilePtr& file;
      ~Close() { file.reset(); }
    } const at_the_end{file};
    flush("FileWriter.close");
  }

  FileWriterOptions options;
  std::string path;
  std::mutex mutex;
  detail::FilePtr file;
  std::string pending;
  int pending_events = 0;
  Clock::time_point last_flush;
};

FileWriter::FileWriter(const std::string& logdir, const FileWriterOptions& options)
    : impl_(std::make_unique<Impl>(logdir, options)) {}
FileWriter::FileWriter(FileWriter&&) noexcept = default;
FileWriter& FileWriter::operator=(FileWriter&&) noexcept = default;
FileWriter::~FileWriter() = default;

FileWriter::Impl& FileWriter::impl() const {
  if (!impl_) detail::fail<RuntimeError>("FileWriter", "the writer was moved from");
  return *impl_;
}

void FileWriter::scalar(const std::string& tag, const Tensor& value, std::int64_t step) {
  constexpr const char* op = "FileWriter.scalar";
  if (value.size() != 1) detail::fail<ValueError>(op, "expected one element, received shape {}", value.shape());
  impl().add(op, detail::scalar_event({wall_time(), step}, tag, value.item<float>()));
}

void FileWriter::histogram(const std::string& tag, const Tensor& values, std::int64_t step,
                           const HistogramOptions& options) {
  impl().add("FileWriter.histogram", detail::histogram_event({wall_time(), step}, tag, values, options.buckets));
}

void FileWriter::image(const std::string& tag, const Tensor& images, std::int64_t step, const ImageOptions& options) {
  impl().add("FileWriter.image", detail::image_event({wall_time(), step}, tag, images, options.max_outputs));
}

void FileWriter::text(const std::string& tag, const std::string& text, std::int64_t step) {
  impl().add("FileWriter.text", detail::text_event({wall_time(), step}, tag, text));
}

void FileWriter::graph(const std::vector<GraphNode>& nodes) {
  impl().add("FileWriter.graph", detail::graph_event(wall_time(), nodes));
}

void FileWriter::flush() {
  constexpr const char* op = "FileWriter.flush";
  Impl& writer = impl();
  const std::lock_guard lock(writer.mutex);
  writer.check_open(op);
  writer.flush(op);
}

void FileWriter::close() { impl().close(); }

const std::string& FileWriter::path() const& { return impl().path; }

FileWriter create_file_writer(const std::string& logdir, const FileWriterOptions& options) {
  return FileWriter(logdir, options);
}

}  // namespace xtape::summary
