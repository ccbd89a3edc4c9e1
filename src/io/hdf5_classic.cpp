#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "core/launch.hpp"
#include "io/byte_source.hpp"
#include "io/file_tensor.hpp"
#include "io/hdf5_file.hpp"
#include "io/input_file.hpp"
#include "io/stored_elements.hpp"
#include "xtape/io/limits.hpp"

// The oldest form of HDF5, by the "HDF5 File Format Specification Version 3.0" (support.hdfgroup.org), as far as files
// of h5py and Keras need it: superblocks 0 and 1, groups with symbol tables, small groups of links, object headers 1
// and 2, contiguous, compact and chunked datasets, attributes in headers. Every number of the file is checked where it
// is used; what is read again and again is stopped by a budget.
namespace xtape::detail {
namespace {

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::size_t max_depth = 64;                         // of groups
constexpr std::size_t max_soft_links = 16;                    // on one path
constexpr std::size_t max_texts = 1u << 20;                   // in an attribute
constexpr std::size_t max_messages = 1u << 17;                // of an object; 65535 in the oldest header
constexpr std::uint64_t max_block = std::uint64_t{64} << 20;  // of an object's header
constexpr std::uint64_t max_spare_chunk = std::uint64_t{16} << 20;
constexpr std::uint64_t max_deflate_gain = 1032;  // see input_file.cpp

/// Bytes of the file, read from front to back. Beyond the end it throws what `damaged` throws.
class Cursor {
 public:
  Cursor(std::string_view bytes, const std::function<void(const std::string&)>& damaged)
      : bytes_(bytes), damaged_(damaged) {}

  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view bytes = take(size);
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size() - at_) damaged_("a structure ends too early");
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(size));
    at_ += taken.size();
    return taken;
  }
  void skip(std::uint64_t size) { take(size); }
  std::string_view rest() const { return bytes_.substr(at_); }
  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t at() const { return at_; }
  void expect(std::string_view signature) {
    if (take(signature.size()) != signature) damaged_("expected '" + std::string(signature) + "'");
  }
  /// To the zero that ends a text.
  std::string_view text() {
    const auto end = rest().find('\0');
    if (end == std::string_view::npos) damaged_("a name without an end");
    const std::string_view found = take(end);
    skip(1);
    return found;
  }

 private:
  std::string_view bytes_;
  const std::function<void(const std::string&)>& damaged_;
  std::size_t at_ = 0;
};

enum class MessageType : std::uint16_t {
  dataspace = 1,
  link_info = 2,
  datatype = 3,
  fill_value = 5,
  link = 6,
  external_files = 7,
  layout = 8,
  filters = 11,
  attribute = 12,
  continuation = 16,
  symbol_table = 17,
  attribute_info = 21,
};

struct Message {
  MessageType type;
  bool shared;  ///< it is elsewhere
  std::string bytes;
};

struct Link {
  enum class Kind { hard, soft, outside };
  std::string name;
  Kind kind = Kind::hard;
  std::uint64_t address = 0;  ///< of a hard link
  std::string target;         ///< of a soft link
  std::uint64_t order = 0;
};

struct Group {
  std::vector<Link> links;                     ///< in the order to list them
  std::map<std::string, std::size_t> by_name;  ///< their places
};

enum class TypeClass : std::uint8_t {
  integer,
  real,
  time,
  text,
  bits,
  opaque,
  structure,
  reference,
  enumeration,
  varying,
  array
};

struct Datatype {
  TypeClass kind = TypeClass::integer;
  std::uint64_t size = 0;
  bool big_endian = false, has_sign = false, plain = false;  ///< plain: all bits of all bytes
  bool bfloat = false;                                       ///< of 8 bits for the exponent
  bool varying_text = false, blanks = false;
  bool is_bool = false;
};

/// Where a dataset has its elements.
struct Layout {
  enum class Kind { compact, contiguous, chunked };
  Kind kind = Kind::contiguous;
  std::uint64_t address = undefined, size = 0;
  std::string data;                  ///< compact
  std::vector<std::uint64_t> chunk;  ///< the sizes of a chunk
  std::vector<std::uint16_t> filters;
  std::string fill;  ///< one element; empty: zeros
};

struct Dataset {
  std::vector<std::uint64_t> sizes;
  Datatype type;
  Layout layout;
  bool bfloat16_mark = false;
};

struct Attribute {
  std::string name;
  Datatype type;
  std::vector<std::uint64_t> sizes;
  std::string data;
};

class ClassicFile final : public Hdf5File {
 public:
  ClassicFile(std::shared_ptr<const FileBytes> bytes, std::uint64_t base)
      : bytes_(std::move(bytes)), base_(base), damaged_([this](const std::string& what) { damaged(what); }) {
    begin("");
    read_superblock();
    (void)group(root_);
  }

  const std::string& path() const override { return bytes_->path(); }

  bool exists(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    return resolve(object).has_value();
  }
  Kind kind(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    return kind_at(find(object));
  }

  std::vector<Hdf5Reader::Child> children(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    const std::uint64_t at = find_group(object);
    std::vector<Hdf5Reader::Child> all;
    for (const auto& link : group(at).links) {
      const auto address = follow(at, link, 0);
      all.push_back({link.name, address ? kind_at(*address) : Kind::other});
    }
    return all;
  }

  Texts datasets_below(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    std::set<std::uint64_t> visited;
    Texts all;
    add_datasets(object, find_group(object), 0, visited, all);
    return all;
  }

  Hdf5Reader::Spec spec(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    const Dataset dataset = find_dataset(object);
    return {checked_shape(dataset), dtype_of_elements(dataset)};
  }

  Tensor read(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    return read_elements(find_dataset(object));
  }

