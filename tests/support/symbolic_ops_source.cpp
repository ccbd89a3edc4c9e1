#include "support/symbolic_ops_source.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>

namespace xtape::testing {
namespace {

bool is_tensor(const OpParameter& p) { return p.type == "const Tensor&"; }
bool is_list(const OpParameter& p) {
  return p.type == "ListOf<Tensor>" || p.type == "const std::vector<Tensor>&" || p.type == "std::span<const Tensor>";
}

std::ptrdiff_t tensors_of(const OpDeclaration& op) {
  return std::count_if(op.parameters.begin(), op.parameters.end(), is_tensor);
}
bool has_list(const OpDeclaration& op) { return std::any_of(op.parameters.begin(), op.parameters.end(), is_list); }
/// Whether there are operands of which some may be known tensors.
bool mixes(const OpDeclaration& op) { return tensors_of(op) > 1 || has_list(op); }
bool is_operator(const OpDeclaration& op) { return op.name.starts_with("operator"); }

std::string line(const std::string& text) { return text + "\n"; }

template <class F>
std::string joined(const std::vector<OpParameter>& parameters, const F& text, const char* separator = ", ") {
  std::string all;
  for (const auto& p : parameters) {
    const std::string one = text(p);
    if (!one.empty()) all += (all.empty() ? "" : separator) + one;
  }
  return all;
}

const OpStruct* struct_of(const OpDeclarations& ops, const OpDeclaration& op) {
  for (const auto& s : ops.structs) {
    if (s.name == op.result && s.space == op.space) return &s;
  }
  return nullptr;
}

std::string symbolic_result(const std::string& result) {
  if (result == "Tensor") return "SymbolicTensor";
  if (result == "Tensors") return "SymbolicList";
  if (result == "std::pair<Tensor, Tensor>") return "std::pair<SymbolicTensor, SymbolicTensor>";
  if (result == "std::pair<Tensors, Tensor>") return "std::pair<SymbolicList, SymbolicTensor>";
  return "Symbolic" + result;
}

/// Each function's text in the namespaces of xtape, one after the other.
class Spaces {
 public:
  void add(const std::string& space, const std::string& text) {
    if (space != now_) close();
    if (space != now_ && !space.empty()) text_ += "namespace " + space + " {\n";
    now_ = space;
    text_ += text;
  }
  std::string finish() {
    close();
    return text_;
  }

