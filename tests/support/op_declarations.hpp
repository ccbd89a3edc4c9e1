#pragma once

#include <string>
#include <utility>
#include <vector>

// The declarations in the headers of ops, parsed from their text.
namespace xtape::testing {

struct OpParameter {
  std::string type;  ///< "const Tensor&"
  std::string name;
  std::string value;  ///< the default one, "{}"; empty: none
  std::string text() const { return type + " " + name + (value.empty() ? "" : " = " + value); }
};

/// A function outside of namespace detail.
struct OpDeclaration {
  std::string header;       ///< "xtape/ops/nn.hpp"
  std::string space;        ///< the namespace inside xtape, "nn"; empty: none
  std::string name;         ///< "relu", "operator+"
  std::string template_of;  ///< "template <std::integral N>"; empty: none
  std::string result;       ///< "Tensor"
  std::vector<OpParameter> parameters;
  std::string body;  ///< of an inline function

  /// Whether it is another name of an op, or made of several, and so has no rows of its own.
  bool is_alias() const { return header == "xtape/ops/aliases.hpp"; }
  std::string full_name() const { return space.empty() ? name : space + "::" + name; }
};

/// A struct with its members: "struct TopK { Tensor values; Tensor indices; };"
struct OpStruct {
  std::string space;
  std::string name;
  std::vector<std::pair<std::string, std::string>> members;  ///< types and names
};

struct OpDeclarations {
  std::vector<OpDeclaration> functions;
  std::vector<std::pair<std::string, std::string>> usings;  ///< namespaces, and "nn::softplus" of "using nn::softplus;"
  std::vector<OpStruct> structs;
};

/// The declarations in a header's text, in order.
OpDeclarations op_declarations(const std::string& header, const std::string& text);
/// The declarations in all headers of include/xtape/ops, in the order of their names.
OpDeclarations op_declarations();

}  // namespace xtape::testing
