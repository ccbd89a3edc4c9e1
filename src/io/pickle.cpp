#include "io/pickle.hpp"

#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/check.hpp"
#include "io/pickle_bytes.hpp"
#include "xtape/io/limits.hpp"

// A pickle is a program for a machine with a stack and a memo, described in Python's Lib/pickletools.py. Running it can
// call anything; this machine knows only the instructions and the four functions that an array of lists of integers
// needs, and makes no objects but these. The array is made by calling numpy.core.multiarray._reconstruct(ndarray, (0,),
// b'b') and then given its state, (1, shape, dtype, Fortran order, list of elements).
//
// Values refer to nodes by number and nodes are never freed, so that a list in the memo may be used again. What a
// pickle may make is counted (spend): a few bytes can ask for any amount.
namespace xtape::detail {
namespace {

enum class Kind : std::uint8_t { none, number, text, function, tuple, list, dtype, array, mark };

struct Value {
  Kind kind = Kind::none;
  std::int64_t number = 0;  ///< or the place of the node
};

/// What a value holds: a text, the items of a tuple or list. A list of numbers keeps them apart, in less memory.
struct Node {
  std::string text;
  std::vector<Value> items;
  std::vector<std::int32_t> numbers;
};

class Unpickler : PickleBytes {
 public:
  explicit Unpickler(ByteSource& source) : PickleBytes(source, "a pickled array of lists of integers", 256) {}

  std::vector<std::vector<std::int32_t>> read() {
    while (step(static_cast<unsigned char>(byte()))) {
    }
    const Value result = pop(Kind::array);
    if (!stack_.empty()) damaged("values are left over");
    if (!at_end()) damaged("bytes follow it");
    return lists_of(node(result));
  }

 private:
  Node& node(const Value& value) { return nodes_[static_cast<std::size_t>(value.number)]; }
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
  /// Counts memory: a byte of the pickle can ask for any of its objects.
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
    spend(items.size() * sizeof items[0]);
    push_node(Kind::tuple).items = std::move(items);
  }
  /// The values from `first` on become items of the list below `end`.
  void append(std::size_t end, std::size_t first) {
    if (end == 0 || stack_[end - 1].kind != Kind::list) damaged("a list is missing");
    Node& list = node(stack_[end - 1]);
    for (std::size_t i = first; i < stack_.size(); ++i) {
      const Value& item = stack_[i];
      spend(item.kind != Kind::number ? sizeof item : sizeof list.numbers[0]);
      if (item.kind != Kind::number) {
        list.items.push_back(item);
      } else if (item.number < std::numeric_limits<std::int32_t>::min() ||
                 item.number > std::numeric_limits<std::int32_t>::max()) {
        damaged("an integer of more than 32 bits");
      } else {
        list.numbers.push_back(static_cast<std::int32_t>(item.number));
      }
    }
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

  void call() {
    const Value arguments = pop(Kind::tuple), function = pop(Kind::function);
    const std::string& name = node(function).text;
    const auto& items = node(arguments).items;
    const auto is_text = [&](std::size_t i) { return i < items.size() && items[i].kind == Kind::text; };
    if (name == "numpy.core.multiarray _reconstruct" || name == "numpy._core.multiarray _reconstruct") {
      if (items.size() != 3 || items[0].kind != Kind::function || node(items[0]).text != "numpy ndarray") {
        damaged("something that is no ndarray");
      }
      push_node(Kind::array);
    } else if (name == "numpy dtype") {
      if (!is_text(0) || !node(items[0]).text.starts_with('O')) damaged("an array of other elements");
      push_node(Kind::dtype);
    } else if (name == "_codecs encode" && is_text(0)) {
      push_text(Kind::text, std::string(node(items[0]).text));
    } else {
      std::string shown = name;
      for (char& c : shown) c = c >= ' ' && c <= '~' ? c : '?';
      damaged(fmt::format("a call of {}", shown));
    }
  }

  void set_state() {
    const Value state = pop(Kind::tuple), object = pop();
    if (object.kind == Kind::array) {
      const auto& items = node(state).items;
      if (items.size() != 5 || items[1].kind != Kind::tuple || items[2].kind != Kind::dtype ||
          items[4].kind != Kind::list || !node(object).items.empty()) {
        damaged("an array with another state");
      }
      if (node(items[1]).items.size() != 1) damaged("an array of more than one axis");
      node(object).items.push_back(items[4]);
    } else if (object.kind != Kind::dtype) {
      damaged("a state of something else");
    }
    push(object);
  }

  std::vector<std::vector<std::int32_t>> lists_of(const Node& array) {
    if (array.items.empty()) damaged("an array without a state");
    Node& all = node(array.items[0]);
    if (!all.numbers.empty()) damaged("an array of integers");
    std::vector<std::vector<std::int32_t>> lists;
    std::vector<bool> used(nodes_.size());
    for (const auto& item : all.items) {
      if (item.kind != Kind::list || !node(item).items.empty()) damaged("an element that is no list of integers");
      const auto number = static_cast<std::size_t>(item.number);
      if (used[number]) damaged("a list that is there twice");
      used[number] = true;
      lists.push_back(std::move(node(item).numbers));
    }
    return lists;
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
      case ']':
        push_node(Kind::list);
        break;
      case 'a':
        if (stack_.size() < 2) damaged("a value is missing");
        append(stack_.size() - 1, stack_.size() - 1);
        break;
      case 'e': {
        const std::size_t at = mark();
        append(at, at + 1);
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
      case 0x89:  // NEWFALSE: never an item of a list here
        push(Kind::none);
        break;
      case 'K':
        push(Kind::number, static_cast<std::int64_t>(unsigned_number(1)));
        break;
      case 'M':
        push(Kind::number, static_cast<std::int64_t>(unsigned_number(2)));
        break;
      case 'J':
        push(Kind::number, signed_number(4));
        break;
      case 0x8a:  // LONG1
        push(Kind::number, signed_number(unsigned_number(1)));
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
      case 'c': {
        std::string module = line();
        push_text(Kind::function, module + ' ' + line());
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const Value name = pop(Kind::text), module = pop(Kind::text);
        push_text(Kind::function, fmt::format("{} {}", node(module).text, node(name).text));
        break;
      }
      case 'R':
        call();
        break;
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

  /// The memory that an entry takes: its number and value, a link, its place in the table.
  static constexpr std::size_t bytes_of_memo = sizeof(std::uint64_t) + sizeof(Value) + 2 * sizeof(void*);

  const std::uint64_t most_ = io::limits().unpickled_bytes;
  std::uint64_t spent_ = 0;
  std::size_t highest_ = 0;  ///< the most values that the stack has had
  std::vector<Value> stack_;
  std::deque<Node> nodes_;
  std::unordered_map<std::uint64_t, Value> memo_;
};

}  // namespace

std::vector<std::vector<std::int32_t>> read_pickled_lists(ByteSource& source) {
  const auto unpickler = std::make_unique<Unpickler>(source);
  return unpickler->read();
}

}  // namespace xtape::detail
