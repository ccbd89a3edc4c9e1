#include "io/pytorch_pickle.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>

#include "base/check.hpp"
#include "io/file_tensor.hpp"
#include "io/pickle_bytes.hpp"
#include "xtape/io/limits.hpp"

// A pickle is a program for a machine with a stack and a memo (Python's Lib/pickletools.py). This machine makes plain
// values, containers and descriptions of tensors, and knows the few functions by which torch.save makes those
// (torch/_utils.py, torch/serialization.py):
//
//   OrderedDict()
//   _rebuild_tensor_v2(('storage', torch.FloatStorage, key, location, count), offset, size, stride, requires_grad,
//   hooks) _rebuild_tensor_v3(..., dtype)        the same for types without a class of storage
//   _rebuild_parameter(tensor, requires_grad, hooks)
//
// As in pickle.cpp, values refer to nodes by number, nodes are never freed, and what a pickle makes is counted.
namespace xtape::detail {
namespace {

enum class Kind : std::uint8_t { none, boolean, integer, real, text, name, list, tuple, dict, storage, tensor, mark };

struct Value {
  Kind kind = Kind::none;
  std::int64_t number = 0;  ///< or the place of the node
};

/// A text; the items of a list or tuple; the keys and values of a dict, by turns; a tensor or a storage.
struct Node {
  std::string text;
  std::vector<Value> items;
  std::unique_ptr<TorchTensor> tensor;
  bool typed = true;  ///< of a storage: its class tells the type
};

struct StorageName {
  std::string_view name;
  StoredType type;
};

constexpr std::array storage_classes{
    StorageName{"torch FloatStorage", StoredType::f32}, StorageName{"torch DoubleStorage", StoredType::f64},
    StorageName{"torch HalfStorage", StoredType::f16},  StorageName{"torch BFloat16Storage", StoredType::bf16},
    StorageName{"torch CharStorage", StoredType::i8},   StorageName{"torch ShortStorage", StoredType::i16},
    StorageName{"torch IntStorage", StoredType::i32},   StorageName{"torch LongStorage", StoredType::i64},
    StorageName{"torch ByteStorage", StoredType::u8},   StorageName{"torch BoolStorage", StoredType::boolean}};

constexpr std::array dtype_names{
    StorageName{"torch float32", StoredType::f32}, StorageName{"torch float64", StoredType::f64},
    StorageName{"torch float16", StoredType::f16}, StorageName{"torch bfloat16", StoredType::bf16},
    StorageName{"torch int8", StoredType::i8},     StorageName{"torch int16", StoredType::i16},
    StorageName{"torch int32", StoredType::i32},   StorageName{"torch int64", StoredType::i64},
    StorageName{"torch uint8", StoredType::u8},    StorageName{"torch uint16", StoredType::u16},
    StorageName{"torch uint32", StoredType::u32},  StorageName{"torch uint64", StoredType::u64},
    StorageName{"torch bool", StoredType::boolean}};

std::optional<StoredType> type_named(std::span<const StorageName> names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &StorageName::name);
  return found != names.end() ? std::optional(found->type) : std::nullopt;
}

constexpr const char* untyped_storage = "torch.storage UntypedStorage";
constexpr std::size_t max_depth = 100;  // of containers in each other

std::string printable(std::string text) {
  for (char& c : text) c = c >= ' ' && c <= '~' ? c : '?';
  return text;
}

class Unpickler : PickleBytes {
 public:
  explicit Unpickler(ByteSource& source)
      : PickleBytes(source, "the tensors and plain containers that torch.save writes",
                    static_cast<std::size_t>(io::limits().unpickled_bytes)) {}

  std::vector<std::pair<std::string, TorchTensor>> read() {
    while (step(static_cast<unsigned char>(byte()))) {
    }
    const Value result = pop();
    if (!stack_.empty()) damaged("values are left over");
    if (!at_end()) damaged("bytes follow it");
    collect("", result, 0);
    return std::move(tensors_);
  }

 private:
  Node& node(const Value& value) { return nodes_[static_cast<std::size_t>(value.number)]; }
  const std::string& text_of(const Value& value) { return node(value).text; }

