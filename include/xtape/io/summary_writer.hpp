#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "xtape/base/shape.hpp"
#include "xtape/core/tensor.hpp"

/// Event files, which TensorBoard shows (`tensorboard --logdir logs`), with the names of tf.summary.
namespace xtape::summary {

/// Keyword arguments of create_file_writer().
struct FileWriterOptions {
  int max_queue = 10;                         ///< How many events are kept before they are written.
  std::int64_t flush_millis = 2 * 60 * 1000;  ///< An event that comes later than this after the last flush flushes.
  std::string filename_suffix = ".v2";        ///< Of the file's name, as in TensorFlow 2.
};

/// Keyword arguments of FileWriter::histogram().
struct HistogramOptions {
  std::int64_t buckets = 30;
};

/// Keyword arguments of FileWriter::image().
struct ImageOptions {
  std::int64_t max_outputs = 3;
};

/// One operation, layer or variable of FileWriter::graph(). A '/' in the name makes a group that TensorBoard opens.
struct GraphNode {
  std::string name;
  std::string op = {};
  std::vector<std::string> inputs = {};  ///< Names of nodes; "name:1" for the second output, "^name" for an order only.
  std::vector<Shape> output_shapes = {};               ///< -1 for a size that is not known, such as the batch's.
  std::map<std::string, std::string> attributes = {};  ///< Shown beside the node.
};

/// Writes one event file of a run. All functions may be called from several threads at once. After an exception the
/// file is as before, unless it is a DataError, such as a full disk. After close() they throw a RuntimeError.
///
/// The run is shown under the folder's name, and a tag's part before the first '/' groups charts. Keras's names are
/// epoch_loss, epoch_accuracy in the runs train and validation.
class FileWriter {
 public:
  /// See create_file_writer().
  explicit FileWriter(const std::string& logdir, const FileWriterOptions& options = {});
  FileWriter(FileWriter&&) noexcept;
  FileWriter& operator=(FileWriter&&) noexcept;
  /// Closes the file; errors are ignored.
  ~FileWriter();

  /// A point of a curve; the value has one element and becomes a float32. Throws a ValueError for more elements.
  void scalar(const std::string& tag, const Tensor& value, std::int64_t step);

  /// How the values are distributed: counts in `buckets` buckets of equal width from the smallest to the largest. NaN
  /// and infinite values are left out.
  void histogram(const std::string& tag, const Tensor& values, std::int64_t step, const HistogramOptions& options = {});

  /// The first max_outputs of images [n, h, w, c] with c = 1 (gray), 2 (gray and alpha), 3 (RGB) or 4 (RGBA), or
  /// [n, h, w], uint8 or floating from 0 to 1: what is outside is clipped, NaN is 0. Kept as PNG.
  void image(const std::string& tag, const Tensor& images, std::int64_t step, const ImageOptions& options = {});

  /// A text in Markdown.
  void text(const std::string& tag, const std::string& text, std::int64_t step);

  /// The graph of a model. Throws a ValueError for names that are empty or used twice, and for inputs that no node has.
  void graph(const std::vector<GraphNode>& nodes);

  /// Hands everything to the operating system; TensorBoard can show it then.
  void flush();
  /// flush(), and no more events are accepted; closing twice is not an error.
  void close();

  /// The path of the event file.
  const std::string& path() const&;
  std::string path() const&& { return path(); }

 private:
  struct Impl;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

/// Creates the folder if it is not there, and in it a new event file (tf.summary.create_file_writer):
///
///     auto train = summary::create_file_writer("logs/train");
///     train.scalar("epoch_loss", loss, epoch);
///
/// Throws a DataError when they cannot be created, and a ValueError for max_queue or flush_millis below 0.
FileWriter create_file_writer(const std::string& logdir, const FileWriterOptions& options = {});

}  // namespace xtape::summary
