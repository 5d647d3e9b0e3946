// SPDX-License-Identifier: Apache-2.0
// The program that runs inside: it does what its words say, verb after verb, and prints a line for
// each thing that it sees or tries. It must not depend on anything but the kernel: it is static.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace payload {

using Words = std::vector<std::string>;

/// What verbs share.
struct Context {
    int output = 1;
    std::string called;  ///< argv[0]
};

/// A verb takes at least `words` words after its name.
struct Verb {
    std::string_view name;
    std::size_t words;
    void (*act)(Context&, const Words&);
};

std::span<const Verb> sights();      ///< what it can see
std::span<const Verb> details();     ///< the same more closely
std::span<const Verb> tries();       ///< what it can do; prints "VERB ok" or "VERB ENAME"
std::span<const Verb> attacks();     ///< what a hostile command tries; changes nothing
std::span<const Verb> rights();      ///< what it would like to have
std::span<const Verb> scheduling();  ///< scheduling, limits and sessions
std::span<const Verb> processes();   ///< signals, children, its own end

/// Prints `text` and a newline in one write.
void say(const Context& context, const std::string& text);

/// Prints "WHAT ok" when `result` is not negative, else "WHAT" and the name of errno.
void tell(const Context& context, const std::string& what, long result);

/// `text` in which blanks, backslashes and what is not printable ASCII are \xNN.
std::string escaped(std::string_view text);

}  // namespace payload