  Texts attributes(const std::string& object) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    Texts names;
    for (const auto& message : messages(find(object))) {
      if (message.type == MessageType::attribute) names.push_back(parse_attribute(message, nullptr)->name);
    }
    std::ranges::sort(names);
    return names;
  }
  bool has_attribute(const std::string& object, const std::string& name) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    return find_attribute(find(object), name).has_value();
  }
  std::optional<Texts> texts(const std::string& object, const std::string& name) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    const auto attribute = find_attribute(find(object), name);
    if (!attribute) return std::nullopt;
    return texts_of(*attribute);
  }
  std::optional<std::int64_t> integer(const std::string& object, const std::string& name) override {
    const std::lock_guard lock(mutex_);
    begin(object);
    const auto attribute = find_attribute(find(object), name);
    if (!attribute) return std::nullopt;
    const Datatype& type = attribute->type;
    if (bytes_of(attribute->sizes, 1) != 1u || type.kind != TypeClass::integer || !type.plain) {
      refuse("attribute '{}': expected one integer, received [{}] {}", name, fmt::join(attribute->sizes, ", "),
             type_text(type));
    }
    std::string data = attribute->data;
    if (type.big_endian) std::reverse(data.begin(), data.end());
    Cursor cursor(data, damaged_);
    const std::uint64_t value = cursor.number(static_cast<std::size_t>(type.size));
    const auto unused = static_cast<int>(64 - 8 * type.size);
    return type.has_sign ? static_cast<std::int64_t>(value << unused) >> unused : static_cast<std::int64_t>(value);
  }

 private:
  // ---- bytes and errors

  /// At the beginning of each call: the object that errors name, and how much of the file may be read.
  void begin(const std::string& object) {
    object_ = object;
    budget_ = (std::uint64_t{64} << 20) + 16 * bytes_->size();
    if (object.find('\0') != std::string::npos) refuse("expected a name without a zero byte");
  }
  [[noreturn]] void damaged(const std::string& what) const {
    if (object_.empty()) fail<DataError>(bytes_->op(), "{}: damaged HDF5 file: {}", path(), what);
    fail<DataError>(bytes_->op(), "{}: '{}': damaged HDF5 file: {}", path(), object_, what);
  }
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> what, Args&&... args) const {
    fail<DataError>(bytes_->op(), "{}: '{}': {}", path(), object_, fmt::format(what, std::forward<Args>(args)...));
  }

  /// Counts what is read and made: the parts of a file may lead to each other in any way.
  void spend(std::uint64_t bytes) {
    if (bytes > budget_) damaged("its parts are read again and again");
    budget_ -= bytes;
  }

  /// The bytes of a structure.
  std::string block(std::uint64_t address, std::uint64_t size) {
    const std::uint64_t room = bytes_->size() - base_;
    if (address > room || size > room - address) damaged("an address beyond the end of the file");
    spend(size);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    bytes_->read_at(base_ + address, bytes.data(), bytes.size());
    return bytes;
  }

  void read_superblock() {
    const std::string bytes = block(0, std::min<std::uint64_t>(bytes_->size() - base_, 100));
    Cursor cursor(bytes, damaged_);
    cursor.skip(8);
    const std::uint64_t version = cursor.number(1);
    cursor.skip(4);
    if (cursor.number(1) != 8 || cursor.number(1) != 8) damaged("expected addresses and lengths of 8 bytes");
    cursor.skip(version == 1 ? 13 : 9);
    const std::uint64_t base = cursor.number(8);
    if (base != base_ && base != 0) damaged("its base address");
    cursor.skip(8);
    const std::uint64_t end = cursor.number(8);
    // The end counts the user block in some files and not in others.
    if (end > bytes_->size()) {
      damaged(fmt::format("expected {} bytes, received {}: it is cut off", end, bytes_->size()));
    }
    cursor.skip(8 + 8);
    root_ = cursor.number(8);
  }

  // ---- objects

  std::vector<Message> messages(std::uint64_t address) {
    std::vector<Message> all;
    std::set<std::uint64_t> visited;
    const std::string prefix = block(address, 16);
    if (prefix.starts_with("OHDR")) {
      read_header_2(address, prefix, all, visited);
    } else {
      Cursor cursor(prefix, damaged_);
      if (cursor.number(1) != 1) damaged("expected an object's header");
      cursor.skip(7);
      const std::uint64_t size = cursor.number(4);
      read_messages(checked_block(address + 16, size, visited), 1, false, all, visited);
    }
    return all;
  }

  std::string checked_block(std::uint64_t address, std::uint64_t size, std::set<std::uint64_t>& visited) {
    if (size > max_block) damaged("a header that is too large");
    if (!visited.insert(address).second) damaged("a header that contains itself");
    return block(address, size);
  }

  void read_header_2(std::uint64_t address, const std::string& prefix, std::vector<Message>& all,
                     std::set<std::uint64_t>& visited) {
    Cursor cursor(prefix, damaged_);
    cursor.skip(4);
    if (cursor.number(1) != 2) damaged("an object's header of another version");
    const std::uint64_t flags = cursor.number(1);
    const std::uint64_t before = 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
    const std::uint64_t width = std::uint64_t{1} << (flags & 3);
    const std::string size_field = block(address + before, width);
    Cursor size_cursor(size_field, damaged_);
    const std::uint64_t size = size_cursor.number(static_cast<std::size_t>(width));
    read_messages(checked_block(address + before + width, size, visited), 2, (flags & 4) != 0, all, visited);
  }

  void read_messages(const std::string& bytes, int version, bool with_order, std::vector<Message>& all,
                     std::set<std::uint64_t>& visited) {
    const std::size_t head = version == 1 ? 8 : with_order ? 6 : 4;
    Cursor cursor(bytes, damaged_);
    while (cursor.left() >= head) {
      const auto type = static_cast<MessageType>(cursor.number(version == 1 ? 2 : 1));
      const std::uint64_t size = cursor.number(2);
      const std::uint64_t flags = cursor.number(1);
      cursor.skip(head - (version == 1 ? 5 : 4));
      const std::string_view body = cursor.take(size);
      if (all.size() == max_messages) damaged("a header of too many parts");
      if (type != MessageType::continuation) {
        all.push_back({type, (flags & 2) != 0, std::string(body)});
        continue;
      }
      Cursor place(body, damaged_);
      const std::uint64_t address = place.number(8), length = place.number(8);
      std::string more = checked_block(address, length, visited);
      if (version == 2) {
        if (!more.starts_with("OCHK") || more.size() < 8) damaged("expected 'OCHK'");
        more = more.substr(4, more.size() - 8);
      }
      read_messages(more, version, with_order, all, visited);
    }
  }

  static const Message* find_message(const std::vector<Message>& all, MessageType type) {
    const auto found = std::ranges::find(all, type, &Message::type);
    return found != all.end() ? &*found : nullptr;
  }

  Kind kind_at(std::uint64_t address) {
    if (groups_.contains(address)) return Kind::group;
    const auto all = messages(address);
    if (find_message(all, MessageType::symbol_table) != nullptr ||
        find_message(all, MessageType::link_info) != nullptr) {
      return Kind::group;
    }
    const bool dataset =
        find_message(all, MessageType::layout) != nullptr && find_message(all, MessageType::dataspace) != nullptr;
    return dataset ? Kind::dataset : Kind::other;
  }

  // ---- groups

  const Group& group(std::uint64_t address) {
    const auto known = groups_.find(address);
    if (known != groups_.end()) return known->second;
    const auto all = messages(address);
    Group made;
    if (const Message* table = find_message(all, MessageType::symbol_table)) {
      Cursor cursor(table->bytes, damaged_);
      const std::uint64_t tree = cursor.number(8), heap = cursor.number(8);
      std::set<std::uint64_t> visited;
      read_symbols(tree, local_heap(heap), 256, visited, made);
    } else if (const Message* info = find_message(all, MessageType::link_info)) {
      read_links(*info, all, made);
    } else {
      refuse("expected a group");
    }
    for (std::size_t i = 0; i < made.links.size(); ++i) {
      if (!made.by_name.emplace(made.links[i].name, i).second) damaged("a name that is there twice");
    }
    return groups_.emplace(address, std::move(made)).first->second;
  }

  /// The texts of a group: names, and where its soft links lead.
  std::string local_heap(std::uint64_t address) {
    const std::string bytes = block(address, 32);
    Cursor cursor(bytes, damaged_);
    cursor.expect("HEAP");
    cursor.skip(4);
    const std::uint64_t size = cursor.number(8);
    cursor.skip(8);
    return block(cursor.number(8), size);
  }
  std::string text_at(const std::string& heap, std::uint64_t offset) {
    if (offset > heap.size()) damaged("a name outside the names of its group");
    Cursor cursor(std::string_view(heap).substr(static_cast<std::size_t>(offset)), damaged_);
    const std::string_view text = cursor.text();
    spend(text.size());
    return std::string(text);
  }

  void read_symbols(std::uint64_t address, const std::string& heap, std::uint64_t above,
                    std::set<std::uint64_t>& visited, Group& made) {
    if (!visited.insert(address).second) damaged("a tree that contains itself");
    const std::string head = block(address, 24);
    Cursor cursor(head, damaged_);
    cursor.expect("TREE");
    if (cursor.number(1) != 0) damaged("a tree of another kind");
    const std::uint64_t level = cursor.number(1), count = cursor.number(2);
    if (level >= above) damaged("a tree that goes on without an end");
    const std::string entries = block(address + 24, count * 16);
    Cursor entry(entries, damaged_);
    for (std::uint64_t i = 0; i < count; ++i) {
      entry.skip(8);
      const std::uint64_t child = entry.number(8);
      if (level > 0) {
        read_symbols(child, heap, level, visited, made);
      } else {
        read_node(child, heap, visited, made);
      }
    }
  }

  void read_node(std::uint64_t address, const std::string& heap, std::set<std::uint64_t>& visited, Group& made) {
    if (!visited.insert(address).second) damaged("a tree that contains itself");
    const std::string head = block(address, 8);
    Cursor cursor(head, damaged_);
    cursor.expect("SNOD");
    cursor.skip(2);
    const std::uint64_t count = cursor.number(2);
    const std::string entries = block(address + 8, count * 40);
    Cursor entry(entries, damaged_);
    for (std::uint64_t i = 0; i < count; ++i) {
      Link link;
      link.name = text_at(heap, entry.number(8));
      link.address = entry.number(8);
      const std::uint64_t cached = entry.number(4);
      entry.skip(4);
      if (cached == 2) {
        link.kind = Link::Kind::soft;
        link.target = text_at(heap, entry.number(4));
        entry.skip(12);
      } else {
        entry.skip(16);
      }
      add_link(std::move(link), made);
    }
  }

  void add_link(Link link, Group& made) {
    if (link.name.empty() || link.name.find('/') != std::string::npos || link.name.find('\0') != std::string::npos) {
      damaged(fmt::format("the name '{}'", link.name));
    }
    made.links.push_back(std::move(link));
  }

  void read_links(const Message& info, const std::vector<Message>& all, Group& made) {
    Cursor cursor(info.bytes, damaged_);
    cursor.skip(1);
    const bool ordered = (cursor.number(1) & 1) != 0;
    if (ordered) cursor.skip(8);
    if (cursor.number(8) != undefined) {
      refuse(
          "it is a group of many links in a newer form than the file, which is not read: write the file with "
          "libver=\"earliest\" or libver=\"latest\"");
    }
    for (const auto& message : all) {
      if (message.type == MessageType::link) add_link(parse_link(message), made);
    }
    if (ordered) {
      std::ranges::stable_sort(made.links, {}, &Link::order);
    } else {
      std::ranges::stable_sort(made.links, {}, &Link::name);
    }
  }

  Link parse_link(const Message& message) {
    Cursor cursor(message.bytes, damaged_);
    Link link;
    if (message.shared || cursor.number(1) != 1) damaged("a link of another version");
    const std::uint64_t flags = cursor.number(1);
    const std::uint64_t type = (flags & 8) != 0 ? cursor.number(1) : 0;
    if ((flags & 4) != 0) link.order = cursor.number(8);
    if ((flags & 16) != 0) cursor.skip(1);
    link.name = std::string(cursor.take(cursor.number(std::size_t{1} << (flags & 3))));
    if (type == 0) {
      link.address = cursor.number(8);
    } else if (type == 1) {
      link.kind = Link::Kind::soft;
      link.target = std::string(cursor.take(cursor.number(2)));
    } else {
      link.kind = Link::Kind::outside;
    }
    return link;
  }

  // ---- paths

  /// Where a link of a group leads; nothing if nowhere, or out of the file.
  std::optional<std::uint64_t> follow(std::uint64_t group_address, const Link& link, std::size_t soft_links) {
    if (link.kind == Link::Kind::hard) return link.address;
    if (link.kind == Link::Kind::outside || soft_links >= max_soft_links) return std::nullopt;
    const std::string target = link.target;
    return walk(target.starts_with('/') ? root_ : group_address, target, soft_links + 1, false);
  }

  std::optional<std::uint64_t> walk(std::uint64_t at, std::string_view path, std::size_t soft_links, bool refusing) {
    std::string walked;
    while (!path.empty()) {
      const auto slash = path.find('/');
      const std::string name(path.substr(0, slash));
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
      if (name.empty() || name == ".") continue;
      spend(name.size() + walked.size() + 64);
      walked += walked.empty() ? name : '/' + name;
      if (kind_at(at) != Kind::group) return std::nullopt;
      const Group& here = group(at);
      const auto found = here.by_name.find(name);
      if (found == here.by_name.end()) return std::nullopt;
      const Link& link = here.links[found->second];
      if (refusing && link.kind == Link::Kind::outside) {
        object_ = walked;
        refuse("it is a link to another file, which is not followed");
      }
      const auto next = follow(at, link, soft_links);
      if (!next) return std::nullopt;
      at = *next;
    }
    return at;
  }

  std::optional<std::uint64_t> resolve(const std::string& object) { return walk(root_, object, 0, true); }
  std::uint64_t find(const std::string& object) {
    const auto found = resolve(object);
    if (!found) refuse("there is no such object");
    return *found;
  }
  std::uint64_t find_group(const std::string& object) {
    const std::uint64_t found = find(object);
    if (kind_at(found) != Kind::group) refuse("expected a group");
    return found;
  }

  void add_datasets(const std::string& object, std::uint64_t at, std::size_t depth, std::set<std::uint64_t>& visited,
                    Texts& all) {
    if (!visited.insert(at).second) return;
    if (depth > max_depth) refuse("expected at most {} groups in each other", max_depth);
    for (const auto& link : group(at).links) {
      const auto address = follow(at, link, 0);
      if (!address) continue;
      const std::string child = object.empty() ? link.name : fmt::format("{}/{}", object, link.name);
      spend(child.size());
      const Kind kind = kind_at(*address);
      if (kind == Kind::dataset) all.push_back(child);
      if (kind == Kind::group) add_datasets(child, *address, depth + 1, visited, all);
    }
  }

  // ---- datasets

  std::vector<std::uint64_t> parse_space(std::string_view bytes) {
    Cursor cursor(bytes, damaged_);
    const std::uint64_t version = cursor.number(1), rank = cursor.number(1);
    cursor.skip(1);
    if (version != 1 && version != 2) damaged("a shape of another version");
    const std::uint64_t kind = cursor.number(1);
    if (version == 1) cursor.skip(4);
    if (version == 2 && kind == 2) return {0};
    if (rank > max_file_axes) damaged("a shape of too many axes");
    std::vector<std::uint64_t> sizes;
    for (std::uint64_t i = 0; i < rank; ++i) sizes.push_back(cursor.number(8));
    return sizes;
  }

  Datatype parse_type(std::string_view bytes, int depth = 0) {
    Cursor cursor(bytes, damaged_);
    return parse_type(cursor, depth);
  }
  Datatype parse_type(Cursor& cursor, int depth) {
    Datatype type;
    const std::uint64_t head = cursor.number(1);
    const std::uint64_t kind = head & 15, version = head >> 4;
    if (kind > 10 || version < 1 || version > 4 || depth > 4) damaged("a type that HDF5 does not have");
    type.kind = static_cast<TypeClass>(kind);
    const std::uint64_t bits = cursor.number(3);
    type.size = cursor.number(4);
    switch (type.kind) {
      case TypeClass::integer: {
        type.big_endian = (bits & 1) != 0;
        type.has_sign = (bits & 8) != 0;
        const std::uint64_t offset = cursor.number(2), precision = cursor.number(2);
        type.plain = offset == 0 && precision == 8 * type.size &&
                     (type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8);
        break;
      }
      case TypeClass::real: {
        type.big_endian = (bits & 1) != 0;
        std::array<std::uint64_t, 7> form{};  // offset, precision, exponent at, of, mantissa at, of, bias
        constexpr std::array<std::size_t, 7> widths = {2, 2, 1, 1, 1, 1, 4};
        for (std::size_t i = 0; i < form.size(); ++i) form[i] = cursor.number(widths[i]);
        const bool half = form == std::array<std::uint64_t, 7>{0, 16, 10, 5, 0, 10, 15};
        type.bfloat = form == std::array<std::uint64_t, 7>{0, 16, 7, 8, 0, 7, 127};
        const bool single = form == std::array<std::uint64_t, 7>{0, 32, 23, 8, 0, 23, 127};
        const bool twice = form == std::array<std::uint64_t, 7>{0, 64, 52, 11, 0, 52, 1023};
        type.plain = (bits & 0x40) == 0 && ((half && type.size == 2) || (type.bfloat && type.size == 2) ||
                                            (single && type.size == 4) || (twice && type.size == 8));
        break;
      }
      case TypeClass::text:
        type.blanks = (bits & 15) == 2;
        break;
      case TypeClass::varying:
        type.varying_text = (bits & 15) == 1;
        break;
      case TypeClass::enumeration:
        type.is_bool = parse_enumeration(cursor, bits & 0xffff, version, depth);
        break;
      default:
        break;
    }
    return type;
  }

  /// Whether it is h5py's bool: two names, FALSE of 0 and TRUE of 1.
  bool parse_enumeration(Cursor& cursor, std::uint64_t count, std::uint64_t version, int depth) {
    const Datatype base = parse_type(cursor, depth + 1);
    if (count != 2 || base.kind != TypeClass::integer || base.size != 1) return false;
    std::array<std::string, 2> names;
    for (auto& name : names) {
      name = std::string(cursor.text());
      if (version < 3) cursor.skip((8 - (name.size() + 1) % 8) % 8);
    }
    std::array<std::uint64_t, 2> values{};
    for (auto& value : values) value = cursor.number(1);
    return (names[0] == "FALSE" && names[1] == "TRUE" && values[0] == 0 && values[1] == 1) ||
           (names[0] == "TRUE" && names[1] == "FALSE" && values[0] == 1 && values[1] == 0);
  }

  static std::string type_text(const Datatype& type) {
    switch (type.kind) {
      case TypeClass::integer:
        return fmt::format("integers of {} bytes", type.size);
      case TypeClass::real:
        return fmt::format("floating numbers of {} bytes", type.size);
      case TypeClass::text:
        return "texts";
      case TypeClass::opaque:
        return fmt::format("opaque elements of {} bytes", type.size);
      case TypeClass::structure:
        return "structures";
      case TypeClass::reference:
        return "references";
      case TypeClass::enumeration:
        return "an enumeration that is not bool";
      case TypeClass::varying:
        return type.varying_text ? "texts" : "lists of varying length";
      case TypeClass::array:
        return "arrays";
      case TypeClass::bits:
        return "bits";
      case TypeClass::time:
        break;
    }
    return "elements of another type";
  }

  const Message& needed(const std::vector<Message>& all, MessageType type, const char* what) {
    const Message* found = find_message(all, type);
    if (found == nullptr) damaged(fmt::format("a dataset without {}", what));
    if (found->shared) refuse("its {} is an object of its own, which is not read", what);
    return *found;
  }

  Dataset find_dataset(const std::string& object) {
    const std::uint64_t address = find(object);
    if (kind_at(address) != Kind::dataset) refuse("expected a dataset");
    const auto all = messages(address);
    Dataset dataset;
    dataset.sizes = parse_space(needed(all, MessageType::dataspace, "shape").bytes);
    dataset.type = parse_type(needed(all, MessageType::datatype, "type").bytes);
    if (find_message(all, MessageType::external_files) != nullptr) {
      refuse("its elements are in another file, which is not read");
    }
    dataset.layout = parse_layout(needed(all, MessageType::layout, "layout").bytes, dataset);
    if (const Message* fill = find_message(all, MessageType::fill_value)) {
      dataset.layout.fill = parse_fill(fill->bytes, dataset.type.size);
    }
    if (const Message* filters = find_message(all, MessageType::filters)) {
      dataset.layout.filters = parse_filters(filters->bytes);
    }
    if (dataset.type.size == 2) {
      for (const auto& message : all) {
        if (message.type != MessageType::attribute) continue;
        const std::string name = "dtype";
        const auto mark = parse_attribute(message, &name);
        dataset.bfloat16_mark = dataset.bfloat16_mark || (mark && texts_of(*mark) == Texts{"bfloat16"});
      }
    }
    return dataset;
  }

  Layout parse_layout(std::string_view bytes, const Dataset& dataset) {
    Cursor cursor(bytes, damaged_);
    Layout layout;
    const std::uint64_t version = cursor.number(1), kind = cursor.number(1);
    if (version == 4 && kind == 3) refuse("it is a virtual dataset, which is made of others and not read");
    if (version != 3) refuse("its layout is of version {}, which is not read in a file of this form", version);
    if (kind == 0) {
      layout.kind = Layout::Kind::compact;
      layout.data = std::string(cursor.take(cursor.number(2)));
      layout.size = layout.data.size();
    } else if (kind == 1) {
      layout.address = cursor.number(8);
      layout.size = cursor.number(8);
    } else if (kind == 2) {
      layout.kind = Layout::Kind::chunked;
      const std::uint64_t rank = cursor.number(1);
      layout.address = cursor.number(8);
      if (rank != dataset.sizes.size() + 1) damaged("chunks of another number of axes");
      for (std::uint64_t i = 0; i + 1 < rank; ++i) {
        layout.chunk.push_back(cursor.number(4));
        if (layout.chunk.back() == 0) damaged("chunks without elements");
      }
      if (cursor.number(4) != dataset.type.size) damaged("chunks of elements of another size");
    } else {
      damaged("a layout that HDF5 does not have");
    }
    return layout;
  }

  std::string parse_fill(std::string_view bytes, std::uint64_t size) {
    Cursor cursor(bytes, damaged_);
    const std::uint64_t version = cursor.number(1);
    bool defined = false;
    if (version == 3) {
      defined = (cursor.number(1) & 0x20) != 0;
    } else if (version == 1 || version == 2) {
      cursor.skip(2);
      defined = cursor.number(1) != 0 || version == 1;
    } else {
      damaged("a value for elements of another version");
    }
    if (!defined || cursor.left() < 4) return {};
    const std::uint64_t length = cursor.number(4);
    if (length == 0) return {};
    if (length != size) damaged("a value for elements of another size");
    return std::string(cursor.take(length));
  }

  std::vector<std::uint16_t> parse_filters(std::string_view bytes) {
    Cursor cursor(bytes, damaged_);
    const std::uint64_t version = cursor.number(1), count = cursor.number(1);
    if (version != 1 && version != 2) damaged("filters of another version");
    if (version == 1) cursor.skip(6);
    std::vector<std::uint16_t> filters;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t filter = cursor.number(2);
      const std::uint64_t name_length = version == 1 || filter >= 256 ? cursor.number(2) : 0;
      cursor.skip(2);
      const std::uint64_t values = cursor.number(2);
      std::string name(cursor.take(version == 1 ? (name_length + 7) / 8 * 8 : name_length));
      name.resize(std::min(name.size(), name.find('\0')));
      cursor.skip(4 * values + (version == 1 && values % 2 == 1 ? 4 : 0));
      if (filter < 1 || filter > 3) {
        refuse("expected elements that are compressed with gzip if at all: received filter {} ({})", filter, name);
      }
      filters.push_back(static_cast<std::uint16_t>(filter));
    }
    return filters;
  }

  /// The elements' type in the file, as what a tensor takes.
  StoredType stored_type(const Dataset& dataset) {
    const Datatype& type = dataset.type;
    if (dataset.bfloat16_mark && (type.kind == TypeClass::opaque || type.kind == TypeClass::integer)) {
      return StoredType::bf16;
    }
    if (type.kind == TypeClass::real && type.plain) {
      if (type.size == 2) return type.bfloat ? StoredType::bf16 : StoredType::f16;
      return type.size == 4 ? StoredType::f32 : StoredType::f64;
    }
    if (type.kind == TypeClass::integer && type.plain) {
      switch (type.size) {
        case 1:
          return type.has_sign ? StoredType::i8 : StoredType::u8;
        case 2:
          return type.has_sign ? StoredType::i16 : StoredType::u16;
        case 4:
          return type.has_sign ? StoredType::i32 : StoredType::u32;
        default:
          return type.has_sign ? StoredType::i64 : StoredType::u64;
      }
    }
    if (type.kind == TypeClass::enumeration && type.size == 1 && type.is_bool) return StoredType::boolean;
    refuse("expected numbers or bools, received {}", type_text(type));
  }
  DType dtype_of_elements(const Dataset& dataset) { return tensor_dtype(stored_type(dataset)); }

  Shape checked_shape(const Dataset& dataset) {
    if (dataset.sizes.size() > max_file_axes || !bytes_of(dataset.sizes, 8)) {
      refuse("no file holds the shape [{}]", fmt::join(dataset.sizes, ", "));
    }
    return shape_of(dataset.sizes);
  }

  Tensor read_elements(const Dataset& dataset) {
    const StoredType type = stored_type(dataset);
    const Shape shape = checked_shape(dataset);
    const std::uint64_t bytes = *bytes_of(dataset.sizes, stored_bytes(type));
    const Layout& layout = dataset.layout;
    std::shared_ptr<const FileBytes> elements;
    if (bytes == 0) {
      elements = memory_bytes(bytes_->op(), path(), {});
    } else if (layout.kind == Layout::Kind::contiguous && layout.address != undefined) {
      const std::uint64_t room = bytes_->size() - base_;
      if (layout.size < bytes || layout.address > room || bytes > room - layout.address) {
        refuse("expected [{}] elements, {} bytes: received {} bytes from byte {} on in a file of {}",
               fmt::join(dataset.sizes, ", "), bytes, layout.size, layout.address, bytes_->size());
      }
      elements = part_of(bytes_, fmt::format("{}: '{}'", path(), object_), base_ + layout.address, bytes);
    } else if (layout.kind == Layout::Kind::compact) {
      if (layout.size < bytes) {
        refuse("expected [{}] elements, {} bytes: received {}", fmt::join(dataset.sizes, ", "), bytes, layout.size);
      }
      elements = memory_bytes(bytes_->op(), fmt::format("{}: '{}'", path(), object_), layout.data);
    } else {
      elements = memory_bytes(bytes_->op(), fmt::format("{}: '{}'", path(), object_), collected(dataset, bytes));
    }
    const std::string what = "elements";
    if (type == StoredType::boolean) {
      const Tensor values = read_stored(*elements, what, 0, shape, StoredType::u8);
      Tensor t = make_file_tensor(bytes_->op(), path(), shape, boolean);
      const auto* from = host_read("io", values).data<std::uint8_t>();
      auto* to = host_write("io", t).data<bool>();
      for (std::int64_t i = 0; i < t.size(); ++i) to[i] = from[i] != 0;
      return t;
    }
    return read_stored(*elements, what, 0, shape, type, dataset.type.big_endian);
  }

  /// The elements of chunks; where none is written, the fill value. They may be more bytes than the file has.
  std::string collected(const Dataset& dataset, std::uint64_t bytes) {
    std::uint64_t most = 0;
    if (__builtin_mul_overflow(bytes_->size(), max_deflate_gain, &most)) most = undefined;
    if (bytes > most) {
      refuse("expected [{}] elements, {} bytes: a file of {} bytes cannot hold them", fmt::join(dataset.sizes, ", "),
             bytes, bytes_->size());
    }
    if (__builtin_add_overflow(inflated_, bytes, &inflated_)) inflated_ = undefined;
    check_inflation(bytes_->op(), path(), inflated_, inflation_limit(bytes_->size(), false));
    std::string all(static_cast<std::size_t>(bytes), '\0');
    const std::string& fill = dataset.layout.fill;
    if (!fill.empty()) {
      for (std::size_t at = 0; at + fill.size() <= all.size(); at += fill.size()) fill.copy(&all[at], fill.size());
    }
    if (dataset.layout.kind != Layout::Kind::chunked || dataset.layout.address == undefined) return all;
    const auto chunk = bytes_of(dataset.layout.chunk, static_cast<std::size_t>(dataset.type.size));
    // A chunk may be larger than its dataset.
    if (!chunk || *chunk > std::max<std::uint64_t>(bytes, max_spare_chunk)) {
      refuse("its chunks of [{}] elements are too large", fmt::join(dataset.layout.chunk, ", "));
    }
    std::set<std::uint64_t> visited;
    std::set<std::vector<std::uint64_t>> places;
    read_chunks(dataset, dataset.layout.address, 256, static_cast<std::size_t>(*chunk), visited, places, all);
    return all;
  }

  void read_chunks(const Dataset& dataset, std::uint64_t address, std::uint64_t above, std::size_t chunk_bytes,
                   std::set<std::uint64_t>& visited, std::set<std::vector<std::uint64_t>>& places, std::string& all) {
    if (!visited.insert(address).second) damaged("a tree that contains itself");
    const std::string head = block(address, 24);
    Cursor cursor(head, damaged_);
    cursor.expect("TREE");
    if (cursor.number(1) != 1) damaged("a tree of another kind");
    const std::uint64_t level = cursor.number(1), count = cursor.number(2);
    if (level >= above) damaged("a tree that goes on without an end");
    const std::size_t rank = dataset.sizes.size();
    const std::string entries = block(address + 24, count * (8 + 8 * (rank + 1) + 8));
    Cursor entry(entries, damaged_);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t size = entry.number(4), skipped = entry.number(4);
      std::vector<std::uint64_t> begin;
      for (std::size_t axis = 0; axis < rank; ++axis) begin.push_back(entry.number(8));
      entry.skip(8);
      const std::uint64_t child = entry.number(8);
      if (level > 0) {
        read_chunks(dataset, child, level, chunk_bytes, visited, places, all);
        continue;
      }
      if (!places.insert(begin).second) damaged("a chunk that is there twice");
      if (size < chunk_bytes / max_deflate_gain) damaged("a chunk that is too short");
      for (std::size_t axis = 0; axis < rank; ++axis) {
        if (begin[axis] % dataset.layout.chunk[axis] != 0 || begin[axis] >= dataset.sizes[axis]) {
          damaged("a chunk outside its dataset");
        }
      }
      place_chunk(dataset, begin, unfiltered(block(child, size), dataset, skipped, chunk_bytes), all);
    }
  }

  /// Undoes the filters, the last first.
  std::string unfiltered(std::string chunk, const Dataset& dataset, std::uint64_t skipped, std::size_t chunk_bytes) {
    const auto& filters = dataset.layout.filters;
    for (std::size_t i = filters.size(); i-- > 0;) {
      if (i < 32 && (skipped >> i & 1) != 0) continue;
      if (filters[i] == 1) {
        chunk = inflated(chunk, chunk_bytes + 4 * filters.size());
      } else if (filters[i] == 2) {
        chunk = unshuffled(chunk, static_cast<std::size_t>(dataset.type.size));
      } else {
        if (chunk.size() < 4) damaged("a chunk without its checksum");
        Cursor stored(std::string_view(chunk).substr(chunk.size() - 4), damaged_);
        const std::uint64_t checksum = stored.number(4);
        chunk.resize(chunk.size() - 4);
        if (checksum != fletcher32(chunk)) damaged("a chunk with another checksum");
      }
    }
    if (chunk.size() != chunk_bytes) {
      damaged(fmt::format("expected a chunk of {} bytes, received {}", chunk_bytes, chunk.size()));
    }
    return chunk;
  }

  std::string inflated(const std::string& chunk, std::size_t most) {
    std::string out(most, '\0');
    uLongf size = most;
    const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                  reinterpret_cast<const Bytef*>(chunk.data()), chunk.size());
    if (status != Z_OK) damaged(fmt::format("a compressed chunk: {}", zError(status)));
    out.resize(size);
    return out;
  }

  static std::string unshuffled(const std::string& chunk, std::size_t width) {
    const std::size_t count = width == 0 ? 0 : chunk.size() / width;
    std::string out = chunk;
    for (std::size_t byte = 0; byte < width; ++byte) {
      for (std::size_t i = 0; i < count; ++i) out[i * width + byte] = chunk[byte * count + i];
    }
    return out;
  }

  /// Fletcher's checksum of 16-bit words, as H5_checksum_fletcher32 reads them: the first byte is the higher one.
  static std::uint32_t fletcher32(const std::string& bytes) {
    std::uint64_t first = 0, second = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      const std::uint64_t high = static_cast<unsigned char>(bytes[i]);
      const std::uint64_t low = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0;
      first = (first + (high << 8 | low));
      first = (first & 0xffff) + (first >> 16);
      second += first;
      second = (second & 0xffff) + (second >> 16);
    }
    first = (first & 0xffff) + (first >> 16);
    second = (second & 0xffff) + (second >> 16);
    return static_cast<std::uint32_t>(second << 16 | first);
  }

  /// Copies what of a chunk lies in the dataset, row by row.
  void place_chunk(const Dataset& dataset, const std::vector<std::uint64_t>& begin, const std::string& chunk,
                   std::string& all) {
    const auto& sizes = dataset.sizes;
    const auto& chunk_sizes = dataset.layout.chunk;
    const std::size_t rank = sizes.size(), width = static_cast<std::size_t>(dataset.type.size);
    if (rank == 0) {
      chunk.copy(all.data(), std::min(all.size(), chunk.size()));
      return;
    }
    const std::size_t last = rank - 1;
    const std::uint64_t row = std::min(chunk_sizes[last], sizes[last] - begin[last]);
    std::vector<std::uint64_t> index(rank, 0);
    while (true) {
      std::uint64_t from = 0, to = 0;
      for (std::size_t axis = 0; axis < rank; ++axis) {
        from = from * chunk_sizes[axis] + index[axis];
        to = to * sizes[axis] + begin[axis] + index[axis];
      }
      std::memcpy(all.data() + to * width, chunk.data() + from * width, static_cast<std::size_t>(row) * width);
      std::size_t axis = last;
      while (axis > 0) {
        --axis;
        if (++index[axis] < std::min(chunk_sizes[axis], sizes[axis] - begin[axis])) break;
        index[axis] = 0;
        if (axis == 0) return;
      }
      if (last == 0) return;
    }
  }

  // ---- attributes

  /// The attribute in a message; nothing if another name than `wanted` was asked for.
  std::optional<Attribute> parse_attribute(const Message& message, const std::string* wanted) {
    if (message.shared) refuse("an attribute that is an object of its own, which is not read");
    Cursor cursor(message.bytes, damaged_);
    const std::uint64_t version = cursor.number(1);
    const std::uint64_t flags = cursor.number(1);
    if (version < 1 || version > 3) damaged("an attribute of another version");
    const std::uint64_t name_size = cursor.number(2), type_size = cursor.number(2), space_size = cursor.number(2);
    if (version == 3) cursor.skip(1);
    const auto padded = [&](std::uint64_t size) { return version == 1 ? (size + 7) / 8 * 8 : size; };
    Attribute attribute;
    std::string_view name = cursor.take(padded(name_size)).substr(0, static_cast<std::size_t>(name_size));
    attribute.name = std::string(name.substr(0, name.find('\0')));
    if (wanted != nullptr && attribute.name != *wanted) return std::nullopt;
    const std::string_view type = cursor.take(padded(type_size)), space = cursor.take(padded(space_size));
    if (wanted == nullptr) return attribute;
    if (version > 1 && (flags & 3) != 0) refuse("attribute '{}': its type is an object of its own", attribute.name);
    attribute.type = parse_type(type.substr(0, static_cast<std::size_t>(type_size)));
    attribute.sizes = parse_space(space.substr(0, static_cast<std::size_t>(space_size)));
    const auto size = bytes_of(attribute.sizes, static_cast<std::size_t>(attribute.type.size));
    if (!size || *size > cursor.left()) damaged(fmt::format("attribute '{}' is too short", attribute.name));
    attribute.data = std::string(cursor.take(*size));
    return attribute;
  }

  std::optional<Attribute> find_attribute(std::uint64_t address, const std::string& name) {
    const auto all = messages(address);
    for (const auto& message : all) {
      if (message.type != MessageType::attribute) continue;
      if (auto attribute = parse_attribute(message, &name)) return attribute;
    }
    if (const Message* info = find_message(all, MessageType::attribute_info)) {
      Cursor cursor(info->bytes, damaged_);
      cursor.skip(1);
      if ((cursor.number(1) & 1) != 0) cursor.skip(2);
      if (cursor.number(8) != undefined) refuse("it has many attributes in a newer form than the file, not read");
    }
    return std::nullopt;
  }

  Texts texts_of(const Attribute& attribute) {
    const std::string& name = attribute.name;
    const auto count = bytes_of(attribute.sizes, 1);
    if (count && *count == 0) return {};
    const Datatype& type = attribute.type;
    if (type.kind != TypeClass::text && !type.varying_text) {
      refuse("attribute '{}': expected texts, received {}", name, type_text(type));
    }
    if (!count || *count > max_texts || attribute.sizes.size() > 1) {
      refuse("attribute '{}': expected a list of at most {} texts, received [{}]", name, max_texts,
             fmt::join(attribute.sizes, ", "));
    }
    Texts all;
    std::uint64_t spent = 0;
    Cursor cursor(attribute.data, damaged_);
    for (std::uint64_t i = 0; i < *count; ++i) {
      std::string text;
      if (type.varying_text) {
        if (type.size != 16) damaged("texts of another form");
        const std::uint64_t length = cursor.number(4), address = cursor.number(8), index = cursor.number(4);
        if (length > 0) text = heap_object(address, index).substr(0, static_cast<std::size_t>(length));
      } else {
        text = std::string(cursor.take(type.size));
      }
      text.resize(std::min(text.size(), text.find('\0')));
      if (type.blanks) text.resize(text.find_last_not_of(' ') + 1);
      spent += text.size();
      const std::uint64_t most = io::limits().inflated_text_bytes;
      if (spent > most) refuse("attribute '{}': more than {} bytes (io::Limits::inflated_text_bytes)", name, most);
      all.push_back(std::move(text));
    }
    return all;
  }

  /// A text of varying length: an object of a global heap. Where the objects of a heap are is kept.
  std::string heap_object(std::uint64_t address, std::uint64_t index) {
    auto found = heaps_.find(address);
    if (found == heaps_.end()) found = heaps_.emplace(address, read_heap(address)).first;
    const auto object = found->second.find(index);
    if (object == found->second.end()) damaged("a text that is not in its heap");
    return block(object->second.first, object->second.second);
  }

  using Heap = std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>>;
  Heap read_heap(std::uint64_t address) {
    const std::string head = block(address, 16);
    Cursor cursor(head, damaged_);
    cursor.expect("GCOL");
    cursor.skip(4);
    const std::uint64_t size = cursor.number(8);
    if (size < 16) damaged("the size of a heap");
    const std::string bytes = block(address, size);
    Cursor objects(bytes, damaged_);
    objects.skip(16);
    Heap heap;
    while (objects.left() >= 16) {
      const std::uint64_t index = objects.number(2);
      objects.skip(6);
      const std::uint64_t length = objects.number(8);
      if (index == 0) break;  // what is free goes to the end
      heap[index] = {address + objects.at(), length};
      objects.skip(length);
      objects.skip(std::min<std::uint64_t>((8 - length % 8) % 8, objects.left()));
    }
    return heap;
  }

  std::shared_ptr<const FileBytes> bytes_;
  std::uint64_t base_;
  const std::function<void(const std::string&)> damaged_;
  std::mutex mutex_;  // of what follows
  std::string object_;
  std::uint64_t budget_ = 0, root_ = 0, inflated_ = 0;
  std::map<std::uint64_t, Group> groups_;
  std::map<std::uint64_t, Heap> heaps_;
};

}  // namespace

std::unique_ptr<Hdf5File> open_classic_hdf5(std::shared_ptr<const FileBytes> bytes, std::uint64_t base) {
  return std::make_unique<ClassicFile>(std::move(bytes), base);
}

}  // namespace xtape::detail