 private:
  void close() {
    if (!now_.empty()) text_ += "}  // namespace " + now_ + "\n";
    now_.clear();
  }
  std::string text_, now_;
};

std::vector<OpDeclaration> with_operands(const OpDeclarations& ops) {
  std::vector<OpDeclaration> all;
  for (const auto& op : ops.functions) {
    const bool forwards = !op.is_alias() || op.body.starts_with("return ");
    if (takes_tensors(op) && !made_by_hand(op) && forwards) all.push_back(op);
  }
  return all;
}

std::string includes_of(const std::vector<OpDeclaration>& ops) {
  std::set<std::string> headers;
  for (const auto& op : ops) headers.insert(op.header);
  std::string text;
  for (const auto& header : headers) text += "#include \"" + header + "\"\n";
  return text;
}

/// A parameter of the functions of the .cpp: an operand of any kind, a whole number where there was a template.
std::string plain_parameter(const OpDeclaration& op, const OpParameter& p) {
  if (is_list(p)) return "const detail::SymbolicOperands& " + p.name;
  if (is_tensor(p)) return (mixes(op) ? "const detail::SymbolicOperand& " : "const SymbolicTensor& ") + p.name;
  if (p.type == "N") return "std::int64_t " + p.name;
  return p.type + " " + p.name;
}

constexpr const char* note =
    "// Made of the headers in include/xtape/ops by tests/layers/symbolic_ops_test.cpp, which says how. Do not edit.\n";

/// Whether the function of the .cpp is another one than what users call, a template.
bool has_inner(const OpDeclaration& op) {
  return !is_operator(op) && !op.is_alias() && (mixes(op) || !op.template_of.empty());
}

std::string inner_space(const OpDeclaration& op) { return op.space + (op.space.empty() ? "" : "::") + "symbolic"; }

std::string inner_declaration(const OpDeclaration& op) {
  return line(symbolic_result(op.result) + " " + op.name + "(" +
              joined(op.parameters, [&](const OpParameter& p) { return plain_parameter(op, p); }) + ");");
}

std::string header_entry(const OpDeclaration& op) {
  const std::string result = symbolic_result(op.result);
  if (is_operator(op)) {
    std::smatch called;
    std::regex_search(op.body, called, std::regex("return (\\w+)\\("));
    const std::string arguments = joined(op.parameters, [](const OpParameter& p) { return p.name; });
    if (op.parameters.size() == 1) {
      return line("inline SymbolicTensor " + op.name + "(const SymbolicTensor& " + arguments + ") { return " +
                  called[1].str() + "(" + arguments + "); }");
    }
    return "template <class A, class B>\nrequires detail::AnySymbolic<A, B>\n" +
           line("SymbolicTensor " + op.name + "(const A& a, const B& b) { return " + called[1].str() + "(a, b); }");
  }
  const auto arguments = joined(op.parameters, [](const OpParameter& p) {
    return p.type == "N" ? "static_cast<std::int64_t>(" + p.name + ")" : p.name;
  });
  const auto plain = [&](const OpParameter& p) { return plain_parameter(op, p); };
  const std::string body =
      op.is_alias() ? " { " + op.body + " }" : " { return symbolic::" + op.name + "(" + arguments + "); }";
  if (!mixes(op) && op.template_of.empty()) {
    return line((op.is_alias() ? "inline " : "") + result + " " + op.name + "(" +
                joined(op.parameters,
                       [&](const OpParameter& p) { return plain(p) + (p.value.empty() ? "" : " = " + p.value); }) +
                ")" + (op.is_alias() ? body : ";"));
  }
  if (!mixes(op)) {
    return op.template_of + "\n" +
           line(result + " " + op.name + "(" +
                joined(op.parameters,
                       [](const OpParameter& p) {
                         return (is_tensor(p) ? "const SymbolicTensor& " + p.name : p.type + " " + p.name) +
                                (p.value.empty() ? "" : " = " + p.value);
                       }) +
                ")" + body);
  }
  std::string parameters, types, constraint;
  char letter = 'A';
  for (const auto& p : op.parameters) {
    std::string type = p.type;
    if (is_tensor(p) && has_list(op)) {
      type = "const detail::SymbolicOperand&";
    } else if (is_tensor(p)) {
      const std::string own(1, letter++);
      types += (types.empty() ? "" : ", ") + ("class " + own) + (p.value.empty() ? "" : " = Tensor");
      constraint += (constraint.empty() ? "" : ", ") + own;
      type = "const " + own + "&";
    } else if (is_list(p)) {
      types =
          "detail::SymbolicOperandList L = detail::SymbolicOperands" + std::string(types.empty() ? "" : ", ") + types;
      type = "const L&";
    }
    parameters += (parameters.empty() ? "" : ", ") + OpParameter{type, p.name, p.value}.text();
  }
  std::string text = "template <" + types + ">\n";
  if (!constraint.empty()) text += "requires detail::AnySymbolic<" + constraint + ">\n";
  return text + line(result + " " + op.name + "(" + parameters + ")" + body);
}

std::string source_entry(const OpDeclarations& ops, const OpDeclaration& op) {
  std::string captures, operands, arguments, list;
  const auto listed = [](std::string& text, const std::string& one) { text += (text.empty() ? "" : ", ") + one; };
  std::ptrdiff_t singles = 0;
  for (const auto& p : op.parameters) {
    const std::string rest = std::to_string(tensors_of(op));
    if (is_tensor(p)) {
      listed(operands, p.name);
      listed(arguments, "in[" + std::to_string(singles++) + "]");
    } else if (is_list(p)) {
      list = p.name;
      listed(arguments, p.type == "ListOf<Tensor>" ? "ListOf<Tensor>(in.subspan(" + rest + "))"
                        : p.type == "std::span<const Tensor>"
                            ? "in.subspan(" + rest + ")"
                            : "std::vector<Tensor>(in.begin() + " + rest + ", in.end())");
    } else {
      std::smatch element;
      if (std::regex_match(p.type, element, std::regex("ListOf<(.*)>"))) {
        listed(captures,
               p.name + " = std::vector<" + element[1].str() + ">(" + p.name + ".begin(), " + p.name + ".end())");
      } else {
        listed(captures, (p.type == "Generator&" ? "&" : "") + p.name);
      }
      listed(arguments, p.name);
    }
  }
  const std::string function = (op.space.empty() ? "xtape::" : "xtape::" + op.space + "::") + op.name;
  const std::string call = function + "(" + arguments + ")";
  std::string outputs, result;
  const std::string widens = op.header == "xtape/ops/math.hpp" || op.header == "xtape/ops/arithmetic.hpp"
                                 ? "OpWidening::float32"
                                 : "OpWidening::none";
  std::string made = "op_node(\"" + op.name + "\", " +
                     (list.empty() ? "{" + operands + "}" : "operands_and(" + list + ", {" + operands + "})") + ", " +
                     widens + ", [" + captures + "](std::span<const Tensor> in) -> TensorList { ";
  if (op.result == "Tensor" || op.result == "Tensors") {
    made += "return " + call + "; })";
    result = "return " + made + ";";
  } else {
    std::string taken, given;
    if (op.result == "std::pair<Tensors, Tensor>") {
      made += "auto y = " + call + "; y.first.push_back(y.second); return std::move(y.first); })";
      result = "auto all = " + made +
               "; const SymbolicTensor last = all.back(); all.pop_back(); return {std::move(all), last};";
    } else {
      if (const OpStruct* s = struct_of(ops, op)) {
        for (std::size_t i = 0; i < s->members.size(); ++i) {
          listed(taken, "y." + s->members[i].second);
          listed(given, "all[" + std::to_string(i) + "]");
        }
      } else {
        taken = "y.first, y.second";
        given = "all[0], all[1]";
      }
      made += "const auto y = " + call + "; return {" + taken + "}; })";
      result = "const auto all = " + made + "; return {" + given + "};";
    }
  }
  const std::string head = symbolic_result(op.result) + " " + op.name + "(" +
                           joined(op.parameters, [&](const OpParameter& p) { return plain_parameter(op, p); }) + ") {";
  return line(head) + line(result) + "}\n";
}

}  // namespace

bool made_by_hand(const OpDeclaration& op) {
  // == and != tell whether symbolic tensors are the same one; a tensor's += changes no graph.
  static const std::set<std::string> names = {"map", "operator==", "operator!="};
  const bool of_braces = std::any_of(op.parameters.begin(), op.parameters.end(), [](const OpParameter& p) {
    return p.type == "std::initializer_list<Tensor>";  // which lists of operands take as well
  });
  return of_braces || names.contains(op.name) || op.result == "Tensor&";
}

bool takes_tensors(const OpDeclaration& op) { return op.name == "map" || tensors_of(op) > 0 || has_list(op); }

std::string symbolic_ops_header(const OpDeclarations& ops) {
  const auto all = with_operands(ops);
  Spaces spaces;
  std::set<std::string> made;
  for (const auto& op : all) {
    const OpStruct* s = struct_of(ops, op);
    if (s != nullptr && made.insert(s->space + "::" + s->name).second) {
      std::string members;
      for (const auto& [type, name] : s->members) members += " SymbolicTensor " + name + ";";
      spaces.add(op.space,
                 "/// " + s->name + " of symbolic tensors.\nstruct Symbolic" + s->name + " {" + members + " };\n");
    }
  }
  for (const auto& op : all) {
    if (has_inner(op)) spaces.add(inner_space(op), inner_declaration(op));
  }
  for (const bool aliases : {false, true}) {  // these call what is declared before them
    for (const auto& op : all) {
      if (op.is_alias() == aliases) spaces.add(op.space, header_entry(op));
    }
  }
  for (const auto& [space, name] : ops.usings) spaces.add(space, "using " + name + ";\n");
  return std::string("#pragma once\n\n") + note +
         "\n#include <concepts>\n#include <cstdint>\n#include <utility>\n\n"
         "#include \"xtape/layers/symbolic.hpp\"\n" +
         includes_of(all) +
         "\n// Family: the ops on symbolic tensors, as nodes of the graph (as in Keras 3): nn::relu(x), x * 2 + y,\n"
         "// reduce_mean(x, {1}), concat({x, y}, -1). Each does in the model what the op of its name does to tensors, "
         "with\n"
         "// its options and its errors, and is described there. Of several operands at least one is symbolic. Others "
         "may be\n"
         "// tensors, numbers and variables; variables are weights of the model. Tensors in options stay tensors. "
         "Results have\n"
         "// no masks. An op whose result has a shape that depends on elements, such as boolean_mask, is a "
         "RuntimeError.\n"
         "//\n"
         "// == and != tell whether two symbolic tensors are the same one: see equal() and not_equal(). The functions "
         "in the\n"
         "// namespaces `symbolic` are for the templates of their names alone.\n"
         "namespace xtape {\n\n" +
         spaces.finish() + "\n}  // namespace xtape\n";
}

std::string symbolic_ops_source(const OpDeclarations& ops) {
  const auto all = with_operands(ops);
  Spaces spaces;
  for (const auto& op : all) {
    if (!is_operator(op) && !op.is_alias())
      spaces.add(has_inner(op) ? inner_space(op) : op.space, source_entry(ops, op));
  }
  return std::string("#include \"xtape/layers/symbolic_ops.hpp\"\n\n") + note +
         "\n#include <span>\n#include <utility>\n#include <vector>\n\n#include \"layers/op_node.hpp\"\n"
         "\nnamespace xtape {\n\nusing detail::op_node;\nusing detail::operands_and;\nusing "
         "detail::OpWidening;\n\n" +
         spaces.finish() + "\n}  // namespace xtape\n";
}

}  // namespace xtape::testing