  void push(Value value) {
    if (stack_.size() == highest_) {
      spend(sizeof value);
      ++highest_;
    }
    stack_.push_back(value);
  }
  void push(Kind kind, std::int64_t number = 0) { push(Value{kind, number}); }
  Node& push_node(Kind kind) {
    spend(sizeof(Node));
    push(kind, static_cast<std::int64_t>(nodes_.size()));
    return nodes_.emplace_back();
  }
  void push_text(Kind kind, std::string value) {
    spend(value.size());
    push_node(kind).text = std::move(value);
  }
  void push_tensor(Kind kind, TorchTensor tensor, bool typed = true) {
    spend(sizeof tensor + tensor.key.size() + 16 * tensor.sizes.size());
    Node& made = push_node(kind);
    made.tensor = std::make_unique<TorchTensor>(std::move(tensor));
    made.typed = typed;
  }
  void spend(std::size_t bytes) {
    spent_ += bytes;
    if (spent_ > most_) damaged(fmt::format("more than {} bytes of objects (io::Limits::unpickled_bytes)", most_));
  }
  Value pop() {
    if (stack_.empty() || stack_.back().kind == Kind::mark) damaged("a value is missing");
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Value pop(Kind kind) {
    const Value value = pop();
    if (value.kind != kind) damaged("a value of another kind");
    return value;
  }
  /// The place of the last mark.
  std::size_t mark() {
    std::size_t at = stack_.size();
    while (at > 0 && stack_[at - 1].kind != Kind::mark) --at;
    if (at == 0) damaged("a mark is missing");
    return at - 1;
  }
  void push_tuple(std::size_t first, std::size_t dropped = 0) {
    if (first + dropped > stack_.size()) damaged("a value is missing");
    std::vector<Value> items(stack_.begin() + static_cast<std::ptrdiff_t>(first + dropped), stack_.end());
    for (const auto& item : items) {
      if (item.kind == Kind::mark) damaged("a value is missing");
    }
    stack_.resize(first);
    spend(items.size() * sizeof(Value));
    push_node(Kind::tuple).items = std::move(items);
  }
  /// The values from `first` on become items of the list or dict below `end`.
  void append(std::size_t end, std::size_t first, Kind kind) {
    if (end == 0 || stack_[end - 1].kind != kind) damaged("a container is missing");
    Node& container = node(stack_[end - 1]);
    if (kind == Kind::dict && (stack_.size() - first) % 2 != 0) damaged("a value of a dict is missing");
    spend((stack_.size() - first) * sizeof(Value));
    container.items.insert(container.items.end(), stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(end);
  }
  Value recall(std::uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) damaged("a value that was never kept");
    return found->second;
  }
  void keep(std::uint64_t number) {
    if (stack_.empty() || stack_.back().kind == Kind::mark) damaged("a value is missing");
    if (memo_.insert_or_assign(number, stack_.back()).second) spend(bytes_of_memo);
  }

  [[noreturn]] void refuse(const std::string& name) {
    std::string shown = printable(name);
    std::ranges::replace(shown, ' ', '.');
    damaged(fmt::format("it holds {}, which is not read", shown));
  }

  void name_something(const std::string& module, const std::string& name) {
    // Names before their meaning: a torch.dtype as a plain value is no more than its name.
    push_text(Kind::name, fmt::format("{} {}", module, name));
  }

  std::vector<std::uint64_t> numbers_of(const Value& value) {
    if (value.kind != Kind::tuple && value.kind != Kind::list) damaged("a tensor without a shape");
    std::vector<std::uint64_t> numbers;
    const auto& items = node(value).items;
    if (items.size() > max_file_axes) damaged("a tensor of too many axes");
    for (const auto& item : items) {
      if (item.kind != Kind::integer || item.number < 0) damaged("a tensor whose shape is not of numbers from 0 on");
      numbers.push_back(static_cast<std::uint64_t>(item.number));
    }
    return numbers;
  }

  void make_tensor(const std::vector<Value>& items, bool has_dtype) {
    if (items.size() < (has_dtype ? 7u : 4u) || items[0].kind != Kind::storage || items[1].kind != Kind::integer ||
        items[1].number < 0) {
      damaged("a tensor without a storage");
    }
    const Node& storage = node(items[0]);
    TorchTensor tensor = *storage.tensor;
    tensor.offset = static_cast<std::uint64_t>(items[1].number);
    tensor.sizes = numbers_of(items[2]);
    tensor.strides = numbers_of(items[3]);
    if (tensor.sizes.size() != tensor.strides.size()) damaged("a tensor with more or fewer strides than axes");
    if (has_dtype) {
      if (items[6].kind != Kind::name) damaged("a tensor without a dtype");
      const auto type = type_named(dtype_names, text_of(items[6]));
      if (!type) refuse(text_of(items[6]));
      tensor.type = *type;
      tensor.elements = 0;
    } else if (!storage.typed) {
      damaged("a tensor without a dtype");
    }
    push_tensor(Kind::tensor, std::move(tensor));
  }

  void call() {
    const Value arguments = pop(Kind::tuple), function = pop();
    if (function.kind != Kind::name) damaged("a call of something that is no function");
    const std::string name = text_of(function);
    const std::vector<Value> items = node(arguments).items;
    if (name == "collections OrderedDict" && items.size() <= 1) {
      ordered_dict(items);
    } else if (name == "torch._utils _rebuild_tensor_v2" || name == "torch._utils _rebuild_tensor") {
      make_tensor(items, false);
    } else if (name == "torch._utils _rebuild_tensor_v3") {
      make_tensor(items, true);
    } else if ((name == "torch._utils _rebuild_parameter" || name == "torch._utils _rebuild_parameter_with_state") &&
               !items.empty() && items[0].kind == Kind::tensor) {
      push(items[0]);
    } else if (name == "torch Size" && items.size() == 1 && items[0].kind == Kind::tuple) {
      push(items[0]);
    } else if (name == "torch device" || name == "torch._utils _get_layout") {
      push(Kind::none);
    } else if (name == "torch.jit._pickle build_intlist" || name == "torch.jit._pickle build_doublelist" ||
               name == "torch.jit._pickle build_boollist" || name == "torch.jit._pickle build_tensorlist") {
      if (items.empty() || items[0].kind != Kind::list) damaged("a list is missing");
      push(items[0]);
    } else if (name == "torch.jit._pickle restore_type_tag" && !items.empty()) {
      push(items[0]);
    } else {
      refuse(name);
    }
  }

  /// Of nothing, or of a list of pairs, as Python 2 writes it.
  void ordered_dict(const std::vector<Value>& arguments) {
    std::vector<Value> items;
    if (!arguments.empty()) {
      if (arguments[0].kind != Kind::list) damaged("an OrderedDict of something else");
      for (const auto& pair : node(arguments[0]).items) {
        if ((pair.kind != Kind::tuple && pair.kind != Kind::list) || node(pair).items.size() != 2) {
          damaged("an OrderedDict of something else");
        }
        items.insert(items.end(), node(pair).items.begin(), node(pair).items.end());
      }
      spend(items.size() * sizeof(Value));
    }
    push_node(Kind::dict).items = std::move(items);
  }

  /// ('storage', class, key, location, number of elements)
  void make_storage() {
    const Value id = pop(Kind::tuple);
    const auto& items = node(id).items;
    if (items.size() < 5 || items[0].kind != Kind::text || text_of(items[0]) != "storage" ||
        items[1].kind != Kind::name || items[2].kind != Kind::text || items[4].kind != Kind::integer ||
        items[4].number < 0) {
      damaged("a reference to something that is no storage");
    }
    TorchTensor storage;
    const std::string& name = text_of(items[1]);
    const bool typed = name != untyped_storage;
    if (typed) {
      const auto type = type_named(storage_classes, name);
      if (!type) refuse(name);
      storage.type = *type;
    }
    storage.key = text_of(items[2]);
    storage.elements = typed ? static_cast<std::uint64_t>(items[4].number) : 0;
    push_tensor(Kind::storage, std::move(storage), typed);
  }

  /// The state of an OrderedDict is attributes of it, as a state dict's _metadata.
  void set_state() {
    pop();
    if (stack_.empty() || stack_.back().kind != Kind::dict) damaged("a state of something that is no OrderedDict");
  }

  std::string key_text(const Value& key) {
    switch (key.kind) {
      case Kind::text:
        return text_of(key);
      case Kind::integer:
        return fmt::to_string(key.number);
      case Kind::boolean:
        return key.number != 0 ? "True" : "False";
      case Kind::none:
        return "None";
      default:
        damaged("a dict whose keys are no texts or numbers");
    }
  }

  // Containers may be shared and even contain themselves, and a tensor that is there twice has two names.
  void collect(const std::string& name, const Value& value, std::size_t depth) {
    spend(sizeof value);
    switch (value.kind) {
      case Kind::tensor: {
        const TorchTensor& tensor = *node(value).tensor;
        spend(sizeof tensor + name.size() + 16 * tensor.sizes.size());
        if (!names_.insert(name).second) damaged(fmt::format("tensor '{}' is there twice", printable(name)));
        tensors_.emplace_back(name, tensor);
        break;
      }
      case Kind::list:
      case Kind::tuple:
      case Kind::dict: {
        if (depth > max_depth) damaged(fmt::format("more than {} containers in each other", max_depth));
        const auto& items = node(value).items;
        const bool dict = value.kind == Kind::dict;
        for (std::size_t i = 0; i < items.size(); i += dict ? 2 : 1) {
          std::string inner = dict ? key_text(items[i]) : fmt::to_string(i);
          if (!name.empty()) inner = fmt::format("{}.{}", name, inner);
          spend(inner.size());
          collect(inner, items[dict ? i + 1 : i], depth + 1);
        }
        break;
      }
      case Kind::name:
        if (!type_named(dtype_names, text_of(value))) refuse(text_of(value));  // a torch.dtype is a plain value
        break;
      case Kind::storage:
        damaged("it holds a storage without a tensor, which is not read");
      default:
        break;
    }
  }

  /// Executes one instruction; false at the end of the program.
  bool step(unsigned char code) {
    switch (code) {
      case 0x80:  // PROTO
        if (unsigned_number(1) > 5) damaged("a later protocol");
        break;
      case 0x95:  // FRAME
        unsigned_number(8);
        break;
      case '.':
        return false;
      case '(':
        push(Kind::mark);
        break;
      case '0':  // POP
        pop();
        break;
      case ']':
        push_node(Kind::list);
        break;
      case '}':
        push_node(Kind::dict);
        break;
      case 'a':
        check_values(2);
        append(stack_.size() - 1, stack_.size() - 1, Kind::list);
        break;
      case 'e': {
        const std::size_t at = mark();
        append(at, at + 1, Kind::list);
        break;
      }
      case 's':
        check_values(3);
        append(stack_.size() - 2, stack_.size() - 2, Kind::dict);
        break;
      case 'u': {
        const std::size_t at = mark();
        append(at, at + 1, Kind::dict);
        break;
      }
      case ')':
        push_tuple(stack_.size());
        break;
      case 't':
        push_tuple(mark(), 1);
        break;
      case 0x85:  // TUPLE1
      case 0x86:
      case 0x87: {
        const std::size_t n = code - 0x84u;
        if (stack_.size() < n) damaged("a value is missing");
        push_tuple(stack_.size() - n);
        break;
      }
      case 'N':
        push(Kind::none);
        break;
      case 0x88:  // NEWTRUE
        push(Kind::boolean, 1);
        break;
      case 0x89:  // NEWFALSE
        push(Kind::boolean, 0);
        break;
      case 'K':
        push(Kind::integer, static_cast<std::int64_t>(unsigned_number(1)));
        break;
      case 'M':
        push(Kind::integer, static_cast<std::int64_t>(unsigned_number(2)));
        break;
      case 'J':
        push(Kind::integer, signed_number(4));
        break;
      case 0x8a:  // LONG1
        push_long(unsigned_number(1));
        break;
      case 'G':  // BINFLOAT: eight bytes, which no tensor needs
        unsigned_number(8);
        push(Kind::real);
        break;
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':
      case 'C':
        push_text(Kind::text, text(unsigned_number(1)));
        break;
      case 'X':
      case 'T':
      case 'B':
        push_text(Kind::text, text(unsigned_number(4)));
        break;
      case 0x8d:  // BINUNICODE8
        push_text(Kind::text, text(unsigned_number(8)));
        break;
      case 'c': {
        const std::string module = line();
        name_something(module, line());
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const Value name = pop(Kind::text), module = pop(Kind::text);
        name_something(text_of(module), text_of(name));
        break;
      }
      case 'Q':  // BINPERSID
        make_storage();
        break;
      case 'R':
        call();
        break;
      case 0x81: {  // NEWOBJ: an instance of a class
        pop(Kind::tuple);
        refuse(text_of(pop(Kind::name)));
      }
      case 'b':
        set_state();
        break;
      case 'q':
        keep(unsigned_number(1));
        break;
      case 'r':
        keep(unsigned_number(4));
        break;
      case 0x94:  // MEMOIZE
        keep(memo_.size());
        break;
      case 'h':
        push(recall(unsigned_number(1)));
        break;
      case 'j':
        push(recall(unsigned_number(4)));
        break;
      default:
        damaged(fmt::format("the instruction {:02x}", code));
    }
    return true;
  }

  void check_values(std::size_t count) {
    if (stack_.size() < count) damaged("a value is missing");
    for (std::size_t i = 0; i < count; ++i) {
      if (stack_[stack_.size() - 1 - i].kind == Kind::mark) damaged("a value is missing");
    }
  }
  /// Numbers beyond 64 bits are passed over; a tensor with one is refused.
  void push_long(std::uint64_t bytes) {
    if (bytes <= 8) return push(Kind::integer, signed_number(bytes));
    for (; bytes > 0; --bytes) byte();
    push(Kind::real);
  }

  static constexpr std::size_t bytes_of_memo = sizeof(std::uint64_t) + sizeof(Value) + 2 * sizeof(void*);

  const std::uint64_t most_ = io::limits().unpickled_bytes;
  std::uint64_t spent_ = 0;
  std::size_t highest_ = 0;  ///< the most values that the stack has had
  std::vector<Value> stack_;
  std::deque<Node> nodes_;
  std::unordered_map<std::uint64_t, Value> memo_;
  std::vector<std::pair<std::string, TorchTensor>> tensors_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<std::pair<std::string, TorchTensor>> read_torch_pickle(ByteSource& source) {
  const auto unpickler = std::make_unique<Unpickler>(source);
  return unpickler->read();
}

}  // namespace xtape::detail
