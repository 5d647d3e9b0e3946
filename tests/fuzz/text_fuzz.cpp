// SPDX-License-Identifier: Apache-2.0
// Words that go into messages and come back: quoting, numbers, paths as text, the nearest name.
#include "fuzz.hpp"

#include "base/text.hpp"
#include "cli/input.hpp"
#include "cli/nearest.hpp"
#include "cli/option_table.hpp"

#include <charconv>
#include <limits>
#include <vector>

using namespace sbx;
using namespace sbx::test;

namespace {

// The byte that `digits` of `text` from `at` on say in `base`.
char byte_at(std::string_view text, std::size_t at, std::size_t digits, int base) {
    const auto value = cli::parse_number(text.substr(at, digits), base, 255);
    require(value && at + digits <= text.size(), "an escape names a byte", text);
    return static_cast<char>(*value);
}

// What quote() was given.
std::string unquoted(std::string_view text) {
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        require(text[i] != '"', "quotes within quotes have a backslash", text);
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        if (c == 'x') {
            out += byte_at(text, i + 1, 2, 16);
            i += 2;
        } else {
            require(c == 'n' || c == 't' || c == '"' || c == '\\', "an escape is known", text);
            out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
    }
    return out;
}

// The words that a shell reads in what shell_words() wrote.
std::vector<std::string> words_of_shell(std::string_view text) {
    std::vector<std::string> out;
    if (!text.empty()) out.emplace_back();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escapes = text.substr(i, 2) == "$'";
        if (escapes) ++i;
        if (text[i] == ' ') {
            out.emplace_back();
        } else if (text[i] == '\\') {
            out.back() += text[++i];
        } else if (text[i] == '\'') {
            for (++i; i < text.size() && text[i] != '\''; ++i) {
                if (!escapes || text[i] != '\\') {
                    out.back() += text[i];
                } else if (text[++i] == '\'' || text[i] == '\\') {
                    out.back() += text[i];
                } else {
                    out.back() += byte_at(text, i, 3, 8);
                    i += 2;
                }
            }
        } else {
            require(std::string_view("$`\"*?[]{}()<>|&;#~!").find(text[i]) == std::string::npos,
                    "what a shell knows is quoted", text);
            out.back() += text[i];
        }
    }
    return out;
}

void check_number(const std::string& text, int base) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const auto number = cli::parse_number(text, base, most);
    if (!number) return;
    require(text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos,
            "a number has nothing but digits", text);
    char written[65] = {};
    std::to_chars(written, written + sizeof written, *number, base);
    require(cli::parse_number(written, base, *number) == number, "a number is read as written");
    if (*number > 0) {
        require(!cli::parse_number(text, base, *number - 1), "a number can be too large", text);
    }
}

void check_path(const std::string& text) {
    const std::string clean = lexically_clean(text);
    require(clean[0] == '/', "a clean path is absolute", clean);
    require(clean == "/" || clean.back() != '/', "it has no slash at its end", clean);
    require(clean.find("//") == std::string::npos, "it has no slash twice", clean);
    require(lexically_clean(clean) == clean, "it stays as it is", clean);
    require(is_at_or_below(clean, clean) && is_at_or_below(clean, "/"), "it is below itself");
    require(!is_at_or_below(clean + "x", clean) || clean == "/", "a longer name is another", clean);
}

void check_nearest(const std::string& text) {
    std::vector<std::string_view> names;
    for (const cli::OptionRow& row : cli::option_table) names.push_back(row.name);
    const std::string_view near = cli::nearest(text, names);
    require(near.empty() || cli::find_option(near) != nullptr, "the nearest name is one of them");
    if (cli::find_option(text) != nullptr) require(near == text, "nothing is nearer than itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text = text_of(data, size);
    const std::string quoted = quote(text);
    require(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"', "it is in quotes");
    require(!has_control(quoted), "nothing in quotes moves the cursor", quoted);
    require(unquoted(quoted) == text, "quotes lose nothing", quoted);

    const std::string shown = printable(text);
    require(!has_control(shown), "nothing that is printed moves the cursor", shown);
    require(printable(shown) == shown, "what can be printed stays as it is", shown);

    const std::vector<std::string> words = cli::split_at_nul(text);
    std::string joined;
    for (const std::string& word : words) joined += word + '\0';
    require(joined == text || joined == text + '\0', "splitting loses nothing");
    const std::string line = shell_words(words);
    require(!has_control(line), "a command line is one line", line);
    require(words_of_shell(line) == words, "a shell reads the same words", line);

    for (const int base : {8, 10, 16}) check_number(text, base);
    check_path(text);
    check_nearest(text);
    return 0;
}
